# SPDX-License-Identifier: GPL-3.0-or-later
"""What a matte has that is nobody's body: a rock behind the head, a bag, a seat.

The landmark network's mask knows people with their hair, hats and skirts, but not what stands behind them. It is
coarse, so limbs that are seen count as explained too, and only what lies well outside of both is looked at.
"""

import cv2
import numpy as np

from .instances import claim_of
from .landmarks import BodyLandmarks
from .landmarks import Landmark as L
from .overview import enlarged, overview_of
from .stance import SHOULDERS, body_height, trunk_length

MASK, STRANGE = 0.3, 0.15  # mask above which a pixel is explained; mean of it, above which a part is not strange
BESIDE = 0.01  # of the body's height: up to here outside the mask a pixel belongs to its edge
LIMB = 0.1  # lengths of the trunk from a limb, within which it is the limb's
THICK = 0.006  # of the body's height: what is thinner is an edge
LEAST, LARGE = 2e-4, 30e-4  # squares of the body's height: smaller parts are nothing, larger ones are told
# A horn is taken off up to the mask or down to a crown (distances from eyes to mouth above the eyes), and no farther
# from what is surely one than so many heights of the body: the mask, being coarse, runs up into it.
HEAD, CROWN, ROOT = 0.5, 2.0, 0.035
EYES, MOUTH = (L.LEFT_EYE, L.RIGHT_EYE), (L.MOUTH_LEFT, L.MOUTH_RIGHT)
NOTHING = 0.05  # of a pixel that is dropped but for so much
# Above a crown: mask below which it may be no hair, on so much of it; 0.01 to 0.11 of high hair. And the least of it,
# in squares of the distance from eyes to mouth.
DOUBT, DOUBTFUL, FEW = 0.6, 0.3, 0.05
HANDS = (L.LEFT_WRIST, L.RIGHT_WRIST, L.LEFT_INDEX, L.RIGHT_INDEX)
HELD = 0.35  # lengths of the trunk from a hand, within which something may be held


def drop_above_head(alpha: np.ndarray, person: BodyLandmarks) -> bool:
    """Take off the matte what stands behind the head like a horn, in place; whether there was anything.

    alpha: (H, W) float32 of the person, upright. What a hand may hold is left.
    """
    small, scale = overview_of(alpha)
    parts = [part for part in strange_parts(small, person, scale) if _above(part, person, scale)]
    if not parts:
        return False
    reach = 2 * max(1, round(ROOT * body_height(person) * scale)) + 1
    grown = cv2.dilate(np.any(parts, 0).astype(np.uint8), np.ones((reach, reach), np.uint8)) > 0
    mask = person.mask_on(grown.shape, scale)
    eyes, mouth = (scale * float(person.between(*pair)[1]) for pair in (EYES, MOUTH))
    rows = np.arange(len(grown))[:, None]
    grown &= (rows < eyes) & ((mask < HEAD) | (rows < eyes - CROWN * (mouth - eyes)))
    if not grown.any():  # it stands beside the face, not above
        return False
    dropped = cv2.GaussianBlur(grown.astype(np.float32), (0, 0), 0.8)
    part, share = enlarged(dropped, scale, alpha.shape)
    alpha[part] = np.where(share < 1 - NOTHING, alpha[part] * (1 - share), 0)
    return True


def above_crown(alpha: np.ndarray, person: BodyLandmarks) -> bool:
    """Whether the matte (H, W) reaches above a crown by what the mask half believes: a hat, or something behind."""
    small, scale = overview_of(alpha)
    eyes, mouth = (scale * float(person.between(*pair)[1]) for pair in (EYES, MOUTH))
    above = (small > 0.5) & (np.arange(len(small))[:, None] < eyes - CROWN * abs(mouth - eyes))
    doubtful = above & (person.mask_on(small.shape, scale) < DOUBT)
    return bool(doubtful.sum() > max(DOUBTFUL * above.sum(), FEW * (mouth - eyes) ** 2))


def off_body(alpha: np.ndarray, person: BodyLandmarks) -> bool:
    """Whether a large part of the matte (H, W) is no body: something held, worn or behind."""
    small, scale = overview_of(alpha)
    return bool(strange_parts(small, person, scale, LARGE))


def strange_parts(small: np.ndarray, person: BodyLandmarks, scale: float, least: float = LEAST) -> list[np.ndarray]:
    """Parts of a matte's overview (h, w), the photo at `scale`, that nothing explains and that are surely no person's:
    (h, w) bool each, larger than `least` squares of the body's height."""
    strange = (small > 0.5) & _outside(person, scale, small.shape)
    mask = person.mask_on(small.shape, scale)
    return [part for part in large_parts(strange, body_height(person) * scale, least) if mask[part].mean() < STRANGE]


def large_parts(there: np.ndarray, height: float, least: float) -> list[np.ndarray]:
    """Connected parts of what is there (h, w) bool, without edges: (h, w) bool each, larger than `least` squares of the
    body's height in pixels."""
    width = 2 * max(1, round(THICK * height)) + 1
    opened = cv2.morphologyEx(there.astype(np.uint8), cv2.MORPH_OPEN, np.ones((width, width), np.uint8))
    count, numbers, statistics, _ = cv2.connectedComponentsWithStats(opened)
    large = [index for index in range(1, count) if statistics[index, cv2.CC_STAT_AREA] > least * height**2]
    return [numbers == index for index in large]


def _outside(person, scale, shape):
    """(h, w) bool: well outside the mask and the limbs."""
    mask, distance = claim_of(person, scale, shape)
    away = cv2.distanceTransform((mask < MASK).astype(np.uint8), cv2.DIST_L2, 3)
    return (away > BESIDE * body_height(person) * scale) & (distance > LIMB)


def _above(part, person, scale):
    """Whether a part stands above the shoulders, and no hand is near."""
    rows, columns = np.nonzero(part)
    if rows.mean() > person.between(*SHOULDERS)[1] * scale:
        return False
    hands = person.points[list(HANDS), :2] * scale
    near = min(np.hypot(columns - x, rows - y).min() for x, y in hands)
    return near > HELD * trunk_length(person) * scale

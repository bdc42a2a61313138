# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a person the landmarks know and the matte lacks: parts of limbs, the feet, the crown."""

import cv2
import numpy as np

from ..reading.landmarks import BodyLandmarks
from ..reading.landmarks import Landmark as L
from ..reading.limb_matte import CORE, FEET, LIMBS, STATURE_M, capsule
from ..reading.overview import overview_of
from ..reading.stance import ANKLES, HIPS, KNEES, SEEN, Framing, body_height, framing, inside

SOLID = 0.5
BESIDE = 0.02  # of the body's height: so far off its place a landmark may lie
LACKING = 0.4  # share of a limb's middle that is there, below which it is missing
CROWN = 1.0  # from the eyes up, in distances from eyes to mouth; 1.6 to 3.9 under hair and hats, 0.3 where cut off
# Of a body's height, both: the row that tells its end, and the one above to compare; width there in that above. Soles
# have 0.3, in pictures of 250 rows up to 0.7 in the very last one, and two rows higher as much as legs that are cut.
EDGE, ABOVE_EDGE, STRAIGHT_EDGE = 0.0025, 0.03, 0.75
# Of one leg: in dark clothes and small pictures soles may be as wide, but then the other foot is as low.
ROUND_EDGE, LOWER = 0.7, 0.03  # width as above; of the body's height
STUMP = 0.02  # of the body's height above the ankles: there legs without feet are cut straight


def missing_limbs(alpha: np.ndarray, person: BodyLandmarks) -> list[str]:
    """Names of limbs that are seen and that the matte (H, W) lacks: "left forearm". Both feet are `without_feet`'s."""
    solid, scale = _solid(alpha, person)
    metre = body_height(person) * scale / STATURE_M
    names = []
    footless = without_feet(alpha, person)
    for name, joint, end, half in LIMBS:
        if (end in FEET and footless) or person.seen(joint, end) < SEEN or not inside(person, alpha.shape, joint, end):
            continue
        if end in FEET and _reaches_floor(alpha, person, FEET.index(end)):
            continue
        core = capsule(person, (joint, end), CORE * half * metre, scale, solid.shape)
        if core.any() and solid[core].mean() < LACKING:
            names.append(name)
    cut = None if footless else _cut_leg(alpha, person)
    if cut is not None:
        foot = next(name for name, _, end, _ in LIMBS if end == FEET[cut])
        names += [] if foot in names else [foot]
    return names


def without_feet(alpha: np.ndarray, person: BodyLandmarks) -> bool:
    """Whether the matte ends above both feet, though these, or at least the ankles, lie within the picture (H, W)."""
    if framing(person, alpha.shape) is not Framing.FULL:
        return False
    if not inside(person, alpha.shape, *FEET):
        return bool((alpha[-1] > SOLID).any()) and _ends_straight(alpha)
    if _ends_straight(alpha):
        return True
    solid, scale = _solid(alpha, person)
    there = (_covers(solid, person.points[foot, :2] * scale) for foot in FEET)
    return not any(there) and not any(_reaches_floor(alpha, person, leg) for leg in range(len(FEET)))


def without_crown(alpha: np.ndarray, person: BodyLandmarks) -> bool:
    """Whether the matte, (H, W), ends below the crown, though that lies within the picture."""
    eyes = person.between(L.LEFT_EYE, L.RIGHT_EYE)
    mouth = person.between(L.MOUTH_LEFT, L.MOUTH_RIGHT)
    up = eyes - mouth
    size = float(np.hypot(*up))
    if size < 1 or not inside(person, alpha.shape, L.LEFT_EYE, L.RIGHT_EYE):
        return False
    top = eyes + CROWN * up
    if (top < 0).any() or (top >= alpha.shape[::-1]).any():
        return False
    rows, columns = np.nonzero(alpha > SOLID)
    near = np.abs((columns - eyes[0]) * up[1] - (rows - eyes[1]) * up[0]) / size < 1.5 * size  # beside no raised arm
    along = ((columns - eyes[0]) * up[0] + (rows - eyes[1]) * up[1])[near] / size**2
    return not len(along) or float(along.max()) < CROWN


def framing_of(alpha: np.ndarray, person: BodyLandmarks) -> Framing:
    """How much of the person is seen, by the picture's border and by the matte (H, W) that was cut out of it."""
    kind = framing(person, alpha.shape)
    if kind is not Framing.FULL or not without_feet(alpha, person):
        return kind
    solid, scale = _solid(alpha, person)
    for part, framed in ((KNEES, Framing.KNEES), (HIPS, Framing.HALF)):
        if any(_covers(solid, person.points[joint, :2] * scale) for joint in part):
            return framed
    return Framing.PORTRAIT


def cut_at_ankles(alpha: np.ndarray, person: BodyLandmarks) -> None:
    """Cut legs that lack their feet straight above the ankles, in place; from ragged ends legs are drawn as bent.

    alpha: (H, W) of the person, upright."""
    row = min(person.points[list(ANKLES), 1]) - STUMP * body_height(person)
    if not _ends_straight(alpha) and row > max(person.points[list(KNEES), 1]):
        alpha[max(0, round(float(row))) :] = 0


def _solid(alpha, person):
    """(h, w) bool, in the overview: where the matte is, or a landmark's error off it; and the scale."""
    small, scale = overview_of(alpha)
    solid = (small > SOLID).astype(np.uint8)
    reach = 2 * max(1, round(BESIDE * body_height(person) * scale)) + 1
    return cv2.dilate(solid, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))) > 0, scale


def _reaches_floor(alpha, person, leg):
    """Whether the matte, (H, W), of one leg, 0 or 1, comes as low as its foot should: under skirts and in pictures of
    few rows landmarks have feet beside where they are."""
    if not inside(person, alpha.shape, *KNEES, *ANKLES):
        return False
    rows = np.flatnonzero(_shins(alpha > SOLID, person)[leg].any(1))
    return bool(len(rows)) and rows[-1] >= person.points[FEET[leg], 1] - BESIDE * body_height(person)


def _ends_straight(alpha):
    """Whether the matte, (H, W), is as wide in its last rows as above: legs cut off, whose feet landmarks imagine."""
    solid = alpha > SOLID
    return _edge(solid, _height(solid))[0] > STRAIGHT_EDGE


def _cut_leg(alpha, person):
    """0 or 1, the leg that ends straight above the other's foot; None where neither does. alpha (H, W)."""
    if framing(person, alpha.shape) is not Framing.FULL or not inside(person, alpha.shape, *KNEES, *ANKLES):
        return None
    solid = alpha > SOLID
    height = _height(solid)
    ends = [_edge(part, height) for part in _shins(solid, person)]
    for cut, (mine, other) in enumerate((ends, ends[::-1])):
        lower = other[1] - mine[1] > LOWER * height
        if mine[0] > STRAIGHT_EDGE and other[0] < ROUND_EDGE and lower:
            return cut
    return None


def _shins(solid, person):
    """What of (H, W) bool lies below the higher knee, nearer to the left or to the right shin: two (H, W) bool."""
    rows, columns = np.ogrid[: solid.shape[0], : solid.shape[1]]
    knees, ankles = (person.points[list(joints), :2] for joints in (KNEES, ANKLES))
    places = []  # of each shin in every row, (H, 1)
    for knee, ankle in zip(knees, ankles, strict=True):
        share = np.clip((rows - knee[1]) / max(ankle[1] - knee[1], 1), 0, 1)
        places.append(knee[0] + share * (ankle[0] - knee[0]))
    first = (columns < sum(places) / 2) == (places[0] < places[1])  # large photos leave no room for distances
    below = solid & (rows >= knees[:, 1].min())
    return below & first, below & ~first


def _edge(solid, height):
    """How wide a mask (H, W) of a body so high is at its end, in its width above, and its last row; 0 and -1 where it
    is empty."""
    widths = solid.sum(1)
    rows = np.flatnonzero(widths)
    if len(rows) < 2:
        return 0.0, -1
    above = max(rows[0], rows[-1] - round(ABOVE_EDGE * height))
    return float(widths[max(rows[0], rows[-1] - int(EDGE * height))] / max(1, widths[above])), int(rows[-1])


def _height(solid):
    rows = np.flatnonzero(solid.any(1))
    return int(rows[-1] - rows[0]) if len(rows) else 0


def _covers(solid, point):
    column, row = (int(value) for value in np.floor(point))
    return 0 <= row < solid.shape[0] and 0 <= column < solid.shape[1] and bool(solid[row, column])

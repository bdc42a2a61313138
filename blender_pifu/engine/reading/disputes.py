# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the matte and the landmark network's mask disagree over more than an edge, colours decide: a lump of the
background that the matte takes in, a leg before a wall of its colour or a flank beside something held that it lacks.

GrabCut (Rother et al. 2004) learns the colours of what both call the person, and of what neither does. Chosen on 129
photos of synthetic people before backgrounds: of the 17 whose matte changes 16 come nearer to the truth.
"""

import cv2
import numpy as np

from .instances import trunk_on
from .landmarks import BodyLandmarks
from .overview import enlarged, overview_of
from .stance import body_height, trunk_length
from .unexplained import THICK, large_parts, strange_parts

MASK, SURE_MASK, NO_MASK = 0.5, 0.95, 0.3  # mask of the person's, of what is surely the person's, and of what is not
SURE, NONE = 0.9, 0.02  # the same of the matte
LEAST = 4e-4  # squares of the body's height: smaller parts are left as they are
GIVEN = 0.3  # share of a lump that colours give to the person, below which it is none of the person
FLANK = 0.35  # lengths of the trunk: how far beside it the body goes
# Share of what the matte lacks that colours give to the person, above which this share is the person's; and, beside the
# trunk, before which something of other colours may be worn or held, all of it.
TAKEN, TAKEN_WHOLE = 0.8, 0.3
ENCLOSED = 0.7  # share of its rim that is the person's, above which it is a gap between limbs
AROUND = 0.1  # heights of the body: what is looked at round the person
ROUNDS = 3
SOFT_PX = 0.8


def settle(alpha: np.ndarray, foreground: np.ndarray, rgb: np.ndarray, person: BodyLandmarks, mine: np.ndarray) -> None:
    """Take lumps of the background off the matte, and fill it beside the trunk, in place, with the photo's colours.

    alpha: (H, W) float32; foreground, rgb: (H, W, 3) uint8; mine: (H, W) bool, what is not somebody else's.
    """
    small, scale = overview_of(alpha)
    mask, height = person.mask_on(small.shape, scale), body_height(person) * scale
    lumps = strange_parts(small, person, scale, LEAST)
    allowed = cv2.resize(mine.astype(np.uint8), small.shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
    lacking = _lacking(small, mask * allowed, height)
    if not lumps and not lacking:
        return
    picture = cv2.resize(rgb, small.shape[::-1], interpolation=cv2.INTER_AREA)
    persons = _by_colours(picture, small, mask, np.any([*lumps, *lacking], 0), height)
    dropped = np.zeros(small.shape, bool)
    beyond = cv2.connectedComponents(((small > NONE) & (mask < MASK) & ~persons).astype(np.uint8), connectivity=4)[1]
    for lump in lumps:
        if persons[lump].mean() < GIVEN:
            numbers = np.unique(beyond[lump])
            dropped |= lump | np.isin(beyond, numbers[numbers > 0])
    if dropped.any():
        part, share = enlarged(_softened(dropped), scale, alpha.shape)
        alpha[part] *= np.where(share > 1 - NONE, 0, 1 - share)
    filled = np.zeros(small.shape, bool)
    beside = _grown(trunk_on(person, small.shape, scale), FLANK * trunk_length(person) * scale)
    for part in lacking:
        share = persons[part].mean()
        if share > TAKEN_WHOLE and beside[part].mean() > 0.5:
            filled |= part
        elif share > TAKEN:
            filled |= part & persons
    if filled.any():
        part, share = enlarged(_softened(filled) * allowed, scale, alpha.shape)
        more = share > alpha[part]
        alpha[part][more], foreground[part][more] = share[more], rgb[part][more]


def _lacking(alpha, mask, height):
    """Large parts that the mask is sure of and the matte lacks, (h, w) bool each. Between limbs are gaps."""
    parts = large_parts((mask > SURE_MASK) & (alpha < 0.5), height, LEAST)
    return [part for part in parts if (alpha[_grown(part, THICK * height) & ~part] > 0.5).mean() < ENCLOSED]


def _by_colours(picture, alpha, mask, disputed, height):
    """(h, w) bool: what GrabCut gives to the person, where matte and mask are not of one mind."""
    labels = np.full(alpha.shape, cv2.GC_PR_BGD, np.uint8)
    labels[alpha > 0.5] = cv2.GC_PR_FGD
    apart = ~_grown(disputed, THICK * height)
    labels[(alpha > SURE) & (mask > MASK) & apart] = cv2.GC_FGD
    labels[(alpha < NONE) & (mask < NO_MASK)] = cv2.GC_BGD
    persons = alpha > 0.5
    left, top, width, high = cv2.boundingRect((persons | disputed).astype(np.uint8))
    margin = round(AROUND * height)
    part = np.s_[max(0, top - margin) : top + high + margin, max(0, left - margin) : left + width + margin]
    if not (labels[part] == cv2.GC_BGD).any() or not (labels[part] == cv2.GC_FGD).any():
        return persons
    cv2.setRNGSeed(0)
    models, decided = np.zeros((2, 1, 65)), np.ascontiguousarray(labels[part])
    cv2.grabCut(picture[part], decided, [0, 0, 0, 0], models[0], models[1], ROUNDS, cv2.GC_INIT_WITH_MASK)
    persons[part] = decided & 1
    return persons


def _grown(area, reach):
    """(h, w) bool: what lies within `reach` pixels of an area, (h, w) bool."""
    reach = max(1, round(reach))
    left, top, width, height = cv2.boundingRect(area.astype(np.uint8))
    part = np.s_[max(0, top - reach) : top + height + reach, max(0, left - reach) : left + width + reach]
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2)
    grown = np.zeros(area.shape, bool)
    grown[part] = cv2.dilate(area[part].astype(np.uint8), disc) > 0
    return grown


def _softened(area):
    return cv2.GaussianBlur(area.astype(np.float32), (0, 0), SOFT_PX)

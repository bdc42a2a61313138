# SPDX-License-Identifier: GPL-3.0-or-later
"""A hat told from hair: what a head wears above its brow has a badge, a band, a crown of its own, where hair is one.
Of dark cloth a network may take a part for hair, as of white hair for a hat; where more than a third is surely no hair,
all of it is the hat, and it goes round. So it is where what is taken for hair above the brow is green, blue or pink,
and hair below it is not: dyed hair has one colour down to its ends."""

import cv2
import numpy as np

from ..crop_space import pixel_centres
from ..reading.landmarks import HeadPlace, head_place
from ..srgb import lab_of
from .regions import REGIONS, Regions

# Lengths are in distances from the eyes to the mouth: u across from the middle of the ears, v up from the eyes.
BROW, AROUND = 0.5, 2.6  # v from which on what is on a head is hair or hat; distance from the eyes that is still it
WORN = 0.35  # share of it that is surely no hair, from which on it is a hat: 0.73 to 0.89 of hats, 0.2 of white hair
EDGE, LOWEST = (0.4, 0.95), -0.6  # u on either side between which its edge is seen, and v that this has at least
NAPE, EARS = -1.2, 1.0  # v down to which hair is below it behind, and u on either side up to which
SOLID = 0.9
# Lab a and b below which, and a above which, no hair is that was not dyed; share of what is above the brow that is so,
# from which on it is a hat, if less of what is below is, and that has at least such an area; and over how much gaps of
# a print are closed. Of 138 photos five have a hat by these, all rightly: 0.59 to 0.96 above, 0.27 at most below.
COLD, PINK, HATTED, HAIR_BELOW, LEAST = -6.0, 30.0, 0.55, 0.3, 0.2
BELOW, GAPS = (-1.3, 0.35), 0.3


def with_hat(regions: Regions, photo: np.ndarray, landmarks: np.ndarray | None) -> Regions:
    """Regions of a person in a photo (n, n, 4), sRGB 0..1 and matte, with all of a hat told to be one, a thing: in
    front as it is seen, behind down to where its edge is at the temples, with hair below, between the ears; the same
    where none is worn. landmarks: (33, 4) as `landmarks_in`, or None."""
    if landmarks is None:
        return regions
    head = head_place(landmarks[:, :2].astype(np.float64))
    place = np.stack(pixel_centres(len(photo)), -1)
    u, v = (place - head.ears) @ head.across / head.unit, (place - head.eyes) @ head.up / head.unit
    hair, thing = REGIONS["hair"], REGIONS["thing"]
    on = regions.front[..., hair] + regions.front[..., thing] > 0.5
    near = (np.hypot(u, v) < AROUND) & (photo[..., 3] > SOLID)
    above = on & near & (v > BROW)
    if not above.any():
        return regions
    if (regions.front[..., thing][above] > 0.5).mean() < WORN:
        dyed = _dyed(photo, head, (above, on & near & (v > BELOW[0]) & (v < BELOW[1])))
        if dyed is None:
            return regions
        on &= dyed
    beside = on & near & (np.abs(u) > EDGE[0]) & (np.abs(u) < EDGE[1]) & (v > LOWEST)
    columns = [v[beside & (np.floor(u * 20) == step)] for step in np.unique(np.floor(u[beside] * 20))]
    edge = float(np.median([column.min() for column in columns])) if columns else BROW
    front, back = regions.front.copy(), regions.back.copy()
    within = np.hypot(u, v) < AROUND
    hat, below = within & (v > edge), within & (v < edge) & (v > NAPE)
    of_label = np.eye(front.shape[-1], dtype=np.float32)
    front[hat & on], back[hat] = of_label[thing], of_label[thing]
    below &= back[..., thing] + back[..., hair] > 0.5
    between = np.abs(u) < EARS
    back[below & between], back[below & ~between] = of_label[hair], of_label[REGIONS["skin"]]
    return Regions(front, back, regions.ends)


def _dyed(photo, head: HeadPlace, parts):
    """(n, n) bool, where a hat in a photo (n, n, 4) has a colour that no hair has; parts: (n, n) bool, what may be hair
    above the brow, and below that. None where none is worn, or hair is dyed."""
    lab = lab_of(photo[..., :3])
    dyed = (lab[..., 1:].min(-1) < COLD) | (lab[..., 1] > PINK)
    above, below = parts
    unit = head.unit * len(photo) / 2
    if below.sum() < LEAST * unit**2 or dyed[above].mean() < HATTED or dyed[below].mean() > HAIR_BELOW:
        return None
    wide = 2 * round(GAPS / 2 * unit) + 1
    return cv2.morphologyEx(dyed.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((wide, wide), np.uint8)) > 0

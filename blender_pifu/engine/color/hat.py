# SPDX-License-Identifier: GPL-3.0-or-later
"""A hat told from hair: what a head wears above its brow has a badge, a band, a crown of its own, where hair is one.
Of dark cloth a network may take a part for hair, as of white hair for a hat; where more than a third is surely no hair,
all of it is the hat, and it goes round."""

import numpy as np

from ..crop_space import pixel_centres
from ..reading.landmarks import head_place
from .regions import REGIONS, Regions

# Lengths are in distances from the eyes to the mouth: u across from the middle of the ears, v up from the eyes.
BROW, AROUND = 0.5, 2.6  # v from which on what is on a head is hair or hat; distance from the eyes that is still it
WORN = 0.35  # share of it that is surely no hair, from which on it is a hat: 0.73 to 0.89 of hats, 0.2 of white hair
EDGE, LOWEST = (0.4, 0.95), -0.6  # u on either side between which its edge is seen, and v that this has at least
NAPE, EARS = -1.2, 1.0  # v down to which hair is below it behind, and u on either side up to which
SOLID = 0.9


def with_hat(regions: Regions, matte: np.ndarray, landmarks: np.ndarray | None) -> Regions:
    """Regions of a person's matte (n, n) 0..1 with all of a hat told to be one, a thing: in front as it is seen, behind
    down to where its edge is at the temples, with hair below, between the ears; the same where none is worn.
    landmarks: (33, 4) as `landmarks_in`, or None."""
    if landmarks is None:
        return regions
    head = head_place(landmarks[:, :2].astype(np.float64))
    place = np.stack(pixel_centres(len(matte)), -1)
    u, v = (place - head.ears) @ head.across / head.unit, (place - head.eyes) @ head.up / head.unit
    hair, thing = REGIONS["hair"], REGIONS["thing"]
    on = regions.front[..., hair] + regions.front[..., thing] > 0.5
    near = (np.hypot(u, v) < AROUND) & (matte > SOLID)
    above = on & near & (v > BROW)
    if not above.any() or (regions.front[..., thing][above] > 0.5).mean() < WORN:
        return regions
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

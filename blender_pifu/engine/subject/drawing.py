# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a picture is drawn, not photographed: flat areas and hard edges, with next to nothing between."""

import cv2
import numpy as np

SIDE_PX = 512  # longer side to which the person is reduced before it is judged
FLAT, HARD = 3, 24  # steps of 8 bits from pixel to pixel: below is flat, above a hard edge
SHADED = (4, 16)  # steps that shading, folds and hair make
BURNT = 252  # from here on in every colour a pixel is light that the sensor lost: it tells nothing
# Shares of the pixels that are flat and that are shaded, of all steps those that hard edges make, and of flat pixels
# those of exactly one colour: a sensor's noise leaves photos few, 0.02 to 0.2 of the flat ones, drawings have 0.6 and
# more. Photos have 0.24 to 0.5 shaded, drawings 0.04 to 0.35; dark and patterned clothes with little shading lack
# either edges or flat areas.
LEAST_FLAT, LEAST_HARD, MOST_SHADED, LEAST_EVEN = 0.3, 0.55, 0.36, 0.5
CLEARLY_FLAT, CLEARLY_HARD, STILL_SHADED, STILL_EVEN = 0.4, 0.7, 0.28, 0.15  # smoothly stylised ones


def is_drawn(rgb: np.ndarray, mask: np.ndarray) -> bool:
    """Whether the person in rgb (H, W, 3) uint8, where mask (H, W) bool is, is drawn."""
    rows, columns = (np.flatnonzero(mask.any(axis)) for axis in (1, 0))
    if not len(rows):
        return False
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = min(1.0, SIDE_PX / max(len(rows), len(columns)))
    size = tuple(max(1, round(side * scale)) for side in mask[part].shape[::-1])
    small = cv2.resize(rgb[part], size, interpolation=cv2.INTER_AREA).astype(np.int16)
    inside = cv2.resize(mask[part].astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    inside &= small.min(2) < BURNT
    inside = cv2.erode(inside, np.ones((5, 5), np.uint8))[:-1, :-1] > 0
    if not inside.any():
        return False
    across, down = (np.abs(np.diff(small, axis=axis)).max(2) for axis in (1, 0))
    steps = np.maximum(across[:-1], down[:, :-1])[inside]
    flat = (steps < FLAT).mean()
    shaded = ((steps >= SHADED[0]) & (steps < SHADED[1])).mean()
    hard = steps[steps > HARD].sum() / max(1, steps.sum())
    even = (steps == 0).mean() / max(flat, 1e-6)
    drawn = flat > LEAST_FLAT and hard > LEAST_HARD and shaded < MOST_SHADED and even > LEAST_EVEN
    stylised = flat > CLEARLY_FLAT and hard > CLEARLY_HARD and shaded < STILL_SHADED and even > STILL_EVEN
    return bool(drawn or stylised)

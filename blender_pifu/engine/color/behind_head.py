# SPDX-License-Identifier: GPL-3.0-or-later
"""No face on the back of the head: where the photo shows one, hair goes on behind, or whatever else is above it."""

import cv2
import numpy as np

from ..reading.landmarks import head_place
from .hair import CELL, LEAST, find_hair, hair_by_regions
from .inpainting import in_fewer_pixels
from .regions import Regions

REACHES = (0.7, 1.0), (2.1, 0.02)  # how far a mean reaches, in distances from the eyes to the mouth, and its weight


def paint_behind_face(
    back: np.ndarray, photo: np.ndarray, landmarks: np.ndarray, regions: Regions | None = None
) -> np.ndarray:
    """The drawn back without what it kept of the face and the brow.

    back: (n, n, 4) float32, colours sRGB 0..1 of the hidden side and mask, on the crop's pixels; photo: the same of the
    side that is seen; landmarks: (33, 4) as `landmarks_in`; regions: as `find_hair` takes them. Returns (n, n, 4).
    Of heads seen from the side or from behind, or cut off above the brow, regions alone tell where hair is.
    """
    hair = find_hair(photo, landmarks, regions)
    painted = back.astype(np.float32)
    if regions is not None:
        where, before, behind = hair_by_regions(photo, landmarks, regions)
        _paint(painted, photo, where, before, behind, head_place(landmarks[:, :2]).unit * len(photo) / 2)
    if hair is not None:
        for before, behind in ((hair.seen, hair.behind), (hair.hat, hair.hat_behind)):
            _paint(painted, photo, hair.where, before, behind, hair.unit)
    return painted


def _paint(back, photo, where, before, behind, pixels):
    """Lay the tones of what is seen `before` (h, w) over what is `behind` it, in place, in the part `where`."""
    if behind.any() and (before > 0.5).sum() > LEAST:
        drawn = back[where][..., :3]
        drawn += behind[..., None] * (_spread(photo[where][..., :3], before, pixels) - drawn)


def _spread(photo, hair, pixels):
    """(h, w, 3): smooth means of colours where there is `hair (h, w)`; pixels: from the eyes to the mouth."""
    cell = max(1, int(CELL * pixels))

    def fill(small):
        near, far = (weight * cv2.GaussianBlur(small, (0, 0), reach * pixels / cell) for reach, weight in REACHES)
        sums = near + far
        return sums[..., :3] / np.maximum(sums[..., 3:], 1e-7)

    return in_fewer_pixels(fill, photo, hair, cell)

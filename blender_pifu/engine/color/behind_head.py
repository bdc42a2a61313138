# SPDX-License-Identifier: GPL-3.0-or-later
"""No face on the back of the head: where the photo shows one, hair goes on behind, or whatever else is above it."""

import cv2
import numpy as np

from .hair import CELL, find_hair
from .inpainting import in_fewer_pixels
from .regions import Regions

REACHES = (0.7, 1.0), (2.1, 0.02)  # how far a mean reaches, in distances from the eyes to the mouth, and its weight


def paint_behind_face(
    back: np.ndarray, photo: np.ndarray, landmarks: np.ndarray, regions: Regions | None = None
) -> np.ndarray:
    """The drawn back without what it kept of the face and the brow.

    back: (n, n, 4) float32, colours sRGB 0..1 of the hidden side and mask, on the crop's pixels; photo: the same of the
    side that is seen; landmarks: (33, 4) as `landmarks_in`; regions: as `find_hair` takes them. Returns (n, n, 4).
    Heads of whose hair nothing is found are left as they are.
    """
    hair = find_hair(photo, landmarks, regions)
    if hair is None:
        return back
    painted = back.astype(np.float32)
    drawn = painted[hair.where][..., :3]
    seen = photo[hair.where][..., :3]
    for behind, before in ((hair.behind, hair.seen), (hair.hat_behind, hair.hat)):
        if behind.any():
            drawn += behind[..., None] * (_spread(seen, before, hair.unit) - drawn)
    return painted


def _spread(photo, hair, pixels):
    """(h, w, 3): smooth means of colours where there is `hair (h, w)`; pixels: from the eyes to the mouth."""
    cell = max(1, int(CELL * pixels))

    def fill(small):
        near, far = (weight * cv2.GaussianBlur(small, (0, 0), reach * pixels / cell) for reach, weight in REACHES)
        sums = near + far
        return sums[..., :3] / np.maximum(sums[..., 3:], 1e-7)

    return in_fewer_pixels(fill, photo, hair, cell)

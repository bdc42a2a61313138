# SPDX-License-Identifier: GPL-3.0-or-later
"""No face on the back of the head: where the photo shows one, hair goes on behind, or whatever else is above it."""

import cv2
import numpy as np

from ..crop_space import pixel_centres
from ..reading.landmarks import Landmark as L
from ..reading.landmarks import head_place
from .inpainting import in_fewer_pixels
from .painting import smooth_step

# In distances from the eyes to the mouth: an oval from above the brow to below the mouth, and its half width.
ABOVE_EYES, BELOW_EYES, WIDE = 1.25, 1.5, 1.25
# The rest is in the oval's radii: x across from its middle, y up.
FADE = (0.75, 1.15)  # between which the drawn colours come back, below and beside
WHOLE = (0.0, 0.5)  # y from which on less and less, and then nothing, comes back beside
HEAD = (1.8, 2.0)  # from here on is no head
CROWN, TEMPLES = 0.6, (0.9, -0.1)  # y above which hair is looked for; x beyond which, and y above which, it is too
CHEEKS = 0.55, -0.45, -0.02  # x within which, and y above and below which, is skin
HAIR = (0.25, 0.6)  # how unlike the skin, as a share of the most unlike, hair begins to be and is
MOST, LEAST_MOST = 93, 0.12  # percentile that is the most unlike; colour difference, 0..1.7, that this is at least
ALIKE = (0.15, 0.35)  # colour differences from the middle one of these, between which it is the glare on a brow instead
BALD = 0.005  # weight of what is like skin, which counts where there is nothing else
REACHES = (0.7, 1.0), (2.1, 0.02)  # how far a mean reaches, in distances from the eyes to the mouth, and its weight
CELL = 1 / 8  # of that distance, in which colours are averaged
LEAST = 4  # pixels of cheeks or hair, without which nothing is done
TURNED = (0.6, 1.0)  # the nose's way from the middle of the ears to one: from here on the head is seen from its side


def paint_behind_face(back: np.ndarray, photo: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """The drawn back without what it kept of the face and the brow.

    back: (n, n, 4) float32, colours sRGB 0..1 of the hidden side and mask, on the crop's pixels; photo: the same of the
    side that is seen; landmarks: (33, 4) as `landmarks_in`. Returns (n, n, 4). Heads seen from the side or from
    behind, or cut off above the brow, are left as they are.
    """
    points = landmarks[:, :2].astype(np.float64)
    head = head_place(points)
    eyes, ears, unit = head.eyes, head.ears, head.unit
    up = (eyes - head.mouth) / unit
    across = np.array([up[1], -up[0]])  # towards the left of a person who faces the camera
    half_ears = float((points[L.LEFT_EAR] - points[L.RIGHT_EAR]) @ across) / 2
    if half_ears <= 0:
        return back
    facing = 1 - smooth_step(abs(float((points[L.NOSE] - ears) @ across)) / half_ears, *TURNED)

    place = np.stack(pixel_centres(len(back)), -1) - ears
    middle = float((eyes - ears) @ up) + (ABOVE_EYES - BELOW_EYES) / 2 * unit
    x = place @ across / (WIDE * unit)
    y = (place @ up - middle) / ((ABOVE_EYES + BELOW_EYES) / 2 * unit)
    radius = np.hypot(x, y)

    inside = cv2.erode((photo[..., 3] > 0.9).astype(np.uint8), np.ones((3, 3))) > 0
    cheeks = inside & (np.abs(x) < CHEEKS[0]) & (y > CHEEKS[1]) & (y < CHEEKS[2])
    above = inside & (radius < HEAD[0]) & ((y > CROWN) | ((np.abs(x) > TEMPLES[0]) & (y > TEMPLES[1])))
    if facing == 0 or min(cheeks.sum(), (above & (y > CROWN)).sum()) < LEAST:
        return back
    pixels = unit * len(back) / 2
    hair = _hair(photo[..., :3], above, np.median(photo[..., :3][cheeks], 0), pixels)
    beside = np.hypot(x * (1 - smooth_step(y, *WHOLE)), np.minimum(y, 0))
    share = facing * (1 - smooth_step(beside, *FADE)) * (1 - smooth_step(radius, *HEAD))
    colors = back[..., :3] + share[..., None] * (_spread(photo[..., :3], hair, pixels) - back[..., :3])
    return np.dstack([colors, back[..., 3]]).astype(np.float32)


def _hair(photo, above, skin, pixels):
    """(n, n): how much of what is seen `above (n, n)` is hair, as it is unlike the skin; pixels: see `_spread`."""
    plain = cv2.GaussianBlur(np.ascontiguousarray(photo, np.float32), (0, 0), max(CELL / 2 * pixels, 0.4))
    unlike = np.linalg.norm(plain - skin, axis=-1)
    most = max(float(np.percentile(unlike[above], MOST)), LEAST_MOST)
    hair = above * smooth_step(unlike / most, *HAIR)
    sure = hair > 0.5
    if sure.any():
        hair *= 1 - smooth_step(np.linalg.norm(plain - np.median(plain[sure], 0), axis=-1), *ALIKE)
    return hair + BALD * above


def _spread(photo, hair, pixels):
    """(n, n, 3): smooth means of colours where there is `hair (n, n)`; pixels: from the eyes to the mouth."""
    cell = max(1, int(CELL * pixels))

    def fill(small):
        near, far = (weight * cv2.GaussianBlur(small, (0, 0), reach * pixels / cell) for reach, weight in REACHES)
        sums = near + far
        return sums[..., :3] / np.maximum(sums[..., 3:], 1e-7)

    return in_fewer_pixels(fill, photo, hair, cell)

# SPDX-License-Identifier: GPL-3.0-or-later
"""No hands on the back of a shirt: where an arm lies before the body, what is round it goes on behind."""

import cv2
import numpy as np

from ..crop_space import pixel_centres
from ..reading.landmarks import Landmark as L
from ..reading.landmarks import metre_of
from ..reading.stance import PROFILE, SEEN
from ..smooth_step import smooth_step
from .inpainting import in_fewer_pixels, weighted

# Joint, the next one, half the width in metres, and how far what is seen goes on beyond the second, in lengths of both.
PARTS = (
    (L.LEFT_ELBOW, L.LEFT_WRIST, 0.055, 0.0),
    (L.LEFT_WRIST, L.LEFT_INDEX, 0.065, 0.6),
    (L.RIGHT_ELBOW, L.RIGHT_WRIST, 0.055, 0.0),
    (L.RIGHT_WRIST, L.RIGHT_INDEX, 0.065, 0.6),
)
FADE = (1.1, 1.5)  # half widths between which the drawn colours come back
THICK = (0.15, 0.19)  # metres of solid from which on there is more than an arm
REACHES = (0.12, 0.06, 0.03)  # metres that colours round an arm reach into it: the nearest count where there are any
SURE = (0.02, 0.15)  # share of such colours within reach, from which and up to which they are trusted
UNLIKE = (0.03, 0.09)  # difference of the photo's colours, 0..1, from which on an arm is seen against what is round it
FINE = 0.015  # metres over which they are averaged for that: patterns are not another thing
SMALLER = 4  # what goes on behind an arm is smooth, and made in so many times fewer pixels across


def paint_behind_arms(back: np.ndarray, photo: np.ndarray, thickness: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """The drawn back without what it kept of hands and forearms that lie before the body.

    back, photo: (n, n, 4) float32, colours sRGB 0..1 and mask of the hidden side and of the seen one, on the crop's
    pixels; thickness: (n, n) of what was drawn, field units; landmarks: (33, 4) as `landmarks_in`. Returns
    (n, n, 4). People seen from their side are left as they are: there the other arm may be what is behind.
    """
    shoulders, hips = landmarks[[L.LEFT_SHOULDER, L.RIGHT_SHOULDER], :2], landmarks[[L.LEFT_HIP, L.RIGHT_HIP], :2]
    trunk = np.hypot(*(shoulders.mean(0) - hips.mean(0)))
    if abs(shoulders[0, 0] - shoulders[1, 0]) < PROFILE * trunk:
        return back
    unit = metre_of(landmarks)
    arms = seen_forearms(len(back), landmarks, unit)
    if not arms.any():
        return back
    around, pixels = (1 - arms) * (back[..., 3] > 0.9), unit * len(back) / 2
    behind, beside = (_go_on(image[..., :3], around, pixels) for image in (back, photo))
    unlike = np.abs(_mean(weighted(photo[..., :3], photo[..., 3]), FINE * pixels)[0] - beside).max(-1)
    share = arms * smooth_step(thickness / unit, *THICK) * smooth_step(unlike, *UNLIKE)
    colors = back[..., :3] + share[..., None] * (behind - back[..., :3])
    return np.dstack([colors, back[..., 3]]).astype(np.float32)


def seen_forearms(size: int, landmarks: np.ndarray, unit: float) -> np.ndarray:
    """(size, size) 0..1: where forearms and hands that are seen are, on a crop's pixels; landmarks: (33, 4) as
    `landmarks_in`; unit: field units of a metre."""
    places = np.stack(pixel_centres(size), -1)
    arms = np.zeros((size, size))
    for joint, end, half_width, beyond in PARTS:
        if min(landmarks[joint, 3], landmarks[end, 3]) < SEEN:
            continue
        start, along = landmarks[joint, :2], (1 + beyond) * (landmarks[end, :2] - landmarks[joint, :2])
        share = ((places - start) @ along / max(along @ along, 1e-8)).clip(0, 1)
        off = np.linalg.norm(places - start - share[..., None] * along, axis=-1)
        arms = np.maximum(arms, 1 - smooth_step(off / (half_width * unit), *FADE))
    return arms


def _go_on(colors, around, pixels):
    """(n, n, 3): what the colours (n, n, 3) `around (n, n)` an arm would be in its place; pixels: of a metre."""

    def fill(small):
        filled, _ = _mean(small, REACHES[0] * pixels / SMALLER)
        for reach in REACHES[1:]:
            nearer, share = _mean(small, reach * pixels / SMALLER)
            filled += smooth_step(share, *SURE) * (nearer - filled)
        return filled

    return in_fewer_pixels(fill, colors, around, SMALLER)


def _mean(colors, sigma):
    """Means (n, n, 3) of `weighted` colours near each pixel, and the share of weights there, (n, n, 1)."""
    blurred = cv2.GaussianBlur(colors, (0, 0), sigma)
    share = blurred[..., 3:]
    return blurred[..., :3] / np.maximum(share, 1e-5), share

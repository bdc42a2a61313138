# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a photo of the back into the light of the front one, by what both show of the same places along the outline."""

import cv2
import numpy as np

from ..color.light import robust_fit
from ..srgb import DARKEST, to_linear
from .relief import Relief

SOLID = 0.95  # alpha from which a pixel is nothing but the person
SEAM = (1 / 256, 7 / 256)  # of the crop's side, inside the outline: there both photos see the same places
ALIKE, EVEN = 0.01, 0.003  # how firmly, where pixels do not tell, both lights are taken for the same, and for even
USUAL = 0.15  # of the logarithm: pixels further off are other cloth and count less
ROUNDS = 20
MOST_GAIN, MOST_TINT = 3.0, 1.25  # beyond it is no other light but other cloth: of all channels, of one against them


def match_light(
    front: tuple[np.ndarray, np.ndarray], back: tuple[np.ndarray, np.ndarray], relief: Relief
) -> np.ndarray:
    """(n, n, 3) float32 by which the back's linear colours are to be multiplied to be lit as the front's.

    front, back: colours (n, n, 3) 0..1 sRGB and matte (n, n) of one crop, n = RELIEF_PX, the back seen through the
    body. How bright a light makes a surface depends on where that looks: the logarithm of either photo's light is a
    straight line in the parts of the normal, as its camera sees them. Along the outline both photos show the same
    cloth, the one where it still looks to the front, the other where it looks to the back: both lines are fitted
    robustly to the ratios of those pixels.
    """
    (front_rgb, front_alpha), (back_rgb, back_alpha) = front, back
    solid = (front_alpha > SOLID) & (back_alpha > SOLID)
    depth = cv2.distanceTransform(solid.astype(np.uint8), cv2.DIST_L2, 3) / len(solid)
    seam = (depth >= SEAM[0]) & (depth < SEAM[1])
    if not seam.any():
        return np.ones((*solid.shape, 3), np.float32)
    ratio = np.log(to_linear(front_rgb[seam]) + DARKEST) - np.log(to_linear(back_rgb[seam]) + DARKEST)
    grey = ratio.mean(1)
    tint = np.median(ratio - grey[:, None], axis=0).clip(-np.log(MOST_TINT), np.log(MOST_TINT))
    behind = relief.seen_through
    terms = np.concatenate([np.ones((len(grey), 1)), relief.front_normals[seam], -behind[seam]], 1)
    overall, front_line, back_line = np.split(_fit(terms, grey), [1, 4])
    gain = (overall + behind @ (front_line - back_line)).clip(-np.log(MOST_GAIN), np.log(MOST_GAIN))
    return np.exp(gain[..., None] + tint).astype(np.float32)


def _fit(terms, values):
    """(7,) factors of terms (n, 7), a constant and two lines, that sum to values (n,): least squares where they are
    near, least distances further off."""
    together = np.hstack([np.zeros((3, 1)), np.eye(3), np.eye(3)])  # both lines' sum, and their difference
    apart = together * np.repeat((1, -1), (4, 3))
    ridge = len(values) * (ALIKE * apart.T @ apart + EVEN * together.T @ together)
    return robust_fit(terms, values, ridge, USUAL, ROUNDS)

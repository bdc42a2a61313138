# SPDX-License-Identifier: GPL-3.0-or-later
"""How unlike colours are of which one may be the other in a shade, and which ones skin may have."""

import numpy as np

from ..srgb import lab_of

LIGHTNESS = 0.35  # what differences of lightness count for against those of hue: folds are shaded
SKIN_HUE = (-25.0, 105.0)  # degrees in Lab: all skin's, rosy to golden, and what a sunset or a lamp makes of it
COLOURLESS = 8.0  # Lab chroma up to which a hue says nothing: grey photos, skin in the shade
DARKEST = 0.6  # times as dark as a shade is, at most


def unlike(colors: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Lab differences (...) of colours (..., 3) from others (..., 3), sRGB 0..1, or from these in a shade."""
    ours, theirs = lab_of(colors), lab_of(others)
    shade = ((ours[..., :1] + 16) / (theirs[..., :1] + 16)).clip(DARKEST, 1)
    lightness = LIGHTNESS * (ours[..., 0] - theirs[..., 0])
    return np.hypot(lightness, np.linalg.norm(ours[..., 1:] - shade * theirs[..., 1:], axis=-1))


def of_hue(colors: np.ndarray) -> np.ndarray:
    """(..., 3) in which the distance of colours (..., 3), sRGB 0..1, is one of hue more than of lightness."""
    return lab_of(colors) * (LIGHTNESS, 1, 1)


def skin_hued(colors: np.ndarray) -> np.ndarray:
    """(N,) bool: which colours (N, 3), sRGB 0..1, have a hue that skin may have: a green collar has none."""
    if not len(colors):
        return np.zeros(0, bool)
    _, a, b = lab_of(colors).T
    hue = np.degrees(np.arctan2(b, a))
    return ((hue > SKIN_HUE[0]) & (hue < SKIN_HUE[1])) | (np.hypot(a, b) < COLOURLESS)

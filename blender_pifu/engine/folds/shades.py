# SPDX-License-Identifier: GPL-3.0-or-later
"""What the network of folds sees: the photo, where the drawn surface looks, and how its light would show that."""

import numpy as np

from ..color.light import Light
from ..crop_space import blurred_within
from ..srgb import LUMINANCE, to_linear

CHANNELS = 12
BLUR_M = 0.02  # metres, standard deviation of the blur that folds are what is finer than
DARKEST = 0.004  # linear: cameras do not tell apart what is darker
MOST_SHADE, MOST_LIGHT, MOST_LEANING = 1.0, 1.2, 2.0  # of logarithms of luminance
PIXEL_M = 0.004  # metres, of a usual pixel


def stack_shades(photo: np.ndarray, normals: np.ndarray, light: Light | None, pixel_m: float) -> np.ndarray:
    """(CHANNELS, h, w) float32 of a photo (h, w, 4), sRGB without the background's share and matte 0..1, of a surface
    drawn with unit normals (h, w, 3), with pixels of `pixel_m` metres; light: found in it, None where none was.

    In order: colours (3), matte, normals (3), how much brighter a pixel is than those about it, how bright the light
    makes the drawn surface, how that changes as it leans to the right and upwards (2), the pixel's size. 0 beyond the
    person."""
    colors, matte = photo[..., :3].astype(np.float32), photo[..., 3].astype(np.float32)
    grey = np.log(to_linear(colors) @ LUMINANCE.astype(np.float32) + DARKEST)
    about = blurred_within(grey, matte, BLUR_M / pixel_m)
    lit = np.zeros((*matte.shape, 3), np.float32) if light is None else light.leaning(normals)
    parts = [
        colors - 0.5,
        matte,
        normals,
        2 * (grey - about).clip(-MOST_SHADE, MOST_SHADE),
        lit[..., 0].clip(-MOST_LIGHT, MOST_LIGHT),
        lit[..., 1:].clip(-MOST_LEANING, MOST_LEANING),
        np.full(matte.shape, np.log(pixel_m / PIXEL_M), np.float32),
    ]
    return np.ascontiguousarray((np.dstack(parts) * matte[..., None]).transpose(2, 0, 1), np.float32)

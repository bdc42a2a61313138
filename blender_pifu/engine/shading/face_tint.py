# SPDX-License-Identifier: GPL-3.0-or-later
"""The tint of light on a face: sky from above, a wall from the side, sun on one cheek. The skin of a face has nearly
one hue, so that what varies broadly in it is for the most part the light's."""

import numpy as np

from ..crop_space import blurred_within
from ..srgb import DARKEST, LUMINANCE, to_linear

BROAD_M = 0.02  # metres, standard deviation of the blur that leaves what varies broadly: lips and cheeks stay
# Share of it that may be the skin's own, and how much at most, logarithm: no temple is lilac, though skies make one so.
OWN, OWN_MOST = 0.5, 0.07
MOST = np.log(2)  # that a channel is changed by, at most
LEAST = 30  # pixels of skin, without which nothing is told


def with_face_tint(shading: np.ndarray, photo: np.ndarray, face: np.ndarray, metre: float) -> np.ndarray:
    """By what a light multiplies linear colours, (n, n, 3) float32, with the tint it has on a face: photo (n, n, 4),
    sRGB and matte 0..1; face (n, n): how likely its skin is there, 0..1; metre: pixels of one."""
    skin = (face * photo[..., 3]).astype(np.float32)
    surely = skin > 0.5
    if surely.sum() < LEAST:
        return shading
    bare = np.log(to_linear(photo[..., :3]) + DARKEST) - np.log(shading)
    tint = (bare - (bare @ LUMINANCE)[..., None]).astype(np.float32)
    broad = blurred_within(tint, skin, BROAD_M * metre) - np.median(tint[surely], 0)
    lights = broad - (OWN * broad).clip(-OWN_MOST, OWN_MOST)
    return (shading * np.exp(skin[..., None] * lights.clip(-MOST, MOST))).astype(np.float32)

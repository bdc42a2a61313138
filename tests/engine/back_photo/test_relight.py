# SPDX-License-Identifier: GPL-3.0-or-later
"""A back photographed in another light comes out in the front photo's, whatever the person wears behind."""

import numpy as np
import pytest

from blender_pifu.engine.back_photo.relief import RELIEF_PX as SIZE
from blender_pifu.engine.back_photo.relief import inflated_relief
from blender_pifu.engine.back_photo.relight import match_light
from blender_pifu.engine.srgb import lit, to_linear, to_srgb


@pytest.mark.parametrize("patch", [(0.3, 0.3, 0.32), (0.9, 0.1, 0.1)])  # of the back, where the front has none
def test_the_light_of_the_front_photo_is_found(patch):
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE * 2 - 1
    alpha = ((x / 0.5) ** 2 + (y / 0.85) ** 2 < 1).astype(np.float32)
    relief = inflated_relief(alpha)
    normals = relief.front_normals
    cloth = np.where((y < -0.1)[..., None], (0.25, 0.3, 0.35), (0.4, 0.3, 0.2))
    behind = np.where((np.hypot(x, y) < 0.25)[..., None], patch, cloth)

    def photo(cloth, direction, color):
        light = np.exp(normals @ direction)[..., None] * color
        return np.round(255 * to_srgb(cloth * light)) / 255

    front = photo(cloth, (0.5, 0.3, 0), (1.0, 1.0, 1.0))
    back = photo(behind, (-0.4, 0.2, 0), (0.75, 0.7, 0.65))
    wanted = photo(behind, (0.5, 0.3, 0), (1.0, 1.0, 1.0))
    found = lit(back, match_light((front, alpha), (back, alpha), relief))
    inside = (x / 0.45) ** 2 + (y / 0.8) ** 2 < 1
    assert np.abs(found - wanted)[inside].mean() < 0.02 < 0.08 < np.abs(back - wanted)[inside].mean()


def test_without_common_pixels_nothing_is_changed():
    rgb, alpha = np.full((SIZE, SIZE, 3), 0.4, np.float32), np.zeros((SIZE, SIZE), np.float32)
    gain = match_light((rgb, alpha), (rgb, alpha), inflated_relief(alpha))
    np.testing.assert_allclose(lit(rgb, gain), rgb, atol=1e-6)
    np.testing.assert_allclose(to_linear(to_srgb(rgb)), rgb, atol=1e-6)

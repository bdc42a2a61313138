# SPDX-License-Identifier: GPL-3.0-or-later
"""A back photographed in another light comes out in the front photo's, whatever the person wears behind."""

import numpy as np
import pytest

from blender_pifu.engine.relight import inflated_normals, lit, match_light, to_linear, to_srgb

SIZE = 128


def test_a_strip_is_inflated_to_a_cylinder():
    solid = np.zeros((SIZE, SIZE), bool)
    solid[:, 44:85] = True
    across = inflated_normals(solid)[SIZE // 2, 44:85]
    expected = np.linspace(-1, 1, 41)[5:-5]
    np.testing.assert_allclose(across[5:-5, 0], expected, atol=0.08)
    assert np.abs(across[:, 1]).max() < 0.02 and across[20, 2] > 0.99
    assert (inflated_normals(np.zeros((8, 8), bool)) == (0, 0, 1)).all()


@pytest.mark.parametrize("patch", [(0.3, 0.3, 0.32), (0.9, 0.1, 0.1)])  # of the back, where the front has none
def test_the_light_of_the_front_photo_is_found(patch):
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE * 2 - 1
    alpha = ((x / 0.5) ** 2 + (y / 0.85) ** 2 < 1).astype(np.float32)
    normals = inflated_normals(alpha > 0)
    cloth = np.where((y < -0.1)[..., None], (0.25, 0.3, 0.35), (0.4, 0.3, 0.2))
    behind = np.where((np.hypot(x, y) < 0.25)[..., None], patch, cloth)

    def photo(cloth, direction, color):
        light = np.exp(normals @ direction)[..., None] * color
        return np.round(255 * to_srgb(cloth * light)) / 255

    front = photo(cloth, (0.5, 0.3, 0), (1.0, 1.0, 1.0))
    back = photo(behind, (-0.4, 0.2, 0), (0.75, 0.7, 0.65))
    wanted = photo(behind, (0.5, 0.3, 0), (1.0, 1.0, 1.0))
    found = lit(back, match_light((front, alpha), (back, alpha)))
    inside = (x / 0.45) ** 2 + (y / 0.8) ** 2 < 1
    assert np.abs(found - wanted)[inside].mean() < 0.02 < 0.08 < np.abs(back - wanted)[inside].mean()


def test_without_common_pixels_nothing_is_changed():
    rgb, alpha = np.full((32, 32, 3), 0.4, np.float32), np.zeros((32, 32), np.float32)
    np.testing.assert_allclose(lit(rgb, match_light((rgb, alpha), (rgb, alpha))), rgb, atol=1e-6)
    np.testing.assert_allclose(to_linear(to_srgb(rgb)), rgb, atol=1e-6)

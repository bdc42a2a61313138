# SPDX-License-Identifier: GPL-3.0-or-later
"""A body of which only the outline is known is round; one that was drawn is as it was drawn."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from blender_pifu.engine.back_photo.relief import FLAT, RELIEF_PX, drawn_relief, inflated_relief


def test_a_strip_is_inflated_to_a_flattened_cylinder():
    x = (np.arange(RELIEF_PX) + 0.5) / RELIEF_PX * 2 - 1
    strip = np.tile((np.abs(x) < 0.4).astype(np.float32), (RELIEF_PX, 1))
    relief = inflated_relief(strip)
    inner = np.abs(x) < 0.35
    row = RELIEF_PX // 2
    np.testing.assert_allclose(relief.front_normals[row, inner, 0], x[inner] / 0.4, atol=0.06)
    np.testing.assert_allclose(relief.front_depth[row, inner], FLAT * np.sqrt(0.4**2 - x[inner] ** 2), atol=0.02)
    np.testing.assert_allclose(relief.back_depth, -relief.front_depth)
    np.testing.assert_allclose(relief.back_normals[row, RELIEF_PX // 2], (0, 0, -1), atol=0.02)
    nobody = inflated_relief(np.zeros((RELIEF_PX, RELIEF_PX), np.float32))
    assert (nobody.front_depth == 0).all() and (nobody.front_normals == (0, 0, 1)).all()


@pytest.mark.parametrize("size", [128, 512])
def test_what_was_drawn_is_taken_at_any_size(size):
    ramp = torch.linspace(-0.5, 0.5, size).expand(1, 1, size, size)
    tilted = torch.tensor([0.6, 0.0, 0.8]).view(1, 3, 1, 1).expand(1, 3, size, size)
    away = tilted * torch.tensor([1.0, 1, -1]).view(1, 3, 1, 1)
    maps = SimpleNamespace(front_depth=ramp, back_depth=ramp - 0.1, front_normals=tilted, back_normals=away)
    relief = drawn_relief(maps)
    np.testing.assert_allclose(relief.front_depth[7], np.linspace(-0.5, 0.5, RELIEF_PX), atol=0.01)
    np.testing.assert_allclose(relief.back_depth, relief.front_depth - 0.1, atol=1e-6)
    np.testing.assert_allclose(relief.back_normals[100, 100], (0.6, 0, -0.8), atol=1e-5)

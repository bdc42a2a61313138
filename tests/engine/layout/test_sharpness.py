# SPDX-License-Identifier: GPL-3.0-or-later
"""How fine a texture is, and when it is finer than the photo."""

import numpy as np
import pytest

from blender_pifu.engine.layout.texture.sharpness import finer_than_photo, texels_per_metre


@pytest.mark.parametrize("metres", [0.5, 2.0])
@pytest.mark.parametrize("quad", [True, False])
def test_texels_per_metre_of_a_square(metres, quad):
    points = metres * np.array([[0, 0, 0], [1, 0, 0], [1, 0, 1], [0, 0, 1]], np.float32)
    uv = np.array([[0.1, 0.1], [0.6, 0.1], [0.6, 0.6], [0.1, 0.6]], np.float32)
    faces = np.array([[0, 1, 2, 3]]) if quad else np.array([[0, 1, 2], [0, 2, 3]])
    corners = uv[faces] if not quad else uv[None]
    assert texels_per_metre(points, faces, corners, 2048) == pytest.approx(1024 / metres)


def test_a_triangle_among_quads_counts_once():
    points = np.array([[0, 0, 0], [1, 0, 0], [1, 0, 1]], np.float32)
    uv = np.array([[[0, 0], [1, 0], [1, 1], [0, 0]]], np.float32)
    assert texels_per_metre(points, np.array([[0, 1, 2, -1]]), uv, 1024) == pytest.approx(1024)


@pytest.mark.parametrize(
    ("size", "texels", "photo", "told"),
    [
        (4096, 1860, 576, 2048),  # 1024 px would give 465
        (4096, 1860, 400, 1024),
        (2048, 930, 576, None),
        (2048, 930, 460, 1024),
        (1024, 465, 100, None),  # there is no smaller one
        (4096, 1860, 5000, None),
    ],
)
def test_it_is_told_where_a_smaller_one_shows_as_much(size, texels, photo, told):
    note = finer_than_photo(size, (1024, 2048, 4096), texels, photo)
    assert note is None if told is None else f"{told} px show as much" in note and f"{photo}" in note

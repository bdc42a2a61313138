# SPDX-License-Identifier: GPL-3.0-or-later
"""The rasteriser against shapes whose picture is known exactly."""

import numpy as np
import pytest

from blender_pifu.training.native.raster import Lamps, rasterize, see
from helpers.sphere import pixel_centres, sphere

SIZE = 128


@pytest.mark.parametrize("back", [False, True])
def test_sphere_has_its_depth_and_no_holes(back):
    vertices, faces = sphere()
    index, _, depth = rasterize(vertices, faces, SIZE, back)
    x, y = pixel_centres()
    r = np.hypot(x, y)
    assert (index[r < 0.69] >= 0).all()
    assert (index[r > 0.7] == -1).all() and np.isnan(depth[r > 0.7]).all()
    true = np.sqrt(np.maximum(0.49 - r * r, 0)) * (-1 if back else 1)
    assert np.abs(depth - true)[r < 0.65].max() < 5e-3


def test_barycentrics_lead_back_to_the_pixel():
    vertices, faces = sphere()
    index, ab, depth = rasterize(vertices, faces, SIZE)
    hit = index >= 0
    weights = np.concatenate([ab[hit], 1 - ab[hit].sum(1, keepdims=True)], axis=1)
    assert weights.min() > -1e-6
    points = np.einsum("pk,pkc->pc", weights, vertices[faces[index[hit]]])
    x, y = pixel_centres()
    assert np.abs(points - np.stack([x[hit], y[hit], depth[hit]], 1)).max() < 1e-3


def test_neighbours_share_every_pixel_exactly_once():
    """A fan round a pixel centre, corners on pixel centres: the worst case for a fill rule."""
    size, count = 16, 8
    centre = 1 / size
    corners = np.array([[1, 0], [1, 1], [0, 1], [-1, 1], [-1, 0], [-1, -1], [0, -1], [1, -1]]) * 8 / size + centre
    vertices = np.column_stack([np.vstack([[centre, centre], corners]), np.zeros(9)])
    faces = np.array([[0, 1 + k, 1 + (k + 1) % count] for k in range(count)])
    owners = sum((rasterize(vertices, faces[[k]], size)[0] >= 0).astype(int) for k in range(count))
    assert owners.max() == 1
    assert owners.sum() == 8 * 8  # a square eight pixels wide: two of its sides belong to it


def test_row_zero_is_up_and_both_windings_are_seen():
    triangle = np.array([[0.2, 0.2, 0], [0.9, 0.2, 0], [0.2, 0.9, 0]], np.float32)
    for order in ([0, 1, 2], [0, 2, 1]):
        rows, columns = np.nonzero(rasterize(triangle, np.array([order]), 32)[0] >= 0)
        assert rows.max() < 16 and columns.min() >= 16


def test_transparent_fragments_are_not_there():
    square = np.array([[-1, -1, 0.5], [1, -1, 0.5], [1, 1, 0.5], [-1, 1, 0.5]], np.float32)
    vertices, faces = (
        np.concatenate([square, square - [0, 0, 1]]),
        np.array([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]]),
    )
    alpha = np.array([0, 1, 1, 0, 1, 1, 1, 1], np.float32)  # the near square fades to the left
    depth = rasterize(vertices, faces, 64, alpha=alpha)[2]
    assert (depth[:, :32] == -0.5).all() and (depth[:, 32:] == 0.5).all()


def test_what_lies_outside_the_crop_does_no_harm():
    vertices = np.array([[-1e9, -3, 0.1], [50, -3, 0.1], [0, 1e9, 0.1], [np.nan, 0, 0]], np.float32)
    index, _, depth = rasterize(vertices, np.array([[0, 1, 2], [0, 1, 3]]), 32)
    assert index.shape == (32, 32) and np.isfinite(depth[index >= 0]).all()


def test_a_mesh_of_nothing_gives_an_empty_picture():
    index, _, depth = rasterize(np.zeros((0, 3)), np.zeros((0, 3)), 8)
    assert (index == -1).all() and np.isnan(depth).all()


def test_wrong_faces_are_refused():
    with pytest.raises(ValueError, match="vertex"):
        rasterize(np.zeros((3, 3)), np.array([[0, 1, 3]]), 8)


def test_both_sides_cover_the_same_pixels():
    front, back = see(*sphere(), SIZE, None)
    assert np.array_equal(front.pixels, back.pixels)
    assert (front.depth >= back.depth).all()


def test_a_lamp_reaches_only_what_nothing_hides():
    vertices, faces = sphere(0.3)
    floor = np.array([[-0.9, -0.6, -0.9], [0.9, -0.6, -0.9], [0.9, -0.6, 0.9], [-0.9, -0.6, 0.9]], np.float32)
    plane = np.array([[0, 2, 1], [0, 3, 2]]) + len(vertices)
    lamps = Lamps(np.concatenate([vertices, floor]), np.concatenate([faces, plane]), np.array([0.0, 1, 0]), 256, None)
    points = np.array([[0, -0.59, 0], [0.2, -0.59, 0.1], [0.6, -0.59, 0], [0, 0.32, 0]], np.float32)
    above, below = lamps.reach(points, (1, -1))
    assert np.allclose(above, [0, 0, 1, 1]) and np.allclose(below, 0)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks on a scalp catch the light: the normal map has what the colours show of them."""

import numpy as np
import pytest

from blender_pifu.engine.color.painting import Scalp
from blender_pifu.engine.layout.painted_mesh import PaintedMesh
from blender_pifu.engine.layout.texture.hair_relief import with_hair_relief

SKIN = np.ones(4)
SIZE, LOCK = 256, slice(124, 132)


@pytest.fixture
def plane():
    """A quad of 0.2 field units, its UVs, a flat normal map, and colours with one bright lock that runs down."""
    vertices = np.array([[0, 0, 0], [0.2, 0, 0], [0.2, 0.2, 0], [0, 0.2, 0]], np.float32)
    normals = np.tile(np.float32([0, 0, 1]), (4, 1))
    mesh = PaintedMesh(vertices, np.array([[0, 1, 2, 3]], np.int32), normals, np.full((4, 3), 99, np.uint8))
    uv = np.array([[[0, 0], [1, 0], [1, 1], [0, 1]]], np.float32)
    color = np.full((2 * SIZE, 2 * SIZE, 3), 60, np.uint8)
    color[:, 2 * LOCK.start : 2 * LOCK.stop] = 120
    return mesh, uv, np.full((SIZE, SIZE, 3), (128, 128, 255), np.uint8), color


def scalp(grown: list[int], high=0.7, front=0.06):
    """Of skin that rests so high and so far to the front, metres: a temple."""
    return Scalp(np.array(grown, np.float64), np.tile([0, high, front], (4, 1)), metre=1.0)


def test_a_bright_lock_rises_from_either_side(plane):
    mesh, uv, flat, color = plane
    relieved = with_hair_relief(flat, mesh, uv, color, scalp([1, 1, 1, 1]), SKIN).astype(int)
    left, right = relieved[60:200, LOCK.start - 2 : LOCK.start + 2], relieved[60:200, LOCK.stop - 2 : LOCK.stop + 2]
    assert left[..., 0].mean() < 118
    assert right[..., 0].mean() > 138
    assert np.abs(relieved[60:200, :, 1] - 128).max() <= 1
    assert np.abs(np.linalg.norm((relieved - 128) / 127, axis=-1) - 1).max() < 0.03


def test_only_the_scalp_has_locks(plane):
    mesh, uv, flat, color = plane
    bare_below = with_hair_relief(flat, mesh, uv, color, scalp([-1, -1, 1, 1]), SKIN).astype(int)
    above, below = (np.abs(bare_below[rows] - flat[rows])[..., 0].mean() for rows in (np.s_[5:60], np.s_[196:251]))
    assert below < 0.4 * above
    assert with_hair_relief(flat, mesh, uv, color, scalp([0, 0, -1, 0]), SKIN) is flat


def test_hair_ends_in_an_edge(plane):
    mesh, uv, flat, color = plane
    color[:] = 60
    ends = with_hair_relief(flat, mesh, uv, color, scalp([0, 0, 1, 1]), SKIN).astype(int)
    assert ends[60:200, 60:200, 1].max() < 127  # it rises upwards, so that it looks down
    assert np.abs(ends[60:200, 60:200, 0] - 128).max() <= 1
    of_temple, of_nape = (
        with_hair_relief(flat, mesh, uv, color, scalp([0, 0, 1, 1], 0.64, front), SKIN).astype(int)
        for front in (0.06, 0.0)
    )
    assert of_temple[60:200, 60:200, 1].max() < 127
    assert np.abs(of_nape[60:200, 60:200] - flat[60:200, 60:200].astype(int)).max() <= 1  # hair goes on below
    of_cloth = with_hair_relief(flat, mesh, uv, color, scalp([0, 0, 1, 1]), 0 * SKIN).astype(int)
    assert np.abs(of_cloth[60:200, 60:200] - flat[60:200, 60:200].astype(int)).max() <= 1

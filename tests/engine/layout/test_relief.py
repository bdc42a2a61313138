# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks, wrinkles and brows catch the light: the normal map has what the colours show of them."""

import numpy as np
import pytest

from blender_pifu.engine.color.painting import Scalp
from blender_pifu.engine.layout.painted_mesh import PaintedMesh
from blender_pifu.engine.layout.texture.relief import with_relief

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


def deepest(relieved: np.ndarray) -> np.ndarray:
    """Of a normal map of grooves that run down: the height across its middle, pixels."""
    middle = (relieved[100:156].astype(np.float64) - 128) / 127
    return np.cumsum(-(middle[..., 0] / middle[..., 2]).mean(0))


def test_a_bright_lock_rises_from_either_side(plane):
    mesh, uv, flat, color = plane
    relieved = with_relief(flat, mesh, uv, color, SKIN, 1.0, scalp([1, 1, 1, 1])).astype(int)
    left, right = relieved[60:200, LOCK.start - 2 : LOCK.start + 2], relieved[60:200, LOCK.stop - 2 : LOCK.stop + 2]
    assert left[..., 0].mean() < 118
    assert right[..., 0].mean() > 138
    assert np.abs(relieved[60:200, :, 1] - 128).max() <= 1
    assert np.abs(np.linalg.norm((relieved - 128) / 127, axis=-1) - 1).max() < 0.03


def test_only_the_scalp_has_locks(plane):
    mesh, uv, flat, color = plane
    for bare in (SKIN, 0 * SKIN):
        bare_below = with_relief(flat, mesh, uv, color, bare, 1.0, scalp([-1, -1, 1, 1], front=0.0)).astype(int)
        above, below = (np.abs(bare_below[rows] - flat[rows])[..., 0].mean() for rows in (np.s_[5:60], np.s_[196:251]))
        assert below < 0.6 * above


def test_hair_ends_in_an_edge(plane):
    mesh, uv, flat, color = plane
    color[:] = 60
    ends = with_relief(flat, mesh, uv, color, SKIN, 1.0, scalp([0, 0, 1, 1])).astype(int)
    assert ends[60:200, 60:200, 1].max() < 127  # it rises upwards, so that it looks down
    assert np.abs(ends[60:200, 60:200, 0] - 128).max() <= 1
    of_temple, of_nape = (
        with_relief(flat, mesh, uv, color, SKIN, 1.0, scalp([0, 0, 1, 1], 0.64, front)).astype(int)
        for front in (0.06, 0.0)
    )
    assert of_temple[60:200, 60:200, 1].max() < 127
    assert np.abs(of_nape[60:200, 60:200] - flat[60:200, 60:200].astype(int)).max() <= 1  # hair goes on below
    of_cloth = with_relief(flat, mesh, uv, color, 0 * SKIN, 1.0, scalp([0, 0, 1, 1])).astype(int)
    assert np.abs(of_cloth[60:200, 60:200] - flat[60:200, 60:200].astype(int)).max() <= 1


def test_a_darker_line_on_skin_is_a_wrinkle_and_a_black_one_is_not(plane):
    mesh, uv, flat, color = plane
    color[:] = 150
    color[:, 2 * LOCK.start : 2 * LOCK.stop] = 125
    for hands_only in (None, scalp([-1, -1, -1, -1], 0.62, 0.12)):
        wrinkled = deepest(with_relief(flat, mesh, uv, color, SKIN, 1.0, hands_only))
        assert wrinkled[LOCK].min() < wrinkled[[60, 200]].min() - 0.3  # at 0.8 mm a pixel
        assert abs(wrinkled[60] - wrinkled[200]) < 0.05
    color[:, 2 * LOCK.start : 2 * LOCK.stop] = 25
    black = deepest(with_relief(flat, mesh, uv, color, SKIN, 1.0, None))
    assert np.ptp(black) < 0.5 * np.ptp(wrinkled)


def test_noise_of_a_photo_is_no_wrinkle(plane):
    mesh, uv, flat, color = plane
    color[:] = 150 + np.random.default_rng(0).normal(0, 4, color.shape[:2])[..., None]
    noisy = with_relief(flat, mesh, uv, color, SKIN, 1.0, None).astype(int)
    assert np.abs(noisy - flat).mean() < 1


def test_beside_a_white_collar_skin_is_smooth(plane):
    mesh, uv, flat, color = plane
    color[:] = 130
    color[:, 2 * LOCK.start :] = 240
    smooth = with_relief(flat, mesh, uv, color, SKIN, 1.0, None).astype(int)
    assert np.abs(smooth - flat)[..., 0].max() <= 8


def test_brows_are_hair_that_stands_off(plane):
    mesh, uv, flat, color = plane
    color[:] = 150
    color[:, 2 * LOCK.start : 2 * LOCK.stop] = 50
    brow = deepest(with_relief(flat, mesh, uv, color, SKIN, 1.0, scalp([0, 0, 0, 0], 0.7, 0.12)))
    assert brow[LOCK].max() > brow[[60, 200]].max() + 0.5


def test_clothes_have_creases_and_prints_are_flat(plane):
    mesh, uv, flat, color = plane
    color[:] = 150
    color[:, 2 * LOCK.start : 2 * LOCK.stop] = 130
    creased = deepest(with_relief(flat, mesh, uv, color, 0 * SKIN, 1.0, None))
    assert creased[LOCK].min() < creased[[40, 220]].min() - 0.2
    color[:] = 150
    color[:, SIZE:] = 20
    printed = deepest(with_relief(flat, mesh, uv, color, 0 * SKIN, 1.0, None))
    assert np.ptp(printed) < np.ptp(creased)

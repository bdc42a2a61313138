# SPDX-License-Identifier: GPL-3.0-or-later
"""Inside and outside of layered, open meshes, and where the training points lie."""

import numpy as np
import pytest

from blender_pifu.training.data.truth import inside, occupancy_points
from helpers.sphere import sphere


def tube(radius=0.4, half=0.5, columns=64):
    """An open tube about the y axis, outward faces."""
    around = np.arange(columns) * 2 * np.pi / columns
    rim = np.stack([radius * np.sin(around), 0 * around, radius * np.cos(around)], 1)
    i, j = np.arange(columns), (np.arange(columns) + 1) % columns
    faces = np.concatenate([np.stack([i, i + columns, j + columns], 1), np.stack([i, j + columns, j], 1)])
    return np.concatenate([rim + [0, half, 0], rim - [0, half, 0]]), faces


def join(*meshes):
    counts = np.cumsum([0, *(len(v) for v, _ in meshes)])
    return np.concatenate([v for v, _ in meshes]), np.concatenate(
        [f + n for (_, f), n in zip(meshes, counts, strict=False)]
    )


def test_inside_of_a_sphere():
    points = np.random.default_rng(0).uniform(-1, 1, (2000, 3))
    r = np.linalg.norm(points, axis=1)
    clear = np.abs(r - 0.7) > 0.01
    assert np.array_equal(inside(*sphere(), points)[clear], (r < 0.7)[clear])


def test_an_open_tube_is_closed_by_flat_caps():
    points = np.array([[0, 0, 0], [0.2, 0.4, 0], [0, 0.45, 0], [0, 0.55, 0], [0.5, 0, 0], [0, -0.6, 0.1]])
    assert inside(*tube(), points).tolist() == [True, True, True, False, False, False]


def test_layers_unite():
    """A body within a garment, and each on its own, are inside."""
    body = sphere(0.3)
    vertices, faces = join((body[0] + [0, 0.4, 0], body[1]), tube())
    points = np.array([[0, 0.3, 0], [0, 0.65, 0], [0, -0.3, 0], [0, 0.75, 0], [0.35, 0.6, 0]])
    assert inside(vertices, faces, points).tolist() == [True, True, True, False, False]


def test_points_and_labels_of_a_sphere():
    points, occupancy = occupancy_points(
        *sphere(), np.random.default_rng(1), near=0.05, fine=0.01, n_near=2000, n_fine=1000, n_uniform=500
    )
    assert points.shape == (3500, 3) and points.dtype == np.float32
    assert occupancy.shape == (3500,) and occupancy.dtype == np.uint8
    r = np.linalg.norm(points.astype(np.float64), axis=1)
    clear = np.abs(r - 0.7) > 2e-3
    assert np.array_equal(occupancy[clear] == 1, (r < 0.7)[clear])
    assert 950 < (np.abs(r - 0.7) < 0.03).sum() < 2300  # all the fine ones, under half of the near ones, few others
    assert abs(np.median(r) - 0.7) < 0.03


def test_covered_layers_get_no_points():
    """A ball within a ball: the inner one is no surface of the person."""
    points, occupancy = occupancy_points(
        *join(sphere(0.7), sphere(0.6)),
        np.random.default_rng(1),
        near=0.01,
        fine=0.01,
        n_near=500,
        n_fine=300,
        n_uniform=0,
    )
    r = np.linalg.norm(points, axis=1)
    assert len(points) == 800 and (r > 0.65).all() and 0.4 < occupancy.mean() < 0.6


def test_the_same_seed_gives_the_same_points():
    first, again = (occupancy_points(*sphere(), np.random.default_rng(5), near=0.05, fine=0.01) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


def test_a_person_beyond_the_crop_is_refused():
    vertices, faces = sphere()
    with pytest.raises(ValueError, match="crop"):
        occupancy_points(vertices + [5, 0, 0], faces, np.random.default_rng(0), near=0.05, fine=0.01)

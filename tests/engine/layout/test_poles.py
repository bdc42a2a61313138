# SPDX-License-Identifier: GPL-3.0-or-later
"""Quads without poles: where holes are filled, where rims are joined, and where a mesh has some already."""

from itertools import pairwise

import numpy as np
import pytest

from blender_pifu.engine.layout.poles import split_poles
from blender_pifu.engine.layout.relax import unfold
from blender_pifu.engine.layout.repair import close
from blender_pifu.engine.surface.mesh import check_mesh, split_quads, volumes
from blender_pifu.engine.surface.stitching import band, outward, valences


@pytest.mark.parametrize("long, wide", [(17, 1), (17, 2), (12, 12)])
def test_wide_holes_and_slots_are_filled_with_quads_without_poles(long, wide):
    vertices, quads = sheet(long + 8, wide + 8)
    middle = (np.abs(vertices[quads].mean(1)[:, :2]) < (long / 2, wide / 2)).all(1) & (vertices[quads, 2] > 0).all(1)
    assert middle.sum() == long * wide
    vertices, faces = close(vertices, quads[~middle])
    check = check_mesh(faces)
    assert check.watertight and check.components == 1 and (faces[:, 3] >= 0).all()
    assert valences(faces, len(vertices)).max() <= 6
    assert (outward_by(vertices, faces)[vertices[faces, 2].min(1) > 0] > -1e-6).all(), "nothing folds"


def sheet(long, wide):
    """A flat closed box of quads of side 1, about the origin."""
    grid = np.array([[x, y, z] for z in (0.5, -0.5) for y in range(wide + 1) for x in range(long + 1)], float)
    grid[:, :2] -= np.array([long, wide]) / 2
    at = np.arange(len(grid)).reshape(2, wide + 1, long + 1)
    over = np.stack([at[0, :-1, :-1], at[0, :-1, 1:], at[0, 1:, 1:], at[0, 1:, :-1]], -1).reshape(-1, 4)
    under = (over + at[1, 0, 0])[:, ::-1]
    ring = np.concatenate([at[0, 0], at[0, 1:, -1], at[0, -1, -2::-1], at[0, -2:0:-1, 0]])
    after = np.roll(ring, -1)
    walls = np.stack([ring + at[1, 0, 0], after + at[1, 0, 0], after, ring], 1)
    return grid, np.concatenate([over, under, walls])


def outward_by(vertices, faces):
    """(F, 4) how far the corners of quads look up."""
    at = vertices[faces]
    return outward(np.roll(at, 1, 1), at, np.roll(at, -1, 1), np.broadcast_to([0.0, 0, 1], at.shape))


@pytest.mark.parametrize("spokes", [7, 9, 12, 17])
def test_a_pole_is_split_and_what_was_there_stays_in_place(spokes):
    vertices, faces = double_fan(spokes)
    apart, made = split_poles(vertices, faces)
    assert valences(faces, len(vertices)).max() == spokes and valences(made, len(apart)).max() <= 6
    check = check_mesh(made)
    assert check.watertight and check.components == 1
    assert np.array_equal(apart[: len(vertices)], vertices)
    assert volumes(apart, split_quads(made)[0]).sum() > 0
    above = vertices[0, 2] / 2 < apart[made].mean(1)[:, 2]
    assert (outward_by(apart, made)[above] > 0).all(), "nothing folds"


def double_fan(spokes):
    """A lens of quads: about a pole above and one below as many as it has spokes, and a rim of two rows between."""
    turn = np.arange(2 * spokes) * np.pi / spokes
    ring = np.column_stack([np.cos(turn), np.sin(turn), np.zeros(2 * spokes)])
    upper, lower = (0.9 * ring + (0, 0, height) for height in (0.1, -0.1))
    vertices = np.concatenate([[(0, 0, 0.15), (0, 0, -0.15)], upper, ring, lower])
    number = np.arange(2 * spokes)
    after = np.roll(number, -1)
    rows = [
        np.stack([a + number, b + number, b + after, a + after], 1) for a, b in pairwise(2 + 2 * spokes * np.arange(3))
    ]
    even, odd, following = number[::2], number[1::2], np.roll(number[::2], -1)
    fan = np.stack([even, odd, following], 1)
    over = np.column_stack([fan + 2, np.zeros(spokes, int)])
    under = np.column_stack([fan[:, ::-1] + 2 + 4 * spokes, np.ones(spokes, int)])
    return vertices, np.concatenate([over, under, *rows])


@pytest.mark.parametrize("around", [20, 26, 34])
def test_a_zigzag_rim_is_joined_to_an_even_one_without_poles_folds_or_many_triangles(around):
    """As quads leave a surface that is cut across, and the body's own skin begins: rings about an axis."""
    vertices, faces, zigzag, even = rings(around)
    made = np.concatenate([faces, band(vertices, faces, zigzag, even[::-1])])
    start = valences(faces, len(vertices))
    assert set(start[zigzag]) == {2, 3, 4}, "tips and notches"
    check = check_mesh(made)
    assert check.boundary_edges == 20 + around, "open at both far ends alone"
    assert (check.nonmanifold_edges, check.components) == (0, 1)
    assert valences(made, len(vertices)).max() <= 6
    assert (outward_by(vertices, made) > 0)[made[:, 3] >= 0].all(), "nothing folds"
    assert (made[len(faces) :, 3] < 0).sum() <= abs(len(zigzag) - len(even)) + 8


def rings(around):
    """Two rings of quads, one within the other and seen from above, and their rims that face each other, each as its
    faces run: the outer one, `around` columns, goes in and out in steps; that within has 20 columns."""
    depths = np.array([3, 3, 4, 4, 3, 3, 2, 2, 2, 3]).repeat(-(-around // 10))[:around]
    turn = 2 * np.pi * np.arange(around) / around
    spokes = np.column_stack([np.cos(turn), np.sin(turn), 0 * turn])
    rows = np.array([(2.0 - 0.12 * row) * spokes for row in range(5)])
    number = np.arange(5 * around).reshape(5, around)
    after = np.roll(number, -1, 1)
    outer = [
        (number[r, c], after[r, c], after[r + 1, c], number[r + 1, c]) for c in range(around) for r in range(depths[c])
    ]
    turn = 2 * np.pi * np.arange(20) / 20
    spokes = np.column_stack([np.cos(turn), np.sin(turn), 0 * turn])
    number = 5 * around + np.arange(20)
    after = np.roll(number, -1)
    inner = np.stack([number, after, after + 20, number + 20], 1)
    vertices, faces = np.concatenate([*rows, 1.3 * spokes, 1.1 * spokes]), np.concatenate([outer, inner])
    used, faces = np.unique(faces, return_inverse=True)
    vertices, faces = vertices[used], faces.reshape(-1, 4)
    radius = np.linalg.norm(vertices, axis=1)
    return (
        vertices,
        faces,
        *(facing_rim(faces, at) for at in ((radius > 1.4) & (radius < 1.9), (radius > 1.2) & (radius < 1.4))),
    )


def facing_rim(faces, among):
    """That rim of faces, in their order, whose vertices are `among`."""
    edges = {(a, b) for face in faces.tolist() for a, b in zip(face, face[1:] + face[:1], strict=True)}
    after = {a: b for a, b in edges if (b, a) not in edges and among[a] and among[b]}
    rim = [min(after)]
    while after[rim[-1]] != rim[0]:
        rim.append(after[rim[-1]])
    return np.array(rim)


def test_opposite_corners_of_a_quad_that_lie_on_one_place_come_apart():
    """Settled on the nearest point of the dense surface, they left a face without area, with no place in the map."""
    vertices = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], [2, 0, 0], [2, 1, 0]], np.float64)
    faces = np.array([[0, 1, 2, 3], [1, 4, 5, 2]])
    assert unfold(vertices, faces) is vertices
    vertices[0] = vertices[2]
    apart = unfold(vertices, faces)
    assert np.linalg.norm(apart[0] - apart[2]) > 0.01
    assert (apart[[1, 3, 4, 5]] == vertices[[1, 3, 4, 5]]).all()

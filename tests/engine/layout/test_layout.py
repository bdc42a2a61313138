# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes to work with: the criteria that the panel's validator checks, on shapes whose surface is known."""

import numpy as np
import pytest
import torch
import trimesh

from blender_pifu.engine.interfaces import Field
from blender_pifu.engine.layout import presets
from blender_pifu.engine.layout.closest import DenseSurface
from blender_pifu.engine.layout.crossings import crossing_faces, crossings_by_new
from blender_pifu.engine.layout.painted_mesh import PaintedMesh
from blender_pifu.engine.layout.repair import close, split_in_quads
from blender_pifu.engine.layout.thicken import LEAST_MM, PRINT_HEIGHT_MM
from blender_pifu.engine.layout.topologies import MOST_LOST_CM, TOPOLOGIES, Source
from blender_pifu.engine.surface.extraction import extract_surface
from blender_pifu.engine.surface.mesh import check_mesh, largest_component, split_quads, vertex_normals, volumes
from blender_pifu.engine.surface.stitching import valences
from helpers import analytic

RESOLUTION = 128


def surface_at(resolution, field=None):
    surface = extract_surface(field or analytic.person(), resolution)
    return largest_component(surface.vertices, surface.faces)


def lay_out(dense, topology, resolution=RESOLUTION, waiting=lambda: None):
    return TOPOLOGIES[topology].make(Source(dense, None, resolution, surface_at, None, None), waiting)


@pytest.fixture(scope="module")
def dense():
    vertices, faces = surface_at(RESOLUTION)
    normals = vertex_normals(vertices, faces)
    return PaintedMesh(vertices, faces, normals, ((normals + 1) * 127).astype(np.uint8))


@pytest.fixture(scope="module")
def laid(dense):
    return {topology: lay_out(dense, topology) for topology in presets.QUADS}


def check_criteria(shape, count):
    triangles, _ = split_quads(shape.faces)
    check = check_mesh(shape.faces)
    assert (check.boundary_edges, check.nonmanifold_edges, check.components) == (0, 0, 1)
    assert volumes(shape.vertices, triangles).sum() > 0
    assert abs(len(shape.faces) - count) <= 0.1 * count
    assert (shape.faces[:, 3] >= 0).mean() >= 0.95
    a, b, c = shape.vertices[triangles].astype(float).transpose(1, 0, 2)
    assert np.linalg.norm(np.cross(b - a, c - a), axis=1).min() > 1e-12
    assert crossing_faces(shape.vertices, triangles).sum() <= 0.001 * len(shape.faces)
    assert valences(shape.faces, len(shape.vertices)).max() <= 6
    assert np.allclose(np.linalg.norm(shape.normals, axis=1), 1, atol=1e-4)


@pytest.mark.parametrize("topology", ["standard", "game"])
def test_quads_are_one_closed_piece_on_the_surface_with_head_and_hands(dense, laid, topology):
    shape = laid[topology].mesh
    check_criteria(shape, presets.QUADS[topology])
    assert laid[topology].about["quads"] >= 0.95
    light = DenseSurface(shape.vertices, split_quads(shape.faces)[0], shape.normals)
    away = np.linalg.norm(light.nearest(dense.vertices, dense.normals) - dense.vertices, axis=1)
    # The thinnest fingers, one lattice step across here, may be lost; hands may not.
    lost_cm = np.quantile(away, 0.999) / np.ptp(dense.vertices[:, 1]) * 170
    assert bool(laid[topology].notes) == (lost_cm > MOST_LOST_CM), "that fingers are lost is said"
    assert away.mean() < 0.002 and np.quantile(away, 0.98) < 2 / RESOLUTION
    assert np.linalg.norm(shape.vertices - [0.43, -0.15, 0.03], axis=1).min() < 0.04
    assert np.abs(shape.colors.astype(int) - (shape.normals + 1) * 127).mean() < 6


@pytest.mark.parametrize("share", [0.001, 0.03, 0.4])
def test_what_lies_farthest_is_found_without_asking_for_all(share):
    made = trimesh.creation.icosphere(3)
    surface = DenseSurface(made.vertices, made.faces, made.vertex_normals)
    points = made.vertices * (1 + 0.3 * np.random.default_rng(1).random((len(made.vertices), 1)) ** 6)
    apart = np.linalg.norm(surface.nearest(points, made.vertex_normals) - points, axis=1)
    assert surface.away(points, made.vertex_normals, share) == np.quantile(apart, 1 - share)


def test_the_same_quads_come_out_twice(dense, laid):
    first, second = laid["game"].mesh, lay_out(dense, "game").mesh
    assert np.array_equal(first.vertices, second.vertices) and np.array_equal(first.faces, second.faces)


def test_quads_come_out_even_if_the_remesher_cannot_run(dense, monkeypatch):
    monkeypatch.setattr(presets, "instant_quads", lambda *_: None)
    shape = lay_out(dense, "game").mesh
    check_criteria(shape, presets.QUADS["game"])


def test_waiting_for_the_remesher_can_be_stopped(dense):
    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lay_out(dense, "game", waiting=stop)


def ball():
    vertices, faces = surface_at(16, analytic.CapsuleField([[(0, 0, 0), (0, 0.1, 0)]], [0.5]))
    return split_in_quads(vertices, faces)


def test_holes_pinches_and_fins_are_mended():
    vertices, quads = ball()
    assert check_mesh(quads).watertight
    holes = np.delete(quads, [0, 1, 2, 100, 101, 250, 300], axis=0)
    far = np.argmax(((vertices - vertices[holes[20, 0]]) ** 2).sum(1))
    pinched = np.where(holes == far, holes[20, 0], holes)  # two places of the ball joined in one vertex
    fin = np.array([[*quads[40][:2], quads[200][0], quads[200][1]]])
    vertices, faces = close(vertices, np.concatenate([pinched, fin]))
    check = check_mesh(faces)
    assert check.watertight and check.components == 1
    assert len(vertices) - len(faces) * 2 + len(faces) == pytest.approx(2, abs=2)
    assert (faces[:, 3] >= 0).mean() > 0.95
    assert volumes(vertices, split_quads(faces)[0]).sum() > 0


def test_faces_that_cut_through_others_are_found():
    vertices, quads = ball()
    triangles, _ = split_quads(quads)
    assert not crossing_faces(vertices, triangles).any()
    moved = vertices.copy()
    tip = vertices[:, 1].argmax()
    moved[tip] = 0.02, -2, 0.013  # a spike through the whole ball
    crossing = crossing_faces(moved, triangles)
    assert crossing[(triangles == tip).any(1)].any() and crossing.sum() < 60


def test_crossings_are_those_of_all_pairs_whatever_their_sizes():
    rng = np.random.default_rng(0)
    sizes = np.repeat(2.0 ** rng.integers(-9, 1, 40), 3)[:, None]
    points = np.repeat(rng.uniform(-0.4, 0.4, (40, 3)) ** 3, 3, axis=0) + sizes * rng.normal(0, 0.5, (120, 3))
    triangles = np.arange(120).reshape(-1, 3)
    pairs = [(i, j) for i in range(40) for j in range(i) if crossing_faces(points, triangles[[i, j]]).all()]
    crossed = np.isin(np.arange(40), pairs)
    assert 10 < crossed.sum() < 35
    assert np.array_equal(crossing_faces(points, triangles), crossed)
    before = crossing_faces(points, triangles[:25]).sum()
    assert crossings_by_new(points, triangles, 25, np.ones(120, bool)) == crossed.sum() - before > 0


class Board(Field):
    """A standing board, thinner than can be printed, on a thick foot."""

    device = torch.device("cpu")

    def support(self, xy):
        return (xy[:, 0].abs() < 0.2) & (xy[:, 1].abs() < 0.92)

    def query_columns(self, xy, column, z):
        x, y = xy[column].unbind(-1)
        board = torch.stack([x.abs() - 0.15, y.abs() - 0.9, z.abs() - 0.0045]).amax(0)
        foot = torch.stack([x.abs() - 0.15, (y + 0.8).abs() - 0.1, z.abs() - 0.05]).amax(0)
        return torch.sigmoid(-200 * torch.minimum(board, foot))


def test_thin_walls_are_made_thick_enough_to_print():
    vertices, faces = surface_at(256, Board())
    normals = vertex_normals(vertices, faces)
    thin = PaintedMesh(vertices, faces, normals, np.zeros((len(vertices), 3), np.uint8))
    printable = lay_out(thin, "print", 256)
    shape = printable.mesh
    check = check_mesh(shape.faces)
    assert check.watertight and check.components == 1
    assert not crossing_faces(shape.vertices, shape.faces).any()
    mm = PRINT_HEIGHT_MM / 1.8
    middle = np.abs(shape.vertices[:, 2][(np.abs(shape.vertices[:, :2]) < 0.1).all(1)])
    assert 2 * 0.0045 * mm < 0.95 < LEAST_MM <= 2 * middle.min() * mm < 1.3 * LEAST_MM
    assert printable.about["least_wall_mm"] > 0.9 * LEAST_MM
    foot = shape.vertices[shape.vertices[:, 1] < -0.75]
    assert np.isclose(np.abs(foot[:, 2]).max(), 0.05, atol=0.004)

# SPDX-License-Identifier: GPL-3.0-or-later
"""The surface is closed, 2-manifold, and the one that dense marching cubes gives, from few evaluations."""

import numpy as np
import pytest
import torch
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from blender_pifu.engine.errors import Cancelled, EngineError
from blender_pifu.engine.interfaces import Field
from blender_pifu.engine.surface import marching_cubes
from blender_pifu.engine.surface.extraction import extract_surface
from blender_pifu.engine.surface.mesh import check_mesh, largest_component, volumes
from blender_pifu.training.fields.dense import dense_surface
from helpers import analytic


def fans(faces):
    """How many separate fans of faces the vertices have in all: as many as vertices on a 2-manifold."""
    corner = np.arange(faces.size)
    start, end = faces.ravel().astype(np.int64), np.roll(faces, -1, axis=1).ravel().astype(np.int64)
    size = int(faces.max()) + 1
    following = (corner // 3) * 3 + (corner + 1) % 3
    order = np.argsort(start * size + end)
    reverse = order[np.searchsorted((start * size + end)[order], end * size + start)]
    # Across an edge, its end's corner in this face meets the start's corner in the face on the other side.
    graph = coo_matrix((np.ones(faces.size), (following, reverse)), shape=(faces.size, faces.size))
    return connected_components(graph, directed=False)[0]


def areas(vertices, faces):
    a, b, c = vertices[faces].astype(np.float64).transpose(1, 0, 2)
    return np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2


def assert_solid(vertices, faces):
    check = check_mesh(faces)
    assert (check.boundary_edges, check.nonmanifold_edges) == (0, 0)
    assert check.watertight
    assert fans(faces) == len(vertices)
    assert areas(vertices, faces).min() > 0


def test_all_cases_match_across_every_face():
    for axis in range(3):
        low, high = marching_cubes.FACES[2 * axis], marching_cubes.FACES[2 * axis + 1]
        shift = {
            edge: marching_cubes.EDGE_BETWEEN[frozenset((corner | 1 << axis, corner | 1 << axis | 1 << other))]
            for edge, (corner, other) in enumerate(marching_cubes.EDGES)
            if other != axis and not corner >> axis & 1
        }
        for case in range(256):
            this_side = marching_cubes.face_segments(case, high)
            shared = [corner for corner in range(8) if case >> corner & 1 and corner >> axis & 1]
            beyond = sum(1 << (corner & ~(1 << axis)) for corner in shared)
            other_side = [(shift[b], shift[a]) for a, b in marching_cubes.face_segments(beyond, low)]
            assert sorted(this_side) == sorted(other_side)


def test_the_triangles_of_each_case_fill_its_loops_and_have_no_inner_edge_on_a_face():
    for case, triangles in enumerate(marching_cubes.case_triangles()):
        edges = [(t[i], t[(i + 1) % 3]) for t in triangles for i in range(3)]
        assert len(set(edges)) == len(edges)
        open_edges = {(a, b) for a, b in edges if (b, a) not in edges}
        loops = marching_cubes.case_loops(case)
        assert open_edges == {(loop[i - 1], loop[i]) for loop in loops for i in range(len(loop))}
        for a, b in set(edges) - open_edges:
            assert not marching_cubes.EDGE_FACES[a] & marching_cubes.EDGE_FACES[b]


@pytest.mark.parametrize("seed", range(4))
def test_random_volumes_give_closed_manifolds(seed):
    volume = np.random.default_rng(seed).random((20, 20, 20), np.float32)
    vertices, faces = dense_surface(analytic.VolumeField(volume), 20)
    assert_solid(vertices, faces)


def test_values_exactly_at_the_level_give_no_degenerate_faces():
    volume = np.random.default_rng(5).choice(np.array([0, 0.5, 1], np.float32), (16, 16, 16))
    assert_solid(*dense_surface(analytic.VolumeField(volume), 16))


def test_a_single_point_inside_becomes_an_outward_octahedron_round_it():
    volume = np.zeros((8, 8, 8), np.float32)
    volume[3, 4, 5] = 1
    surface = extract_surface(analytic.VolumeField(volume), 8, refine=False)
    assert len(surface.vertices) == 6
    assert np.allclose(surface.vertices.mean(0), np.array([3, 4, 5]) / 4 - 1, atol=1e-6)
    assert np.isclose(volumes(surface.vertices, surface.faces).sum() / 6, 4 / 3 * 0.125**3)


def test_a_full_field_closes_at_the_border_of_the_crop():
    surface = extract_surface(analytic.VolumeField(np.ones((32, 32, 32), np.float32)), 32, refine=False)
    assert_solid(surface.vertices, surface.faces)
    assert np.allclose(surface.vertices.min(0), -1 - 1 / 32)
    assert volumes(surface.vertices, surface.faces).sum() > 0


def test_an_empty_field_gives_an_empty_surface():
    surface = extract_surface(analytic.VolumeField(np.zeros((32, 32, 32), np.float32)), 32, refine=False)
    assert surface.vertices.shape == (0, 3)
    assert surface.faces.shape == (0, 3)


# Refinement included; dense would be 2.1, 16.8 and 134 million.
@pytest.mark.parametrize(("resolution", "most"), [(128, 45_000), (256, 150_000), (512, 560_000)])
def test_a_person_with_fingers_takes_few_evaluations(resolution, most):
    field = analytic.person()
    surface = extract_surface(field, resolution)
    print(f"{resolution}: {surface.evaluations} evaluations, {len(surface.faces)} faces")
    assert surface.evaluations == field.asked
    assert surface.evaluations < most
    assert_solid(surface.vertices, surface.faces)


@pytest.mark.parametrize(("resolution", "sharpness"), [(128, 60), (256, 60), (128, 5000)])
def test_sparse_equals_dense_on_a_person_with_fingers(resolution, sharpness):
    field = analytic.person(sharpness=sharpness)
    surface = extract_surface(field, resolution, refine=False)
    vertices, faces = largest_component(*dense_surface(field, resolution))
    sparse_vertices, sparse_faces = largest_component(surface.vertices, surface.faces)
    assert np.array_equal(sparse_faces, faces)
    assert np.array_equal(sparse_vertices, vertices)


def test_sparse_equals_dense_where_the_support_cuts_the_body():
    field = analytic.person(reach=-0.004)
    surface = extract_surface(field, 128, refine=False)
    vertices, faces = largest_component(*dense_surface(field, 128))
    sparse_vertices, sparse_faces = largest_component(surface.vertices, surface.faces)
    assert np.array_equal(sparse_faces, faces)
    assert np.array_equal(sparse_vertices, vertices)
    assert_solid(surface.vertices, surface.faces)


def test_every_piece_that_the_start_lattice_meets_comes_out_whole():
    rng = np.random.default_rng(0)
    coarse = rng.random((8, 8, 8), np.float32)
    volume = coarse.repeat(8, 0).repeat(8, 1).repeat(8, 2) + 0.2 * rng.random((64, 64, 64), np.float32) - 0.1
    surface = extract_surface(analytic.VolumeField(volume), 64, refine=False)
    vertices, faces = dense_surface(analytic.VolumeField(volume), 64)
    whole = {tuple(vertex) for vertex in vertices}
    assert {tuple(vertex) for vertex in surface.vertices} <= whole
    assert_solid(surface.vertices, surface.faces)
    a, b = largest_component(vertices, faces), largest_component(surface.vertices, surface.faces)
    assert np.array_equal(a[0], b[0])
    assert np.array_equal(a[1], b[1])


def test_progress_rises_and_may_stop_the_work():
    seen = []
    extract_surface(analytic.person(), 128, seen.append)
    assert len(seen) > 3
    assert seen == sorted(seen)
    assert 0 <= seen[0] and seen[-1] < 1

    def stop(_):
        raise Cancelled("Cancelled.")

    with pytest.raises(Cancelled):
        extract_surface(analytic.person(), 128, stop)


def test_a_model_that_answers_nan_is_named_as_broken():
    with pytest.raises(EngineError, match="not numbers"):
        extract_surface(analytic.VolumeField(np.full((32, 32, 32), np.nan, np.float32)), 32)


class SteepBall(Field):
    """A ball of radius 0.5 whose logit bends within a cell: the case that shows terraces."""

    device = torch.device("cpu")

    def support(self, xy):
        return torch.ones(len(xy), dtype=torch.bool)

    def query_columns(self, xy, column, z):
        under = 0.5 - torch.sqrt((xy[column] ** 2).sum(1) + z**2)
        return torch.sigmoid(8 * torch.tanh(60 * (under + 0.01)) - 8 * np.tanh(0.6))


def test_asking_once_more_at_vertices_between_lattice_points_brings_them_to_the_level():
    plain, refined = (extract_surface(SteepBall(), 64, refine=refine) for refine in (False, True))
    off = [np.abs(np.linalg.norm(surface.vertices, axis=1) - 0.5).mean() for surface in (plain, refined)]
    assert np.array_equal(plain.faces, refined.faces)
    assert off[1] < 0.4 * off[0]
    asked = refined.evaluations - plain.evaluations
    assert 0.3 < asked / len(plain.vertices) < 0.5


class CrampedField(analytic.CapsuleField):
    """A field on a device whose memory lasts for `room` points."""

    def __init__(self, room):
        self.__dict__.update(analytic.person().__dict__)
        self.room = room

    def query_columns(self, xy, column, z):
        if len(z) > self.room:
            raise torch.OutOfMemoryError(f"CUDA out of memory. Tried to allocate {len(z)} points.")
        return super().query_columns(xy, column, z)


def test_where_memory_runs_out_smaller_chunks_do():
    wanted, found = (extract_surface(field, 64) for field in (analytic.person(), CrampedField(1500)))
    assert found.in_small_blocks and not wanted.in_small_blocks
    assert found.evaluations == wanted.evaluations
    assert np.array_equal(found.vertices, wanted.vertices) and np.array_equal(found.faces, wanted.faces)


def test_memory_that_does_not_last_for_the_smallest_chunk_is_given_up():
    with pytest.raises(torch.OutOfMemoryError):
        extract_surface(CrampedField(500), 64)

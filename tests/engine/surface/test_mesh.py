# SPDX-License-Identifier: GPL-3.0-or-later
"""The mesh an artist gets: one closed piece, outward, in metres, standing on the ground."""

import numpy as np
import pytest

from blender_pifu.engine.surface.extraction import extract_surface
from blender_pifu.engine.surface.mesh import (
    camera_tilt,
    check_mesh,
    largest_component,
    placing,
    tilt_back,
    turn_to_blender,
    vertex_normals,
    volumes,
)
from blender_pifu.training.fields.dense import dense_surface
from helpers import analytic

TETRAHEDRON = np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [2, 0, 3]], np.int32)


@pytest.fixture(scope="module")
def body():
    surface = extract_surface(analytic.person(), 128)
    return surface.vertices, surface.faces


def test_a_tetrahedron_is_watertight_and_a_hole_is_counted():
    assert check_mesh(TETRAHEDRON).watertight
    check = check_mesh(TETRAHEDRON[:3])
    assert (check.boundary_edges, check.components, check.watertight) == (3, 1, False)


def test_a_face_turned_over_is_not_watertight():
    faces = TETRAHEDRON.copy()
    faces[0] = faces[0][::-1]
    assert check_mesh(faces).nonmanifold_edges == 3


def test_two_solids_that_share_an_edge_are_non_manifold_there():
    other = np.array([0, 1, 4, 5], np.int32)[TETRAHEDRON]
    check = check_mesh(np.concatenate([TETRAHEDRON, other]))
    assert (check.nonmanifold_edges, check.boundary_edges) == (1, 0)


def test_an_empty_mesh_is_not_watertight():
    assert not check_mesh(np.empty((0, 3), np.int32)).watertight


def test_the_largest_component_is_kept_and_cavities_and_crumbs_go():
    size = 48
    grid = np.stack(np.meshgrid(*[np.arange(size)] * 3, indexing="ij"), -1)

    def ball(center, radius):
        return np.linalg.norm(grid - center, axis=-1) < radius

    volume = ball((20, 24, 24), 15) & ~ball((20, 24, 24), 8) | ball((42, 10, 10), 4)
    vertices, faces = dense_surface(analytic.VolumeField(volume), len(volume))
    assert check_mesh(faces).components == 3
    kept, kept_faces = largest_component(vertices, faces)
    check = check_mesh(kept_faces)
    assert check.watertight
    assert check.components == 1
    assert kept_faces.max() + 1 == len(kept)
    assert np.isclose(volumes(kept, kept_faces).sum() / 6, 4 / 3 * np.pi * (15 * 2 / size) ** 3, rtol=0.05)


def test_normals_are_unit_and_point_outward():
    volume = np.linalg.norm(np.stack(np.meshgrid(*[np.arange(40)] * 3, indexing="ij"), -1) - 20, axis=-1)
    vertices, faces = dense_surface(analytic.VolumeField(1 / (1 + np.exp(volume - 12))), len(volume))
    normals = vertex_normals(vertices, faces)
    assert np.allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5)
    assert ((normals * vertices / np.linalg.norm(vertices, axis=1, keepdims=True)).sum(1) > 0.98).all()


def test_the_person_stands_between_its_feet_at_the_asked_height(body):
    vertices, faces = body
    placed = placing(vertices, 1.83)(vertices)
    assert placed.dtype == np.float32
    assert np.isclose(placed[:, 2].min(), 0)
    assert np.isclose(placed[:, 2].max(), 1.83)
    feet = placed[placed[:, 2] < 0.05]
    assert np.allclose(feet[:, :2].min(0), -feet[:, :2].max(0), atol=5e-3)
    assert volumes(placed, faces).sum() > 0


def test_the_person_faces_minus_y_and_keeps_its_right_and_left(body):
    vertices, _ = body
    placed = placing(vertices, 1.0)(vertices)
    toes, right = vertices[:, 2].argmax(), vertices[:, 0].argmax()
    assert placed[toes, 1] == placed[:, 1].min()
    assert placed[right, 0] == placed[:, 0].max()
    assert np.array_equal(
        turn_to_blender(np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0]])), [[0, -1, 0], [0, 0, 1], [1, 0, 0]]
    )


def cloud(middle):
    """A tube round the line x = 0, z = middle(y), y from -0.9 to 0.9."""
    y = np.repeat(np.linspace(-0.9, 0.9, 400), 40)
    angle = np.tile(np.linspace(0, 2 * np.pi, 40), 400)
    return np.stack([0.1 * np.cos(angle), y, middle(y) + 0.1 * np.sin(angle)], 1).astype(np.float32)


@pytest.mark.parametrize("degrees", [-8, 0, 12])
def test_who_stands_straight_before_a_tilted_camera_comes_out_upright(degrees):
    leaning = cloud(lambda y: np.tan(np.radians(degrees)) * y)
    tilt = camera_tilt(leaning)
    assert np.degrees(tilt) == pytest.approx(degrees, abs=0.5)
    upright = tilt_back(leaning, tilt)
    assert np.degrees(camera_tilt(upright)) == pytest.approx(0, abs=0.5)


@pytest.mark.parametrize("middle", [lambda y: 0.4 * np.sin(5 * y), lambda y: 0.9 * y], ids=["bent", "lying back"])
def test_who_bends_or_leans_far_is_left_as_they_are(middle):
    assert camera_tilt(cloud(middle)) == 0

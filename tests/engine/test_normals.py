# SPDX-License-Identifier: GPL-3.0-or-later
"""Normals by the field's slope are nearer to the truth than those of the faces, and cost no evaluation."""

import numpy as np
import pytest
import torch

import analytic
from blender_pifu.engine.mesh import vertex_normals
from blender_pifu.engine.normals import best_normals
from blender_pifu.engine.surface import extract_surface


def angles(normals, truth):
    return np.degrees(np.arccos(np.clip(np.einsum("vi,vi->v", normals, truth), -1, 1)))


def slope(field, vertices):
    """Outward unit normals of an analytic body."""
    points, moves = torch.from_numpy(vertices).double(), torch.eye(3, dtype=torch.float64) * 1e-4
    falls = [field._distance(points + move, 3) - field._distance(points - move, 3) for move in moves]
    falls = torch.stack(falls, 1)
    return (falls / falls.norm(dim=1, keepdim=True)).numpy()


@pytest.mark.parametrize("sharpness", [60, 400])
def test_normals_of_a_person_are_nearer_to_the_truth_than_those_of_its_faces(sharpness, capsys):
    field = analytic.person(sharpness=sharpness)
    surface = extract_surface(field, 256)
    truth = slope(field, surface.vertices)
    faces = angles(vertex_normals(surface.vertices, surface.faces), truth)
    best = angles(best_normals(surface.vertices, surface.faces, surface.normals), truth)
    with capsys.disabled():
        print(f"\nnormals off by {best.mean():.2f} degrees on average, by the faces {faces.mean():.2f}")
    assert best.mean() < 0.7 * faces.mean()
    assert np.percentile(best, 90) < np.percentile(faces, 90)
    assert np.allclose(np.linalg.norm(best_normals(surface.vertices, surface.faces, surface.normals), axis=1), 1)


def test_where_the_field_ends_the_faces_give_the_normal():
    surface = extract_surface(analytic.VolumeField(np.full((32, 32, 32), 0.9, np.float32)), 32)
    normals = best_normals(surface.vertices, surface.faces, surface.normals)
    assert np.allclose(np.linalg.norm(normals, axis=1), 1, atol=1e-5)
    top = (surface.vertices[:, 1] > 0.95) & (np.abs(surface.vertices[:, [0, 2]]).max(1) < 0.8)
    assert (normals[top, 1] > 0.99).all()

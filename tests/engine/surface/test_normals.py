# SPDX-License-Identifier: GPL-3.0-or-later
"""Normals of the dense surface follow the body, not the lattice."""

import numpy as np
import pytest
import torch

from blender_pifu.engine.surface.extraction import extract_surface
from blender_pifu.engine.surface.mesh import vertex_normals
from blender_pifu.engine.surface.normals import smooth_normals
from helpers import analytic


def angles(normals, truth):
    return np.degrees(np.arccos(np.clip(np.einsum("vi,vi->v", normals, truth), -1, 1)))


def slope(field, vertices):
    """Outward unit normals of an analytic body."""
    points, moves = torch.from_numpy(vertices).double(), torch.eye(3, dtype=torch.float64) * 1e-4
    falls = [field._distance(points + move, 3) - field._distance(points - move, 3) for move in moves]
    falls = torch.stack(falls, 1)
    return (falls / falls.norm(dim=1, keepdim=True)).numpy()


@pytest.mark.parametrize("sharpness", [60, 400])
def test_normals_of_a_person_are_nearer_to_the_truth_than_the_plain_means_of_its_faces(sharpness, capsys):
    field = analytic.person(sharpness=sharpness)
    surface = extract_surface(field, 256)
    truth = slope(field, surface.vertices)
    plain = angles(vertex_normals(surface.vertices, surface.faces), truth)
    smooth = angles(smooth_normals(surface.vertices, surface.faces), truth)
    with capsys.disabled():
        print(f"\nnormals off by {smooth.mean():.2f} degrees on average, by plain means {plain.mean():.2f}")
    assert smooth.mean() < plain.mean()
    assert np.allclose(np.linalg.norm(smooth_normals(surface.vertices, surface.faces), axis=1), 1)


def test_flat_walls_have_the_normals_of_their_faces():
    surface = extract_surface(analytic.VolumeField(np.full((32, 32, 32), 0.9, np.float32)), 32)
    normals = smooth_normals(surface.vertices, surface.faces)
    top = (surface.vertices[:, 1] > 0.95) & (np.abs(surface.vertices[:, [0, 2]]).max(1) < 0.8)
    assert (normals[top, 1] > 0.99).all()

# SPDX-License-Identifier: GPL-3.0-or-later
"""What the photo sees edge-on is even; what faces the camera, thin fingers and the size of the body stay."""

import numpy as np
import pytest
import torch
from igl.copyleft.cgal import remesh_self_intersections

from blender_pifu.engine import cores
from blender_pifu.engine.surface import fairing
from blender_pifu.engine.surface.extraction import extract_surface
from blender_pifu.engine.surface.fairing import fair_walls
from blender_pifu.engine.surface.mesh import volumes
from blender_pifu.engine.surface.normals import smooth_normals
from helpers import analytic

RESOLUTION = 256


@pytest.fixture(scope="module")
def body():
    """The field and its surface's vertices and faces."""
    field = analytic.person()
    surface = extract_surface(field, RESOLUTION)
    return field, surface.vertices, surface.faces


def cells_off(field, vertices):
    """(V,) how far outside the true surface vertices lie, in cells."""
    return field._distance(torch.from_numpy(vertices).double(), 3).numpy() * RESOLUTION / 2


def test_noise_on_walls_goes_and_what_faces_the_camera_stays(body):
    field, vertices, faces = body
    normals = smooth_normals(vertices, faces)
    wall = np.abs(normals[:, 2]) < 0.3
    noise = np.random.default_rng(0).normal(0, 0.2, len(vertices)) * wall * 2 / RESOLUTION
    rough = (vertices + normals * noise[:, None]).astype(np.float32)
    even = fair_walls(rough, faces)
    before, after = (np.sqrt(np.mean(cells_off(field, v)[wall] ** 2)) for v in (rough, even))
    assert after < before / 2, f"walls are {after:.3f} cells off, {before:.3f} before"
    chest = (np.abs(vertices[:, 0]) < 0.05) & (vertices[:, 1] > 0.1) & (vertices[:, 1] < 0.4)
    assert chest.sum() > 100 and np.array_equal(even[chest], vertices[chest])
    assert even.dtype == np.float32


def test_a_smooth_body_keeps_its_size_and_its_fingers(body):
    field, vertices, faces = body
    even = fair_walls(vertices, faces)
    assert abs(volumes(even, faces).sum() / volumes(vertices, faces).sum() - 1) < 0.001
    fingers = (np.abs(vertices[:, 0]) > 0.43) & (vertices[:, 1] < -0.12)
    assert abs(cells_off(field, even)[fingers].mean()) < 0.05
    assert np.sqrt(np.mean(cells_off(field, even) ** 2)) < 0.05


@pytest.mark.parametrize("resolution", [128, RESOLUTION])
def test_no_face_runs_through_another(resolution):
    surface = extract_surface(analytic.person(), resolution)
    even = fair_walls(surface.vertices, surface.faces)
    pairs = remesh_self_intersections(even.astype(np.float64), surface.faces.astype(np.int64), detect_only=True)[2]
    assert len(pairs) == 0


def test_walls_are_the_same_moved_in_parts_by_two_threads(body, monkeypatch):
    _, vertices, faces = body
    whole = fair_walls(vertices, faces)
    monkeypatch.setattr(fairing, "ROWS", 700)
    monkeypatch.setattr(cores.FreeCores, "threads", 2)
    assert not np.array_equal(whole, vertices) and np.array_equal(fair_walls(vertices, faces), whole)

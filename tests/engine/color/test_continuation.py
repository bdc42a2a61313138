# SPDX-License-Identifier: GPL-3.0-or-later
"""The photo's fine texture goes on round the sides, but not farther, and no face with it."""

import numpy as np
import pytest

from blender_pifu.engine.color.continuation import FAR, FineTexture, alike, find_ways
from blender_pifu.engine.reading.landmarks import Landmark as L
from blender_pifu.engine.surface.extraction import extract_surface
from blender_pifu.engine.surface.mesh import largest_component, vertex_normals
from helpers import analytic

SIZE, PERIOD, RADIUS = 512, 0.05, 0.2
PLAIN = np.array([0.6, 0.3, 0.3])


@pytest.fixture(scope="module")
def trunk():
    """Vertices, faces, normals and how far the camera sees each."""
    surface = extract_surface(analytic.CapsuleField([((0, 0.5, 0), (0, -0.5, 0))], [RADIUS]), 160)
    vertices, faces = largest_component(surface.vertices, surface.faces)
    normals = vertex_normals(vertices, faces)
    return vertices, faces, normals, np.float64(normals[:, 2] > 0.5)


def stripes(y):
    return 0.08 * np.sin(2 * np.pi * y / PERIOD)


@pytest.fixture(scope="module")
def photo():
    x, y = (np.arange(SIZE) + 0.5) / SIZE * 2 - 1, 1 - (np.arange(SIZE) + 0.5) / SIZE * 2
    matte = (np.abs(x)[None] < RADIUS) & (np.abs(y)[:, None] < 0.6)
    colors = PLAIN + stripes(y)[:, None, None] * np.ones((1, SIZE, 1))
    return np.dstack([colors, matte]).astype(np.float32)


def test_stripes_go_on_round_the_sides_and_keep_their_scale(trunk, photo):
    vertices, faces, normals, seen = trunk
    fine = FineTexture(photo)
    ways = find_ways(vertices, faces, normals, seen, fine)
    side = (np.abs(vertices[:, 1]) < 0.4) & (normals[:, 2] < 0.45) & (normals[:, 2] > 0.2)
    texture = ways.sure[side] * fine.at(ways.places[side]).mean(1)
    true = stripes(vertices[side, 1])
    assert (texture * true).sum() / (true**2).sum() > 0.5
    assert (alike(np.tile(PLAIN, (side.sum(), 1)), fine.coarse(ways.places[side])) > 0.9).all()


def test_it_ends_before_the_back(trunk, photo):
    vertices, faces, normals, seen = trunk
    ways = find_ways(vertices, faces, normals, seen, FineTexture(photo))
    from_edge = RADIUS * (np.arccos(normals[:, 2].clip(-1, 1)) - np.arccos(0.5))
    straight = np.abs(vertices[:, 1]) < 0.4
    assert not ways.sure[straight & (from_edge > 1.1 * FAR[1])].any()
    assert not ways.sure[seen > 0].any()


def test_no_face_goes_on(photo):
    landmarks = np.zeros((33, 4), np.float32)
    landmarks[[L.LEFT_EYE, L.RIGHT_EYE], 1] = 0.5
    landmarks[[L.MOUTH_LEFT, L.MOUTH_RIGHT], 1] = 0.4
    places = np.array([[0, 0.45], [0.1, 0.45], [0.3, 0.45]])
    assert FineTexture(photo, landmarks).beside_face(places).tolist() == [0, 0, 1]
    assert FineTexture(photo).beside_face(places).tolist() == [1, 1, 1]

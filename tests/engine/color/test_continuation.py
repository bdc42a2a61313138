# SPDX-License-Identifier: GPL-3.0-or-later
"""The photo's fine texture goes on round the sides, but not farther, and no face with it."""

import numpy as np
import pytest

from blender_pifu.engine.color.continuation import FAR, FineTexture, alike, find_ways
from blender_pifu.engine.color.regions import REGIONS, Regions
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
    assert not ways.sure[normals[:, 2] > 0.55].any(), "what is seen needs none, but at its edge"


def test_places_beside_each_other_take_texture_from_beside_each_other(trunk, photo):
    vertices, faces, normals, seen = trunk
    ways = find_ways(vertices, faces, normals, seen, FineTexture(photo))
    ends = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    ends = ends[(ways.sure[ends] > 0.1).all(1) & (np.abs(vertices[ends, 1]) < 0.4).all(1)]
    assert (seen[ends].sum(1) == 1).any(), "also across the edge of what is seen"
    apart, taken = (np.linalg.norm(np.diff(of[ends], axis=1)[:, 0], axis=1) for of in (vertices, ways.places))
    assert np.quantile(taken / apart, 0.99) < 1.6
    upright = np.abs(ways.places[ends[:, 0], 1] - vertices[ends[:, 0], 1])
    assert np.quantile(upright, 0.95) < 0.2 * PERIOD


def test_nothing_goes_on_from_another_region(trunk, photo):
    vertices, faces, normals, seen = trunk
    front = np.zeros((SIZE, SIZE, len(REGIONS)), np.float32)
    front[..., REGIONS["upper"]] = 1
    middle = np.s_[:, int(0.47 * SIZE) : int(0.53 * SIZE)]  # as a bare arm before a trunk, of the same tone
    front[middle] = np.eye(len(REGIONS))[REGIONS["skin"]]
    fine = FineTexture(photo, None, Regions(front, front))
    ways = find_ways(vertices, faces, normals, seen, fine)
    taken = ways.places[(ways.sure > 0.1) & (np.abs(vertices[:, 1]) < 0.4)]
    assert len(taken) and (fine.region(taken) == REGIONS["upper"]).all()


def test_no_face_goes_on(photo):
    landmarks = np.zeros((33, 4), np.float32)
    landmarks[[L.LEFT_EYE, L.RIGHT_EYE], 1] = 0.5
    landmarks[[L.MOUTH_LEFT, L.MOUTH_RIGHT], 1] = 0.4
    places = np.array([[0, 0.45], [0.1, 0.45], [0.3, 0.45]])
    assert FineTexture(photo, landmarks).beside_face(places).tolist() == [0, 0, 1]
    assert FineTexture(photo).beside_face(places).tolist() == [1, 1, 1]

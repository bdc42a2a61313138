# SPDX-License-Identifier: GPL-3.0-or-later
"""Each face is of the material slot of what it shows."""

import numpy as np
import pytest

from blender_pifu.engine.color.regions import REGIONS, Regions
from blender_pifu.engine.crop_space import pixel_centres
from blender_pifu.engine.layout.material_slots import slots_of
from blender_pifu.engine.layout.painted_mesh import PaintedMesh
from blender_pifu.engine.layout.region_shares import region_shares
from blender_pifu.engine.surface.mesh import vertex_normals

SIZE, ROWS, ROUND = 64, 40, 24
X, Y = pixel_centres(SIZE)


@pytest.fixture(scope="module")
def pillar():
    """A closed pillar of quads, with triangles at its ends."""
    angle, high = np.meshgrid(np.arange(ROUND) / ROUND * 2 * np.pi, np.linspace(-0.9, 0.9, ROWS))
    ring = np.stack([0.3 * np.sin(angle), high, 0.3 * np.cos(angle)], -1).reshape(-1, 3)
    vertices = np.concatenate([ring, [[0, -0.95, 0], [0, 0.95, 0]]]).astype(np.float32)
    at = np.arange(ROWS * ROUND).reshape(ROWS, ROUND)
    ahead = np.roll(at, -1, 1)
    walls = np.stack([at[:-1], ahead[:-1], ahead[1:], at[1:]], -1).reshape(-1, 4)
    none = np.full(ROUND, -1)
    low = np.stack([ahead[0], at[0], np.full(ROUND, ROWS * ROUND), none], 1)
    top = np.stack([at[-1], ahead[-1], np.full(ROUND, ROWS * ROUND + 1), none], 1)
    faces = np.concatenate([walls, low, top]).astype(np.int32)
    triangles = np.concatenate([faces[:, :3], walls[:, [0, 2, 3]]])
    return PaintedMesh(vertices, faces, vertex_normals(vertices, triangles), np.zeros((len(vertices), 3), np.uint8))


def regions(front, back=None):
    return Regions(*(np.eye(len(REGIONS), dtype=np.float32)[each] for each in (front, front if back is None else back)))


def middles(mesh):
    corners = np.where(mesh.faces >= 0, mesh.faces, mesh.faces[:, :1])
    return mesh.vertices[corners].mean(1)


def names_of(slots):
    return np.array(slots.names)[slots.faces]


def test_shirt_and_trousers_have_slots_of_their_own_on_both_sides(pillar):
    told = np.where(Y > 0, REGIONS["upper"], REGIONS["lower"])
    behind = np.where(Y > 0.3, REGIONS["upper"], REGIONS["lower"])
    slots = slots_of(pillar, region_shares(pillar, regions(told, behind)))
    assert slots.names == ("Upper Garment", "Lower Garment") and slots.faces.dtype == np.uint8
    places, names = middles(pillar), names_of(slots)
    front, back = (sign * places[:, 2] > 0.2 for sign in (1, -1))
    assert (names[front & (places[:, 1] > 0.1)] == "Upper Garment").all()
    assert (names[front & (places[:, 1] < -0.1)] == "Lower Garment").all()
    assert (names[back & (places[:, 1] < 0.2)] == "Lower Garment").all()


def test_a_speck_is_of_what_is_about_it(pillar):
    speck = np.hypot(X, Y - 0.4) < 0.05
    told = np.where(speck, REGIONS["skin"], REGIONS["upper"])
    assert slots_of(pillar, region_shares(pillar, regions(told))).names == ("Upper Garment",)


def test_a_head_that_was_put_on_is_skin_and_hair_whatever_the_photo_tells(pillar):
    bare = (pillar.vertices[:, 1] > 0.5).astype(float)
    grown = np.where(pillar.vertices[:, 1] > 0.7, 1.0, -1.0)
    slots = slots_of(pillar, region_shares(pillar, regions(np.full((SIZE, SIZE), REGIONS["upper"])), bare, grown))
    high, names = middles(pillar)[:, 1], names_of(slots)
    assert (names[high > 0.78] == "Hair").all() and (names[high < 0.4] == "Upper Garment").all()
    assert (names[(high > 0.55) & (high < 0.62)] == "Skin").all()

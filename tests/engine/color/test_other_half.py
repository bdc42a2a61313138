# SPDX-License-Identifier: GPL-3.0-or-later
"""The half of a face that the photo does not show is as the one it shows."""

import numpy as np
import pytest

from blender_pifu.engine.color.other_half import other_half
from blender_pifu.engine.color.painting import Scalp, paint
from blender_pifu.engine.color.regions import REGIONS, Regions
from blender_pifu.engine.surface.extraction import extract_surface
from blender_pifu.engine.surface.mesh import largest_component, vertex_normals
from helpers import analytic

FACE, GLASSES = (0.8, 0.6, 0.5), (0.1, 0.1, 0.2)


@pytest.fixture(scope="module")
def face():
    """A surface that rests as a face does: vertices, faces, normals, and its Scalp."""
    surface = extract_surface(analytic.person(), 128)
    vertices, faces = largest_component(surface.vertices, surface.faces)
    rest = vertices * 0.1 + (0, 0.7, 0)
    return vertices, faces, vertex_normals(vertices, faces), Scalp(np.zeros(len(vertices)), rest, 1.0)


def test_each_place_has_the_one_opposite(face):
    vertices, _, normals, scalp = face
    half = other_half(vertices, normals, scalp, None)
    whole = half.share > 0.99
    assert whole.mean() > 0.95
    np.testing.assert_allclose(half.places[whole], vertices[whole] * (-1, 1, 1), atol=1e-3)


def test_hair_throat_and_hands_have_none(face):
    vertices, _, normals, scalp = face
    upper = vertices[:, 1] > 0
    grown = Scalp(np.where(upper, 1.0, 0.0), scalp.rest, 1.0)
    assert not other_half(vertices, normals, grown, None).share[upper].any()
    below = Scalp(scalp.grown, scalp.rest - (0, 0.3, 0), 1.0)
    assert other_half(vertices, normals, below, None) is None
    assert other_half(vertices, normals, Scalp(scalp.grown, scalp.rest, 1.0, faceless=True), None) is None


def test_a_lock_of_hair_is_not_on_the_other_half(face):
    vertices, _, normals, scalp = face
    shares = np.zeros((64, 64, len(REGIONS)), np.float32)
    shares[..., REGIONS["skin"]] = 1
    shares[:, :32] = np.eye(len(REGIONS), dtype=np.float32)[REGIONS["hair"]]
    share = other_half(vertices, normals, scalp, Regions(shares, shares)).share
    assert not share[vertices[:, 0] > 0.1].any() and share[vertices[:, 0] < -0.1].all()


def test_what_a_turned_head_hides_is_painted_as_what_it_shows(face):
    """Only the left half is in the picture: glasses at its side are at the right one's, too."""
    vertices, faces, normals, scalp = face
    x = (np.arange(256) + 0.5) / 128 - 1
    photo = np.ones((256, 256, 4), np.float32)
    photo[..., :3] = np.where((x < -0.15)[:, None], GLASSES, FACE)
    photo[:, x > 0.02, 3] = 0
    side = (vertices[:, 0] > 0.2) & (normals[:, 2] > 0.7)
    assert side.any()
    without, with_half = (
        paint(vertices, faces, normals, 2 / 128, photo, scalp=told).colors[side] / 255 for told in (None, scalp)
    )
    assert np.abs(without - GLASSES).mean() > 0.2
    assert np.abs(with_half - GLASSES).mean() < 0.05

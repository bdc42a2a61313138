# SPDX-License-Identifier: GPL-3.0-or-later
"""What a camera bends comes out straight, and the photo still falls on it."""

from types import SimpleNamespace

import numpy as np
import pytest

from blender_pifu.engine.reading.crop import Crop
from blender_pifu.engine.subject.lens import Lens, lens_of, usual_lens
from blender_pifu.engine.surface.mesh import vertex_normals
from blender_pifu.training.data.framing import frame
from blender_pifu.training.data.sample import make_scene
from blender_pifu.training.people.generations import make_person


def sheet(lens):
    """A slanted plane as a camera shows it: vertices, faces."""
    x, y = (axis.ravel() for axis in np.meshgrid(np.linspace(-0.8, 0.8, 9), np.linspace(-0.9, 0.9, 9)))
    flat = np.stack([x, y, 0.2 * y - 0.1 * x], 1).astype(np.float32)
    corner = (np.arange(8)[:, None] * 9 + np.arange(8)).ravel()
    faces = np.concatenate(
        [np.stack([corner, corner + 1, corner + 10], 1), np.stack([corner, corner + 10, corner + 9], 1)]
    )
    return lens.seen(flat), faces.astype(np.int32)


def test_straight_is_the_inverse_of_seen_and_leaves_the_middle():
    points = np.random.default_rng(0).uniform(-0.9, 0.9, (50, 3)).astype(np.float32)
    lens = Lens(0.27)
    assert np.abs(lens.straight(lens.seen(points)) - points).max() < 1e-6
    points[:, 2] = 0
    assert np.array_equal(lens.straight(points), points)


def test_normals_go_with_the_surface():
    lens = Lens(0.27)
    vertices, faces = sheet(lens)
    straight = lens.straight_normals(vertices, vertex_normals(vertices, faces))
    truth = vertex_normals(lens.straight(vertices), faces)
    inner = np.abs(vertices).max(1) < 0.7  # those of faces are coarse, most at the border
    assert np.abs(straight - truth)[inner].max() < 0.01


def test_a_synthetic_person_gets_their_own_proportions_back():
    seed = 3  # whole, from near
    scene = make_scene(seed, "test", 64)
    person = make_person(seed, "test")
    assert scene.nearness > 0.2
    truth = np.stack([person.vertices[:, 0], person.vertices[:, 2], -person.vertices[:, 1]], 1)
    found = Lens(scene.nearness).straight(scene.vertices) / scene.sample["scale"]
    for axis in range(3):
        assert np.ptp(found[:, axis]) == pytest.approx(np.ptp(truth[:, axis]), rel=0.03)
    assert frame(person.vertices, np.random.default_rng(0)).nearness(0.0) >= 0


def figure(focal_px=None, seen=1.0, person=True, rows=900):
    alpha = np.zeros((1000, 1000), np.float32)
    alpha[50 : 50 + rows, 400:600] = 1
    region = SimpleNamespace(side=900 * 1.25 / 0.97 / seen)
    found = SimpleNamespace(region=region) if person else None
    crop = Crop(500, 500, rows / 0.9)
    photo = SimpleNamespace(focal_px=focal_px)
    return SimpleNamespace(crop=crop, photo=photo, person=found, matte=SimpleNamespace(alpha=alpha), seen=seen)


def test_the_distance_is_the_usual_one_where_the_photo_tells_nothing():
    metre = 1.8 / 1.7
    for whole in (figure(), figure(person=False)):
        assert 1 / lens_of(whole).nearness == pytest.approx(3.5 * metre, rel=0.01)
    assert lens_of(figure()).nearness == pytest.approx(usual_lens(1.8).nearness, rel=0.01)


def test_a_portrait_is_taken_from_nearer():
    half, metre = figure(seen=0.25), 4 * 1.8 / 1.7
    assert 1 / lens_of(half).nearness == pytest.approx(3.5 / 2 * metre, rel=0.01)


def test_a_focal_length_tells_the_distance_whatever_the_persons_size():
    # A person of 1.7 m over 900 pixels through a lens of 1800 pixels stands 3.4 m away.
    assert 1 / lens_of(figure(focal_px=1800)).nearness == pytest.approx(3.4 * 1.8 / 1.7, rel=0.01)
    assert 1 / lens_of(figure(focal_px=10)).nearness == pytest.approx(1.0 * 1.8 / 1.7, rel=0.01), "nobody is so near"

# SPDX-License-Identifier: GPL-3.0-or-later
"""Fingers that were put on are of skin, though the photo shows trousers where they lie."""

import numpy as np
import pytest

from blender_pifu.engine.color.hand_tones import find_hand_tones
from blender_pifu.engine.color.painting import paint
from blender_pifu.engine.color.regions import REGIONS, Regions

SKIN, SHADED, TROUSERS, BLACK = (0.78, 0.52, 0.4), (0.58, 0.37, 0.28), (0.95, 0.95, 0.93), (0.05, 0.05, 0.06)


@pytest.mark.parametrize("beside", [TROUSERS, BLACK])
def test_what_a_hand_cannot_be_is_not_believed_of_its_fingers(beside):
    colors = np.array([SKIN] * 20 + [SHADED] * 5 + [beside] * 5)
    believed = find_hand_tones(np.ones(30, int), colors, np.ones(30)).believed(colors)
    assert (believed[:25] == 1).all()
    assert (believed[25:] < 0.35).all()


def test_the_photo_s_hand_is_not_believed_of_what_is_beside_the_hand():
    colors = np.array([SKIN] * 20 + [SKIN] * 5 + [SHADED] * 5 + [TROUSERS] * 5 + [BLACK] * 5 + [SKIN] * 5)
    number = np.repeat([1, -1, 0], [20, 20, 5])
    believed = find_hand_tones(number, colors, np.ones(len(number))).believed(colors)
    assert (believed[20:30] == 0).all()
    assert (believed[:20] == 1).all() and (believed[30:] == 1).all()


def test_each_hand_has_its_own_colour_and_what_is_no_hand_any():
    glove = np.array([BLACK] * 20 + [SKIN] * 20 + [TROUSERS] * 20)
    number = np.repeat([1, 2, 0], 20)
    assert (find_hand_tones(number, glove, np.ones(60)).believed(glove) == 1).all()


def test_a_hand_that_the_photo_hardly_shows_is_of_any_colour():
    colors = np.array([SKIN] * 20 + [BLACK] * 20)
    assert (find_hand_tones(np.ones(40, int), colors, np.full(40, 0.1)).believed(colors) == 1).all()


def strip(right, columns):
    """Vertices and faces of a strip from x = -0.5 to the right, that faces the camera."""
    x, y = np.meshgrid(np.linspace(-0.5, right, columns), np.linspace(-0.1, 0.1, 21))
    corner = (np.arange(20)[:, None] * columns + np.arange(columns - 1)).reshape(-1, 1)
    faces = np.concatenate([corner + (0, 1, columns + 1), corner + (0, columns + 1, columns)])
    return np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], 1), faces


def test_the_tip_of_a_finger_takes_the_colour_of_the_finger():
    """A strip across the picture that faces the camera: left of the middle skin is seen, right of it trousers."""
    vertices, faces = strip(0.3, 81)
    photo = np.ones((256, 256, 4), np.float32)
    photo[:, :128, :3], photo[:, 128:, :3] = SKIN, TROUSERS
    ahead = np.tile([0.0, 0.0, 1.0], (len(vertices), 1))
    tip = vertices[:, 0] > 0.1
    for hands, color in ((None, TROUSERS), (np.ones(len(vertices), int), SKIN)):
        painted = paint(vertices, faces, ahead, 0.01, photo, hands=hands).colors / 255
        assert painted[tip].mean(0) == pytest.approx(color, abs=0.05)


def test_a_hand_of_which_only_the_sleeve_is_seen_is_of_the_skin_seen_elsewhere():
    number = np.repeat([0, 1], 30)
    colors = np.repeat([[0.8, 0.6, 0.5], [0.3, 0.3, 0.8]], 30, 0)
    found = find_hand_tones(number, colors, np.ones(60), np.repeat([1.0, 0.0], 30))
    np.testing.assert_allclose(found.tones[30:], colors[:30])
    assert (found.believed(colors)[30:] == 0).all() and (found.believed(colors)[:30] == 1).all()


def test_pixels_half_of_the_hand_are_not_believed_beside_it():
    """At the hand's outline a pixel is half skin and half cloth: it is not skin, and yet no colour of the cloth."""
    blue = np.array((0.1, 0.1, 0.9))
    half = (SKIN + blue) / 2
    colors = np.array([SKIN] * 20 + [half, blue])
    skin = find_hand_tones(np.repeat([1, -1], [20, 2]), colors, np.ones(22))
    close_by = {20: np.array([SKIN, blue]), 21: np.array([half, blue])}
    believed = skin.believed(colors, lambda rows: [np.array([close_by[row][way] for row in rows]) for way in (0, 1)])
    assert skin.believed(colors)[20] > 0.9
    assert believed[20] == 0 and believed[21] > 0.9


def test_a_hand_that_is_not_seen_is_of_the_other_hand_s_colour():
    """Of somebody seen from behind in black, one hand behind the back: the other one was black."""
    number = np.repeat([0, 1, 2], 30)
    colors = np.repeat([BLACK, SKIN, BLACK], 30, 0)
    found = find_hand_tones(number, colors, np.repeat([1.0, 1.0, 0.0], 30), np.repeat([0.0, 1.0, 0.0], 30))
    np.testing.assert_allclose(found.tones[60:], colors[30:60])
    assert found.unseen[60:].all() and not found.unseen[:60].any()


def test_a_hand_that_is_not_seen_is_painted_all_the_same():
    vertices, faces = strip(0.5, 101)
    photo = np.ones((256, 256, 4), np.float32)
    photo[:, :90, :3], photo[:, 90:, :3] = SKIN, BLACK
    shares = np.zeros((256, 256, len(REGIONS)), np.float32)
    shares[:, :90, REGIONS["skin"]], shares[:, 90:, REGIONS["upper"]] = 1, 1
    normals, hidden = np.tile([0.0, 0.0, 1.0], (len(vertices), 1)), vertices[:, 0] > 0.3
    normals[hidden] = 1, 0, 0
    hands = np.where(vertices[:, 0] < -0.35, 1, np.where(hidden, 2, 0))
    told = {"hands": hands, "regions": Regions(shares, shares)}
    painted = paint(vertices, faces, normals, 0.01, photo, **told).colors / 255
    assert painted[vertices[:, 0] > 0.35].mean(0) == pytest.approx(SKIN, abs=0.05)

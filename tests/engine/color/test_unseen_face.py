# SPDX-License-Identifier: GPL-3.0-or-later
"""The tone of a face that no photo shows, and its lips and brows."""

import numpy as np

from blender_pifu.engine.color.unseen_face import draw_features, skin_tone

FAIR, TANNED, GREY, GREEN = (0.85, 0.70, 0.60), (0.60, 0.40, 0.28), (0.62, 0.60, 0.60), (0.1, 0.7, 0.2)
STRAW = (0.70, 0.56, 0.36)


def tone_of(neck, hands=TANNED, locks=None):
    """By a face, a neck below it of a colour, two hands that are 60 vertices, and hair that is 30."""
    colors = np.concatenate([np.ones((20, 3)), np.tile(neck, (30, 1)), np.tile(hands, (60, 1))])
    vertices = np.zeros((110, 3))
    vertices[20:, 1], vertices[50:, 1] = -0.1, -0.8
    skin, hair = np.ones(110), np.zeros(110)
    if locks is not None:
        colors, vertices = np.concatenate([colors, np.tile(locks, (30, 1))]), np.pad(vertices, ((0, 30), (0, 0)))
        skin, hair = np.pad(skin, (0, 30)), np.pad(hair, (0, 30), constant_values=1)
    face = np.arange(len(colors)) < 20
    return skin_tone(colors, np.where(face, 0.0, 1.0), skin, hair, vertices, face)


def test_a_face_has_the_tone_of_the_neck_but_not_of_a_collar_or_of_hair_that_was_taken_for_it():
    np.testing.assert_allclose(tone_of(FAIR), FAIR, atol=1e-6)
    np.testing.assert_allclose(tone_of(FAIR, locks=STRAW), FAIR, atol=1e-6)
    for neck, locks in ((GREY, None), (GREEN, None), (STRAW, np.array(STRAW) - 0.02)):
        np.testing.assert_allclose(tone_of(neck, locks=locks), TANNED, atol=1e-6)


def test_a_face_of_whom_no_skin_is_seen_has_the_tone_of_people_and_not_that_of_cloth_taken_for_skin():
    red, green, blue = tone_of(GREEN, GREEN)
    assert red > green > blue


def test_lips_are_redder_and_brows_have_the_colour_of_hair_on_an_unseen_face_alone():
    skin, hair = np.array(FAIR) * 255, np.array([40.0, 30, 20])
    lip, brow, cheek, nape = (0.0, 0.607, 0.145), (0.03, 0.694, 0.135), (0.045, 0.64, 0.12), (0.0, 0.607, -0.08)
    rest = np.array([lip, brow, cheek, nape, lip])
    colors = np.tile(skin, (5, 1))
    draw_features(colors, rest, np.array([1.0, 1, 1, 1, 0])[:, None], hair)
    assert colors[0, 1] < 0.8 * skin[1] and colors[0, 0] > 0.8 * skin[0]
    assert np.linalg.norm(colors[1] - hair) < 0.6 * np.linalg.norm(skin - hair)
    np.testing.assert_array_equal(colors[2:], np.tile(skin, (3, 1)))

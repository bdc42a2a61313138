# SPDX-License-Identifier: GPL-3.0-or-later
"""The tone of a face that no photo shows, and its lips and brows."""

import numpy as np

from blender_pifu.engine.color.unseen_face import draw_features, skin_tone

FAIR, TANNED, GREY = (0.85, 0.70, 0.60), (0.60, 0.40, 0.28), (0.62, 0.60, 0.60)


def tone_of(neck):
    """By a face, a neck below it of a colour, and two hands, tanned, that are 60 vertices."""
    colors = np.concatenate([np.ones((20, 3)), np.tile(neck, (30, 1)), np.tile(TANNED, (60, 1))])
    vertices = np.zeros((110, 3))
    vertices[20:, 1], vertices[50:, 1] = -0.1, -0.8
    face = np.arange(110) < 20
    seen = np.where(face, 0.0, 1.0)
    return skin_tone(colors, seen, np.ones(110), vertices, face), skin_tone(colors, 0 * seen, seen, vertices, face)


def test_a_face_has_the_tone_of_the_neck_but_not_of_a_collar_that_was_taken_for_it():
    for neck, expected in ((FAIR, FAIR), (GREY, TANNED)):
        tone, unseen = tone_of(neck)
        np.testing.assert_allclose(tone, expected, atol=1e-6)
        assert unseen is None, "no skin is seen"


def test_lips_are_redder_and_brows_have_the_colour_of_hair_on_an_unseen_face_alone():
    skin, hair = np.array(FAIR) * 255, np.array([40.0, 30, 20])
    lip, brow, cheek, nape = (0.0, 0.607, 0.145), (0.03, 0.694, 0.135), (0.045, 0.64, 0.12), (0.0, 0.607, -0.08)
    rest = np.array([lip, brow, cheek, nape, lip])
    colors = np.tile(skin, (5, 1))
    draw_features(colors, rest, np.array([1.0, 1, 1, 1, 0])[:, None], hair)
    assert colors[0, 1] < 0.8 * skin[1] and colors[0, 0] > 0.8 * skin[0]
    assert np.linalg.norm(colors[1] - hair) < 0.6 * np.linalg.norm(skin - hair)
    np.testing.assert_array_equal(colors[2:], np.tile(skin, (3, 1)))

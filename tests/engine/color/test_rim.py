# SPDX-License-Identifier: GPL-3.0-or-later
"""What a matte lets in of the background, at a person's outline, does not colour the person's sides."""

import numpy as np
import pytest

from blender_pifu.engine.color.rim import without_rim
from blender_pifu.engine.reading.landmarks import Landmark as L

SIDE = 1024
RED, GREY, BLUE = (0.8, 0.1, 0.15), (0.7, 0.7, 0.68), (0.1, 0.1, 0.6)


@pytest.fixture
def photo():
    """Somebody in red, 0.4 wide, with 5 pixels of a grey wall on either side."""
    image = np.zeros((SIDE, SIDE, 4), np.float32)
    image[200:900, 400:624] = (*RED, 1)
    image[200:900, 400:405, :3] = image[200:900, 619:624, :3] = GREY
    return image


def test_a_rim_of_the_wall_behind_takes_the_colour_of_what_is_inside(photo):
    cleaned = without_rim(photo, None)
    assert np.abs(cleaned[250:850, 400:624, :3] - RED).max() < 0.1
    assert np.array_equal(cleaned[..., 3], photo[..., 3])


def test_it_takes_what_is_inside_beside_it_and_not_farther_up_or_down(photo):
    photo[550:900, 405:619, :3] = BLUE
    cleaned = without_rim(photo, None)
    assert np.abs(cleaned[250:530, 400:405, :3] - RED).max() < 0.1
    assert np.abs(cleaned[570:850, 400:405, :3] - BLUE).max() < 0.1


def test_a_shaded_side_and_a_pattern_stay(photo):
    photo[200:900, 400:624, :3] = RED
    photo[200:900, 400:415, :3] = np.multiply(RED, 0.6)
    photo[240:860:40, 440:600, :3] = GREY
    body = np.s_[200:900, 400:624]
    assert np.abs(without_rim(photo, None)[body] - photo[body]).max() < 0.02


def test_what_has_no_inside_stays(photo):
    photo[..., :] = 0
    photo[200:900, 500:510] = (*GREY, 1)
    assert without_rim(photo, None) is photo


def test_hair_at_the_outline_of_a_head_stays(photo):
    landmarks = np.zeros((33, 4), np.float32)
    for landmark, row in ((L.LEFT_EYE, 260), (L.RIGHT_EYE, 260), (L.MOUTH_LEFT, 300), (L.MOUTH_RIGHT, 300)):
        landmarks[landmark, :2] = 0, -(row / SIDE * 2 - 1)
    for landmark, column in ((L.LEFT_EAR, 560), (L.RIGHT_EAR, 464)):
        landmarks[landmark, :2] = column / SIDE * 2 - 1, -(265 / SIDE * 2 - 1)
    cleaned = without_rim(photo, landmarks)
    assert np.array_equal(cleaned[230:300, 440:584], photo[230:300, 440:584])
    assert np.abs(cleaned[500:850, 400:405, :3] - RED).max() < 0.1

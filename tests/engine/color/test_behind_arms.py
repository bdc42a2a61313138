# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands that lie before the body are not painted on its back."""

import numpy as np
import pytest

from blender_pifu.engine.color.behind_arms import paint_behind_arms
from blender_pifu.engine.reading.landmarks import Landmark as L

SIDE = 256
SHIRT, SKIN, GHOST = (0.2, 0.3, 0.6), (0.9, 0.7, 0.6), (0.5, 0.5, 0.6)
HAND = np.s_[116:140, 100:140]  # before the belly
UNDER = (128, 120)


def square(pixel):
    """Field space of (column, row)."""
    return (np.array(pixel) / SIDE * 2 - 1) * (1, -1)


@pytest.fixture
def landmarks():
    """Of a body whose trunk lies in the middle and whose right hand lies before it."""
    found = np.zeros((33, 4), np.float32)
    found[:, 3] = 1
    for landmark, place in {
        L.LEFT_SHOULDER: (152, 70), L.RIGHT_SHOULDER: (104, 70), L.LEFT_HIP: (146, 140), L.RIGHT_HIP: (110, 140),
        L.RIGHT_ELBOW: (84, 120), L.RIGHT_WRIST: (104, 128), L.RIGHT_INDEX: (124, 128),
        L.LEFT_ELBOW: (168, 110), L.LEFT_WRIST: (172, 140), L.LEFT_INDEX: (172, 150),
    }.items():  # fmt: skip
        found[landmark, :2] = square(place)
    return found


@pytest.fixture
def photo():
    image = np.zeros((SIDE, SIDE, 4), np.float32)
    image[50:240, 80:180] = (*SHIRT, 1)
    image[HAND][..., :3] = SKIN
    return image


@pytest.fixture
def back(photo):
    """What a network draws that half believes in the hand."""
    drawn = photo.copy()
    drawn[HAND][..., :3] = GHOST
    return drawn


THICK, THIN = np.full((SIDE, SIDE), 0.3), np.full((SIDE, SIDE), 0.08)  # two and half an arm


def test_the_shirt_goes_on_behind_a_hand(photo, back, landmarks):
    hidden = paint_behind_arms(back, photo, THICK, landmarks)
    assert np.allclose(hidden[UNDER][:3], SHIRT, atol=0.04)
    assert np.array_equal(hidden[..., 3], back[..., 3])
    assert np.array_equal(hidden[200:], back[200:])


@pytest.mark.parametrize("case", ["nothing behind it", "hidden", "of the same cloth", "seen from the side"])
def test_other_arms_stay_as_they_were_drawn(photo, back, landmarks, case):
    if case == "hidden":
        landmarks[[L.RIGHT_WRIST, L.LEFT_WRIST], 3] = 0.1
    if case == "of the same cloth":
        photo[HAND][..., :3] = SHIRT
    if case == "seen from the side":
        landmarks[[L.LEFT_SHOULDER, L.RIGHT_SHOULDER], 0] = 0
    thickness = THIN if case == "nothing behind it" else THICK
    assert np.allclose(paint_behind_arms(back, photo, thickness, landmarks), back, atol=1e-3)

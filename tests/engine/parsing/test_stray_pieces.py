# SPDX-License-Identifier: GPL-3.0-or-later
"""What has the tone of skin within a garment on a trunk is that garment's, and so is a patch of trousers in a shirt;
hands, and what no garment goes round, stay."""

import numpy as np
import pytest

from blender_pifu.engine.crop_space import pixel_centres
from blender_pifu.engine.labels import LABELS
from blender_pifu.engine.parsing.network import WORN
from blender_pifu.engine.parsing.stray_pieces import without_stray_pieces
from blender_pifu.engine.reading.landmarks import Landmark as L

SIZE = 256
X, Y = pixel_centres(SIZE)
SHIRT, SKIN, THING, TROUSERS, JACKET = (
    LABELS[name] - 1 for name in ("upper_garment", "other_skin", "thing", "lower_garment", "outer_garment")
)
DIAMOND = np.abs(X - 0.02) + np.abs(Y - 0.3) < 0.05


def landmarks(right_hand=(-0.37, -0.06)):
    marks = np.zeros((33, 4), np.float32)
    for mark, (x, y) in {
        "SHOULDER": (0.18, 0.5), "ELBOW": (0.33, 0.25), "WRIST": (0.36, 0), "INDEX": (0.37, -0.08),
        "PINKY": (0.35, -0.08), "HIP": (0.1, 0), "KNEE": (0.1, -0.42), "ANKLE": (0.1, -0.82), "EYE": (0.03, 0.74),
        "EAR": (0.07, 0.72),
    }.items():  # fmt: skip
        marks[L[f"LEFT_{mark}"]], marks[L[f"RIGHT_{mark}"]] = (x, y, 0, 1), (-x, y, 0, 1)
    for mark, x in ((L.MOUTH_LEFT, 0.02), (L.MOUTH_RIGHT, -0.02), (L.NOSE, 0)):
        marks[mark] = x, 0.68, 0, 1
    marks[L.RIGHT_WRIST, :2] = np.array(right_hand) + (0, 0.05)
    marks[[L.RIGHT_INDEX, L.RIGHT_PINKY], :2] = right_hand
    return marks


def told(what, marks=None):
    """Labels (n, n) of somebody in a shirt on which `what`, number by mask (n, n), is seen too."""
    inside = (np.abs(X) < 0.2) & (Y < 0.55) & (Y > -0.15)
    most = np.full((SIZE, SIZE), SHIRT)
    for number, where in what.items():
        most[where] = number
    shares = 0.8 * np.eye(WORN, dtype=np.float32)[most[inside]] + 0.2 / WORN
    changed = without_stray_pieces(shares, inside, landmarks() if marks is None else marks)
    np.testing.assert_allclose(changed.sum(1), 1, atol=1e-5)
    result = np.full((SIZE, SIZE), -1)
    result[inside] = changed.argmax(1)
    return result


@pytest.mark.parametrize("beside", [{}, {THING: DIAMOND & (X > 0.03)}], ids=["skin", "in part a thing"])
def test_a_diamond_of_the_tone_of_skin_is_the_shirts(beside):
    assert (told({SKIN: DIAMOND} | beside)[DIAMOND] == SHIRT).all()


def test_a_hand_before_it_a_bare_belly_and_a_brooch_stay():
    assert (told({SKIN: DIAMOND}, landmarks(right_hand=(0.02, 0.3)))[DIAMOND] == SKIN).all()
    belly = Y < 0
    assert (told({SKIN: belly})[belly & (np.abs(X) < 0.2) & (Y > -0.15)] == SKIN).all()
    assert (told({THING: DIAMOND})[DIAMOND] == THING).all()


def test_a_patch_of_trousers_within_a_shirt_is_the_shirts_but_trousers_and_a_shirt_within_a_jacket_stay():
    legs, opening = Y < 0, DIAMOND & (Y > 0.3)
    of = told({TROUSERS: DIAMOND | legs})
    assert (of[DIAMOND] == SHIRT).all() and (of[legs & (np.abs(X) < 0.2) & (Y > -0.15)] == TROUSERS).all()
    assert (told({JACKET: ~opening})[opening] == SHIRT).all()

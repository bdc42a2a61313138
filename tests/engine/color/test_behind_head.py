# SPDX-License-Identifier: GPL-3.0-or-later
"""Who looks into the camera gets no face on the back of the head."""

import numpy as np
import pytest

from blender_pifu.engine.color.behind_head import paint_behind_face
from blender_pifu.engine.color.regions import REGIONS, Regions
from blender_pifu.engine.reading.landmarks import Landmark as L

SIDE = 128
HAIR, FACE, DRAWN = (0.8, 0.3, 0.1), (0.9, 0.7, 0.6), (0.3, 0.3, 0.3)
EYES, MOUTH = 56, 72  # rows


def head_with(ears: tuple[int, int], nose: int) -> np.ndarray:
    """Someone upright whose left and right ear, and nose, are in these columns."""
    landmarks = np.zeros((33, 4), np.float32)
    for landmark, place in {
        L.LEFT_EYE: (70, EYES), L.RIGHT_EYE: (58, EYES), L.MOUTH_LEFT: (68, MOUTH), L.MOUTH_RIGHT: (60, MOUTH),
        L.LEFT_EAR: (ears[0], 60), L.RIGHT_EAR: (ears[1], 60), L.NOSE: (nose, 64),
    }.items():  # fmt: skip
        landmarks[landmark, :2] = (np.array(place) / SIDE * 2 - 1) * (1, -1)
    return landmarks


@pytest.fixture
def photo():
    """A head with hair above the brow, (n, n, 4)."""
    image = np.zeros((SIDE, SIDE, 4), np.float32)
    image[20:90, 40:88] = (*FACE, 1)
    image[20:44, 40:88, :3] = HAIR
    return image


@pytest.fixture
def back(photo):
    return np.dstack([np.full((SIDE, SIDE, 3), DRAWN, np.float32), photo[..., 3]])


def test_hair_goes_on_behind_a_face(photo, back):
    hidden = paint_behind_face(back, photo, head_with((80, 48), 64))
    assert np.allclose(hidden[60, 64, :3], HAIR, atol=0.02)
    assert np.allclose(hidden[100:], back[100:])
    assert np.array_equal(hidden[..., 3], back[..., 3])


def test_thin_hair_above_a_high_brow_goes_on_behind_all_of_the_head(photo, back):
    photo[26:44, 44:84, :3] = FACE
    hidden = paint_behind_face(back, photo, head_with((80, 48), 64))
    for place in ((24, 64), (34, 64), (34, 44), (60, 64)):
        assert np.allclose(hidden[place][:3], HAIR, atol=0.1), place


def test_who_has_no_hair_gets_none(photo, back):
    photo[20:44, 40:88, :3] = np.array(FACE) + 0.02
    hidden = paint_behind_face(back, photo, head_with((80, 48), 64))
    assert np.allclose(hidden[30:70, 56:72, :3], FACE, atol=0.03)


NOT_FROM_BEFORE = pytest.mark.parametrize(
    ("ears", "nose"), [((48, 80), 64), ((70, 50), 76)], ids=["from behind", "from the side"]
)


@NOT_FROM_BEFORE
def test_hair_of_other_heads_is_where_labels_have_it(photo, back, ears, nose):
    front, hidden = (np.zeros((SIDE, SIDE, len(REGIONS)), np.float32) for _ in range(2))
    front[..., REGIONS["skin"]] = hidden[..., REGIONS["skin"]] = 1
    front[20:44], hidden[20:60] = np.eye(len(REGIONS))[REGIONS["hair"]], np.eye(len(REGIONS))[REGIONS["hair"]]
    painted = paint_behind_face(back, photo, head_with(ears, nose), Regions(front, hidden))
    assert np.allclose(painted[24:58, 44:84, :3], HAIR, atol=0.05)
    assert np.allclose(painted[62:, :, :3], back[62:, :, :3], atol=0.02), "below it is as it was drawn"


@NOT_FROM_BEFORE
def test_other_heads_stay_as_they_were_drawn(photo, back, ears, nose):
    assert np.array_equal(paint_behind_face(back, photo, head_with(ears, nose)), back)


def test_a_head_cut_off_at_the_brow_stays_as_it_was_drawn(photo, back):
    photo[:50] = 0
    left = paint_behind_face(back, photo, head_with((80, 48), 64))
    assert np.array_equal(left, back)

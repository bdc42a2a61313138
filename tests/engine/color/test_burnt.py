# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sun burnt out where a garment ends has the tone about it; what is white is not."""

import numpy as np
import pytest

from blender_pifu.engine.color.burnt import WORK_PX, find_burns
from blender_pifu.engine.color.regions import REGIONS, Regions
from blender_pifu.engine.crop_space import pixel_centres
from blender_pifu.engine.reading.landmarks import Landmark as L

X, Y = pixel_centres(WORK_PX)
MATTE = ((np.abs(X) < 0.25) & (np.abs(Y) < 0.8)).astype(np.float32)
MARKS = np.zeros((33, 4), np.float32)
for mark, y in {L.LEFT_EYE: 0.74, L.RIGHT_EYE: 0.74, L.MOUTH_LEFT: 0.68, L.MOUTH_RIGHT: 0.68, L.LEFT_EAR: 0.72}.items():
    MARKS[mark, 1] = y
MARKS[L.RIGHT_EAR, 1] = 0.72
RED, WHITE = (0.75, 0.1, 0.15), (0.98, 0.98, 0.97)
ENDS = np.abs(Y) < 0.04
PATCH = (np.hypot(X - 0.1, Y) < 0.06) & (Y >= 0)


def burns(photo, ends=ENDS, below="lower"):
    front = np.zeros((WORK_PX, WORK_PX, len(REGIONS)), np.float32)
    front[..., REGIONS["upper"]], front[..., REGIONS[below]] = Y > 0, Y <= 0
    return find_burns(photo, photo, MATTE, Regions(front, front, ends), MARKS)


def shirt(*white):
    photo = np.where((Y > 0)[..., None], RED, WHITE).astype(np.float32)
    for patch in white:
        photo[patch] = WHITE
    return photo


def test_a_patch_at_the_hem_takes_the_tone_about_it():
    found = burns(shirt(PATCH))
    assert found is not None
    mended = found.mended(np.dstack([shirt(PATCH), MATTE]))
    inner = PATCH & (Y > 0.01)
    assert mended[inner][:, :3] == pytest.approx(np.tile(RED, (inner.sum(), 1)), abs=0.05)
    assert (mended[Y < -0.01][:, :3] == shirt()[Y < -0.01]).all()


def test_what_is_pale_about_it_does_too():
    glow = (1 - np.hypot(X - 0.1, Y) / 0.1).clip(0, 1)[..., None] * (Y > 0)[..., None]
    photo = shirt(PATCH)
    photo += (glow * (np.array(WHITE) - photo)).astype(np.float32)
    found = burns(photo)
    assert found is not None
    there = (np.hypot(X - 0.1, Y) < 0.1) & (Y > 0.01)
    before, after = (
        np.abs(each[there] - RED).mean() for each in (photo, found.mended(np.dstack([photo, MATTE]))[..., :3])
    )
    assert after < 0.3 * before


def test_a_print_and_what_no_garment_ends_beside_stay():
    high = np.hypot(X, Y - 0.3) < 0.06
    assert burns(shirt(high)) is None
    assert burns(shirt(PATCH), np.zeros_like(ENDS)) is None
    assert burns(shirt((np.abs(X) < 0.2) & (Y > 0) & (Y < 0.5))) is None  # too large


@pytest.mark.parametrize("below", ["skin", "shoes"])
def test_pale_hands_and_white_shoes_before_a_garment_stay(below):
    assert burns(shirt(PATCH)) is not None
    assert burns(shirt(PATCH), below=below) is None

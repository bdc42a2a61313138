# SPDX-License-Identifier: GPL-3.0-or-later
"""Of two legs drawn one before the other, with a sheet between them, each closes; legs beside each other stay."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from blender_pifu.engine.crop_space import pixel_centres
from blender_pifu.engine.networks.leg_rift import part_legs

SIZE = 256
THICK, RADIUS = 0.14, 0.075  # field units, of a leg
ROWS = slice(128 + 20, 128 + 90)  # of the shins


def legs(apart, across=0.07):
    """Drawn front and back, mask and joints of two legs that meet in the picture, the left one nearer by `apart`."""
    x, y = pixel_centres(SIZE)
    joints = np.array(
        [[(side * across, place, side * apart / 2) for place in (0.3, -0.1, -0.7, -0.78)] for side in (1, -1)]
    )
    middle = np.where(x > 0, apart / 2, -apart / 2)
    round_ = np.sqrt(np.clip(1 - ((np.abs(x) - across) / RADIUS) ** 2, 0, 1)) * THICK / 2
    drawn = [gaussian_filter1d(middle + sign * round_, 2.5, axis=1) for sign in (1, -1)]  # networks draw smooth maps
    solid = ((np.abs(x) < across + RADIUS) & (np.abs(y) < 0.8)).astype(float)
    return *drawn, solid, joints


def test_each_leg_closes_where_the_other_begins():
    front, back, solid, joints = legs(0.4)
    assert _between(front, back, solid).any(), "as drawn a sheet runs from one leg to the other"
    parted_front, parted_back, rift = part_legs(front, back, solid, joints, 1.0)
    assert not _between(parted_front, parted_back, solid).any()
    assert rift.certain[ROWS].min() > 0.9
    assert (rift.left[ROWS][:, SIZE // 2 + 8 :] == 1).all() and (rift.left[ROWS][:, : SIZE // 2 - 8] == 0).all()
    outside = np.abs(pixel_centres(SIZE)[0]) > 0.08
    assert np.array_equal(parted_front[outside], front[outside]), "what lies beyond the legs' middles stays"


def _between(front, back, solid):
    """Where in the shins' rows there is something whose middle lies far from the legs', 0.2 before and behind."""
    return ((front > back) & (solid > 0) & (np.abs(front + back) / 2 < 0.12))[ROWS]


@pytest.mark.parametrize("apart", [0.0, 0.04])
def test_legs_beside_each_other_stay(apart):
    front, back, solid, joints = legs(apart)
    parted_front, parted_back, rift = part_legs(front, back, solid, joints, 1.0)
    assert np.array_equal(parted_front, front) and np.array_equal(parted_back, back)
    assert not rift.certain.any()


def test_legs_with_background_between_stay():
    front, back, solid, joints = legs(0.4, across=0.2)
    solid *= np.abs(pixel_centres(SIZE)[0]) > 0.1
    assert not part_legs(front, back, solid, joints, 1.0)[2].certain.any()


def test_a_skirt_that_hangs_from_one_leg_to_the_other_stays_whole():
    _, _, _, joints = legs(0.4, across=0.2)
    x, y = pixel_centres(SIZE)
    middle = np.clip(x / 0.2, -1, 1) * 0.2
    front, back = middle + 0.1, middle - 0.1
    solid = ((np.abs(x) < 0.3) & (np.abs(y) < 0.8)).astype(float)
    whole_front, whole_back, rift = part_legs(front, back, solid, joints, 1.0)
    assert np.array_equal(whole_front, front) and np.array_equal(whole_back, back)
    assert not rift.certain.any()


def test_a_leg_that_does_not_run_down_through_the_picture_is_left_alone():
    front, back, solid, joints = legs(0.4)
    joints[0, 2, 1] = 0.0  # the ankle is higher than the knee
    assert not part_legs(front, back, solid, joints, 1.0)[2].certain.any()

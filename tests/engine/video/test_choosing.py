# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames are chosen all round the person, sharp and upright ones of one pose; what is left out is counted by reason."""

import math
from dataclasses import replace

import numpy as np
import pytest

from blender_pifu.engine.video.choosing import Why, choose_frames
from blender_pifu.engine.video.clips import Frame
from blender_pifu.engine.video.looks import COMPARED, WRISTS, Look

STANDING = np.array([1.0, 1.0, 0.8, 0.8, 0.6, 0.6, 0.55, 0.55, 0.25, 0.25])


def turning(count=32, turn=360.0, lean=0.0):
    """Looks at somebody who turns; lean: degrees to their left."""
    yaws = np.radians(np.arange(count) * turn / count)
    return [
        Look(
            Frame(k, str(k), np.zeros((2, 2, 3), np.uint8)),
            math.remainder(yaw, 2 * math.pi),
            math.radians(lean) * math.cos(yaw),
            STANDING,
            10.0 + (k * 7) % 3,
            True,
            1.0,
        )
        for k, yaw in enumerate(yaws.tolist())
    ]


def sides(chosen):
    return [round(math.degrees(look.yaw)) % 360 for look in chosen.looks]


def test_frames_lie_all_round_and_the_front_comes_first():
    looks = turning()
    chosen = choose_frames(looks, 8, False)
    assert len(chosen.looks) == 8 and not chosen.left_out
    assert min(sides(chosen)[0], 360 - sides(chosen)[0]) < 18
    assert max(np.diff(sorted(sides(chosen)))) < 75
    few = choose_frames(looks, 4, False)
    assert few.looks[0] is chosen.looks[0] and max(np.diff([*sorted(sides(few)), 360])) < 140


def test_what_is_blurred_aslant_cut_or_in_another_pose_is_left_out_and_told():
    looks = turning(lean=8.0)  # who leans is not held aslant
    looks[3] = replace(looks[3], sharpness=3.0)
    looks[9] = replace(looks[9], roll=looks[9].roll + math.radians(12))
    looks[13] = replace(looks[13], whole=False)
    looks[17] = replace(looks[17], heights=STANDING + 0.2)
    looks[21] = None
    chosen = choose_frames(looks, 8, False)
    assert chosen.left_out == dict.fromkeys((Why.NOBODY, Why.PART, Why.ASLANT, Why.BLURRED, Why.POSE), 1)
    assert len(chosen.looks) == 8 and not {look.frame.number for look in chosen.looks} & {3, 9, 13, 17, 21}


def test_arms_may_move_but_frames_that_agree_come_first():
    looks = turning()
    raised = STANDING + 0.2 * np.isin(COMPARED, WRISTS)
    looks = [replace(look, heights=raised, sharpness=10.0) if k % 2 else look for k, look in enumerate(looks)]
    chosen = choose_frames(looks, 8, False)
    assert not chosen.left_out and len(chosen.looks) == 8
    assert sum(look.frame.number % 2 for look in chosen.looks) <= 2


def test_a_still_clip_is_one_photo_its_sharpest_from_the_front():
    looks = [replace(look, sharpness=20.0 if k == 11 else 9.0) for k, look in enumerate(turning(turn=20.0))]
    assert [look.frame.number for look in choose_frames(looks, 8, False).looks] == [11]
    beside = choose_frames([replace(look, yaw=look.yaw + 1.5) for look in looks], 7, True)
    assert [look.frame.number for look in beside.looks] == [11]


@pytest.mark.parametrize("looks", [[], [None, None]])
def test_of_nobody_nothing_is_chosen(looks):
    assert choose_frames(looks, 8, False).looks == ()

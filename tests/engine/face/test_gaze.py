# SPDX-License-Identifier: GPL-3.0-or-later
"""Eyes look where irises say, whichever way the head is turned; what marks cannot tell is no gaze."""

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from blender_pifu.engine.body.head import Head, load_head
from blender_pifu.engine.face.gaze import AHEAD_RAD, ASIDE, LOWER, find_gaze
from blender_pifu.engine.layout.head_parts.eyeballs import eyeballs_of, looks_of

SCALE = 4.0


def head_of(yaw=0.0):
    model = load_head()
    turn = Rotation.from_euler("y", yaw, degrees=True).as_matrix()
    shape = torch.zeros(len(model.body.basis))
    shift = -SCALE * turn @ model.at_marks(model.base(shape)).mean(0)
    return Head(shape, np.zeros(len(model.modes)), np.zeros(len(model.actions)), turn, SCALE, shift, 0.0, 0.0)


def marks_of(head, left, up, apart=0.0):
    """Marks (468, 2) and irises (2, 5, 2) of a head whose eyes are turned so, degrees, as MediaPipe's lie."""
    irises = []
    for side in (-1, 1):
        middle, radius = head.eye(side)
        gaze = Rotation.from_euler("yx", (left + apart * side, -up), degrees=True).as_matrix()[:, 2]
        seen = head.seen((middle + radius * gaze)[None])[0, :2] + SCALE * radius * np.array([ASIDE * side, -LOWER])
        irises.append(np.tile(seen, (5, 1)))
    return head.seen(load_head().at_marks(head.expressed))[:, :2], np.stack(irises)


@pytest.mark.parametrize("yaw", [0, 25, -25])
@pytest.mark.parametrize(("left", "up"), [(15, 0), (-20, 5), (0, -12), (8, 10)])
def test_a_gaze_is_found(yaw, left, up):
    head = head_of(yaw)
    assert np.degrees(find_gaze(head, *marks_of(head, left, up))) == pytest.approx([left, up], abs=2)


def test_eyes_within_the_error_of_their_marks_look_ahead():
    head = head_of()
    assert find_gaze(head, *marks_of(head, 2, -2)) == AHEAD_RAD


def test_irises_that_disagree_or_lie_outside_an_eye_tell_nothing():
    head = head_of()
    points, irises = marks_of(head, 10, 0, apart=15)
    assert find_gaze(head, points, irises) == AHEAD_RAD
    assert find_gaze(head, points, irises + 0.2) == AHEAD_RAD


@pytest.mark.parametrize("gaze", [(0.12, 0.0), (-0.1, 0.05), (0.0, -0.1)])
def test_expressions_turn_the_balls_to_a_gaze(gaze):
    values = looks_of(gaze)
    for ball in eyeballs_of(head_of()):
        front = ball.looks[:, 2].argmax()
        moved = sum((value * ball.actions[name] for name, value in values.items() if name in ball.actions), 0)
        middle = ball.vertices.mean(0)
        x, y, z = (ball.vertices + moved)[front] - middle
        assert (np.arctan2(x, z), np.arctan2(y, np.hypot(x, z))) == pytest.approx(gaze, abs=0.02)

# SPDX-License-Identifier: GPL-3.0-or-later
"""A photo from the side puts right what the first one guessed in depth, and one of the back takes nothing away."""

import numpy as np
import pytest

from blender_pifu.engine.views.bending import bend, on_arms
from blender_pifu.engine.views.shared_body import share_body
from helpers.body_photos import GUESSED, STANDING, dressed, posed

WORN, LIGHT = {("chest",): (90, 90, 90)}, (1.0, (0.0, 0.0, 1.0), (1.0, 1.0, 1.0))
LEANT = GUESSED | {"thigh.L": [(-0.12, 0.0, 0.0)]}


@pytest.mark.parametrize(("yaw", "most"), [(np.pi / 2, 0.65), (np.pi, 1.05)])
def test_depth_is_put_right_by_the_side_alone(yaw, most):
    first, other = (dressed(posed(*how), WORN, LIGHT) for how in ((LEANT,), (STANDING, yaw)))
    truth = dressed(posed(STANDING), WORN, LIGHT).vertices[:, 2]
    body = ~on_arms(first)

    def off(vertices):
        depth = (vertices[:, 2] - truth)[body]
        return np.abs(depth - np.median(depth)).mean()

    bent = bend([first, other], share_body([first, other]))
    assert off(bent.vertices) < most * off(first.vertices)
    assert np.array_equal(bent.vertices[:, :2], first.vertices[:, :2])

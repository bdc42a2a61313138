# SPDX-License-Identifier: GPL-3.0-or-later
"""A photo from the side puts right what the first one guessed in depth, and one of the back takes nothing away."""

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

from blender_pifu.engine.subject.lens import Lens
from blender_pifu.engine.views.bending import bend, on_arms
from blender_pifu.engine.views.shared_body import share_body
from helpers.body_photos import GUESSED, STANDING, Painted, dressed, photo, posed

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


def test_what_a_photo_from_behind_guesses_the_other_way_takes_part_of_a_wrong_guess_away():
    leant = {bone: [(turn, 0.0, 0.0)] for bone, turn in (("thigh.L", -0.1), ("thigh.R", 0.1))}
    behind = {bone: [(-turn, 0.0, 0.0)] for bone, ((turn, _, _),) in leant.items()}
    photos = [dressed(posed(STANDING | turns, yaw), WORN, LIGHT) for turns, yaw in ((leant, 0.0), (behind, np.pi))]
    truth = dressed(posed(STANDING), WORN, LIGHT).vertices[:, 2]

    def off(vertices):
        depth = vertices[:, 2] - truth
        return np.abs(depth - np.median(depth)).mean()

    bent = bend(photos, share_body(photos))
    assert off(bent.vertices) < 0.85 * off(photos[0].vertices)


def test_how_near_the_camera_stood_is_told_by_feet_one_behind_the_other():
    wide = STANDING | {"thigh.L": [(0.0, 0.0, 0.3)], "thigh.R": [(0.0, 0.0, -0.3)]}
    first, aside = dressed(posed(wide), WORN, LIGHT), photo(posed(wide, np.pi / 2))
    true, usual = Lens(0.1), Lens(0.3)
    shown = replace(aside, rows=true.seen(aside.rows))
    cut = cast(Any, Painted(shown, WORN, LIGHT))
    other = replace(aside, lens=true, cut=cut).through(usual)
    assert other.seen(other.rows) == pytest.approx(shown.rows, abs=1e-5)
    lens = bend([first, other], share_body([first, other])).lenses[0]
    assert abs(lens.nearness - true.nearness) < 0.5 * (usual.nearness - true.nearness)

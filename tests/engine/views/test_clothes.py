# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos of one person are known by what is worn, in another pose, in other light and from behind; others' are not."""

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

from blender_pifu.engine.views.clothes import apart, clothes_of
from blender_pifu.engine.views.together import MOST_APART, OTHER_COLORS, join
from helpers.body_photos import GUESSED, STANDING, dressed, posed

SHIRT = ("chest", "upper_chest", "spine", "shoulder", "upper_arm", "forearm")
TROUSERS = ("hips", "thigh", "shin")
BLUE_AND_GREY = {SHIRT: (40, 70, 150), TROUSERS: (90, 90, 95)}
RED_AND_GREY = {SHIRT: (150, 40, 45), TROUSERS: (90, 90, 95)}
BLACK_AND_TAN = {SHIRT: (12, 12, 14), TROUSERS: (170, 140, 100)}

FIRST_LIGHT = (1.0, (0.3, 0.5, 0.8), (1.0, 1.0, 1.0))
EVENING = (0.5, (-0.8, 0.4, 0.2), (1.12, 1.0, 0.9))


@pytest.fixture(scope="module")
def first():
    return dressed(posed(GUESSED), BLUE_AND_GREY, FIRST_LIGHT)


@pytest.mark.parametrize("yaw", [np.pi / 2, np.pi, -np.pi / 2])
@pytest.mark.parametrize(("worn", "same"), [(BLUE_AND_GREY, True), (RED_AND_GREY, False), (BLACK_AND_TAN, False)])
def test_clothes_tell_whose_photo_it_is(first, yaw, worn, same):
    other = dressed(posed(STANDING, yaw), worn, EVENING)
    assert (apart(clothes_of(first), clothes_of(other)) < MOST_APART) == same


def test_who_wears_other_clothes_is_left_out_before_bodies_are_laid_in_each_other(first):
    strangers = [dressed(posed(STANDING, yaw), RED_AND_GREY, EVENING, f"from {yaw:.0f}") for yaw in (np.pi / 2, np.pi)]
    together, verdicts = join(cast(Any, None), first, strangers)
    assert together is None
    assert [(verdict.side, verdict.why_not) for verdict in verdicts] == [
        ("left", OTHER_COLORS), ("back", OTHER_COLORS),
    ]  # fmt: skip


def test_nothing_is_told_where_next_to_nothing_is_shown(first):
    class Nothing:
        def __call__(self, size):
            return np.zeros((size, size, 3), np.float32), np.zeros((size, size), np.float32)

    hidden = replace(first, cut=cast(Any, Nothing()))
    assert apart(clothes_of(first), clothes_of(hidden)) is None

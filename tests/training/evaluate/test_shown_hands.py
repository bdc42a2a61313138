# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hands a photo truly shows: those that nothing covers."""

from dataclasses import replace

import pytest

from blender_pifu.engine.body.bones import SIDES
from blender_pifu.training.data.sample import is_whole, make_scene
from blender_pifu.training.evaluate.shown_hands import sides_shown


@pytest.fixture(scope="module")
def scene():
    return make_scene(next(seed for seed in range(20) if is_whole(seed, "test")), "test", 128)


def test_a_hand_in_the_open_is_shown(scene):
    assert sides_shown(scene)


def test_a_hand_behind_what_the_photo_shows_is_not(scene):
    covered = scene.sample["front_depth"] + 0.1
    assert sides_shown(replace(scene, sample=scene.sample | {"front_depth": covered})) == ()


def test_nor_is_one_beside_the_photo(scene):
    assert set(sides_shown(replace(scene, sample=scene.sample | {"mask": 0 * scene.sample["mask"]}))) < {*SIDES}

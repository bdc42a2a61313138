# SPDX-License-Identifier: GPL-3.0-or-later
"""Options: said once, checked once, the same on the command line, in Blender's message and in the engine."""

import dataclasses

import pytest

from blender_pifu.choices import KINDS, OPTIONS, READY, ChoiceError, Choices
from blender_pifu.engine.__main__ import build_parser, choices_of
from blender_pifu.engine.errors import OptionError
from blender_pifu.engine.layout.topologies import TOPOLOGIES


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("resolution", 3, "resolution of 3 "),
        ("resolution", 256.0, "resolution of 256.0 "),
        ("height_m", 0.0, "height of 0.0 m"),
        ("height_m", float("nan"), "height of nan m"),
        ("person", -1, "person of -1"),
        ("topology", "clay", 'no topology "clay"'),
        ("texture_px", 100, "texture of 100 pixels"),
        ("rig", 1, "rig of 1"),
    ],
)
def test_what_is_not_possible_is_refused_with_what_is(option, value, message):
    with pytest.raises(ChoiceError, match=message) as refused:
        Choices(**{option: value})
    assert refused.value.fix.startswith("Choose ")


def test_a_height_may_be_left_to_the_photo_and_nothing_else_may():
    assert Choices().height_m is None
    with pytest.raises(ChoiceError, match="resolution of None"):
        Choices(resolution=None)


def test_any_resolution_within_bounds_is_taken_though_four_are_offered():
    assert Choices(resolution=300).resolution == 300
    assert OPTIONS["resolution"].values == (128, 256, 512, 1024)


def test_every_option_has_a_type_a_flag_and_a_description():
    assert list(OPTIONS) == list(KINDS) == [each.name for each in dataclasses.fields(Choices)]
    assert all(option.flag and option.help for option in OPTIONS.values())
    assert set(READY) <= set(OPTIONS)


def test_the_command_line_asks_for_what_choices_hold():
    options = build_parser().parse_args(["photo.jpg", "-o", "out.glb"])
    assert choices_of(options) == Choices()
    options = build_parser().parse_args(
        ["photo.jpg", "-o", "out.glb", "--topology", "game", "--texture", "1024", "--rig", "--height", "1.8"]
    )
    assert choices_of(options) == Choices(topology="game", texture_px=1024, rig=True, height_m=1.8)
    with pytest.raises(OptionError, match="height of 0.0 m"):
        choices_of(build_parser().parse_args(["photo.jpg", "-o", "out.glb", "--height", "0"]))


def test_every_topology_that_is_offered_can_be_made():
    assert OPTIONS["topology"].values == tuple(TOPOLOGIES)

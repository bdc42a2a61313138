# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos taken all round a person, each in other light, come into the light of the first, however many there are."""

import numpy as np
import pytest

from blender_pifu.engine.srgb import to_linear
from blender_pifu.engine.views.clothes import Clothes, clothes_of
from blender_pifu.engine.views.laying import Laid
from blender_pifu.engine.views.light import light_of, match_exposures
from blender_pifu.engine.views.shared_body import share_body
from blender_pifu.engine.views.together import shares_of
from helpers.body_photos import STANDING, dressed, posed

SHIRT = ("chest", "upper_chest", "spine", "shoulder", "upper_arm", "forearm")
WORN = {SHIRT: (40, 70, 150), ("hips", "thigh", "shin"): (90, 90, 95)}
FIRST = (1.0, (0.3, 0.5, 0.8), (1.0, 1.0, 1.0))
YAWS = np.arange(1, 8) * np.pi / 4


def brightness(clothes):
    blue = clothes.colors[:, 2] > 2 * clothes.colors[:, 0]
    shirt = np.log(clothes.colors[blue])
    return float(np.median(shirt.mean(1)))


def test_exposures_are_told_all_round_and_errors_do_not_add_up():
    rng = np.random.default_rng(0)
    exposures = np.exp(rng.normal(0, 0.4, len(YAWS)))
    lights = [(float(each), tuple(rng.normal(0, 0.5, 3)), (1.05, 1.0, 0.96)) for each in exposures]
    photos = [dressed(posed(STANDING), WORN, FIRST)]
    photos += [dressed(posed(STANDING, float(yaw)), WORN, light) for yaw, light in zip(YAWS, lights, strict=True)]
    worn = [clothes_of(photo).without(light_of(photo)) for photo in photos]
    gains = match_exposures(worn)
    brought = [brightness(each) + gain.mean() for each, gain in zip(worn[1:], gains, strict=True)]
    before = [brightness(clothes_of(photo)) for photo in photos[1:]]
    assert brought == pytest.approx([brightness(worn[0])] * len(YAWS), abs=0.12)
    assert np.ptp(before) > 0.5


def of(colors, places):
    count = len(colors)
    return Clothes(np.asarray(colors, float), np.asarray(places), np.zeros(count, bool), np.zeros((count, 3)))


def test_checks_and_a_print_tell_no_other_exposure():
    """Of checks each photo may catch other squares; a print is on one side alone."""
    places = np.stack(np.meshgrid(np.linspace(0, 0.2, 20), np.linspace(0, 1.5, 60)), -1).reshape(-1, 2)
    squares = np.random.default_rng(1).random((2, len(places))) < 0.5
    front, back = (to_linear(np.where(dark[:, None], 0.15, 0.8) * np.ones(3)) for dark in squares)
    printed = (places[:, 0] < 0.1) & (places[:, 1] > 1.0)
    front[printed] = (0.5, 0.02, 0.02)
    gain = match_exposures([of(front, places), of(0.6 * back, places)])[0]
    assert gain == pytest.approx(np.log(1 / 0.6) * np.ones(3), abs=0.15)


def test_a_photo_that_shows_no_place_of_the_others_gets_their_mean():
    low, high = np.full((50, 2), 0.2), np.full((50, 2), 1.4)
    gain = match_exposures([of(np.full((50, 3), 0.4), low), of(np.full((50, 3), 0.2), high)])[0]
    assert np.exp(gain) == pytest.approx(2 * np.ones(3), rel=0.05)
    nothing = of(np.zeros((0, 3)), np.zeros((0, 2)))
    assert not match_exposures([of(np.full((50, 3), 0.4), low), nothing]).any()


def test_the_first_photo_keeps_its_pixels_and_the_straightest_look_counts_most():
    first, *others = [dressed(posed(STANDING, yaw), WORN, FIRST) for yaw in (0.0, np.pi / 4, np.pi / 2)]
    shared = share_body([first, *others])
    surface = first.vertices, first.faces, first.normals
    laid = [Laid(other, shared, surface) for other in others]
    aslant, aside = shares_of(first, surface, laid, shared.metre)
    trunk = (np.abs(first.vertices[:, 0]) < 0.1) & (np.abs(first.vertices[:, 1] - 0.1) < 0.2)
    x, z = first.normals[:, 0], first.normals[:, 2]
    assert not aslant[trunk & (z > 0.5)].any() and not aside[trunk & (z > 0.5)].any()
    leg = (first.vertices[:, 1] < -0.2) & (first.vertices[:, 0] > 0.12) & (np.abs(z) < 0.05) & (x > 0.95)
    assert leg.any() and np.median(aside[leg]) > 0.65  # of what lies above, that is its part of the mixture

# SPDX-License-Identifier: GPL-3.0-or-later
"""Hair is told of where it grows on a head, and bare skin on its cheeks and ears."""

import numpy as np

from blender_pifu.engine.body.model import load_body
from blender_pifu.engine.color.regions import REGIONS, Regions
from blender_pifu.engine.layout.animation.scalp import (
    FRONTS,
    HEIGHTS,
    as_seen,
    ends_at_nape,
    is_neck,
    over_nape,
    over_scalp,
    scalp,
)
from blender_pifu.engine.layout.animation.template import load_template


def test_hair_grows_on_the_crown_at_the_temples_and_to_the_nape_and_not_on_face_ears_or_neck():
    template, grown = load_template(), scalp()
    rest = load_body().mean[: len(grown)].numpy()
    aside, high, front = rest.T
    eyes, ears = (rest[template.regions == region] for region in ("socket", "ear"))
    skin = template.regions == "skin"
    head = skin & (high > ears[:, 1].min())
    assert (grown[head & (high > eyes[:, 1].max() + 0.075)] == 1).all()  # the crown
    beside = head & (high > ears[:, 1].max()) & (front < ears[:, 2].max()) & (np.abs(aside) > 0.05)
    assert (grown[beside] > 0.5).all()
    assert (grown[head & (front > eyes[:, 2].max() - 0.02) & (high < eyes[:, 1].max() + 0.04)] <= 0).all()  # the face
    assert (grown[template.regions == "ear"] == -1).all()
    assert (grown[skin & (high < ears[:, 1].min() - 0.06)] == 0).all()  # the neck
    cheeks = skin & (np.abs(high - ears[:, 1].min()) < 0.01) & (front > ears[:, 2].max() + 0.015)
    assert (grown[cheeks] == -1).all()


def test_hair_that_stands_off_grows_behind_the_hairline_of_the_head_and_nowhere_else():
    bun, bob, fringe, shoulder = [0, 0.72, -0.12], [0.13, 0.68, 0.0], [0, 0.70, 0.17], [0.25, 0.5, 0.0]
    neck, high, aside = [0, 0.57, -0.05], [0.02, 0.93, 0.0], [0.25, 0.66, 0.0]
    assert over_scalp(np.array([bun, bob, high])).tolist() == [1, 1, 1]
    assert over_scalp(np.array([fringe, shoulder, neck, aside])).tolist() == [0, 0, 0, 0]


def test_hair_goes_on_below_the_heads_own_skin_to_the_hairline_of_the_nape_and_under_no_collar():
    nape, middle, low, throat = [0, 0.655, -0.03], [0, 0.622, -0.04], [0, 0.575, -0.05], [0, 0.58, 0.06]
    rest = np.array([nape, middle, low, throat, nape])
    assert is_neck(rest).all()
    assert not is_neck(np.array([[0, 0.655, -0.12], [0.2, 0.55, 0], [0, 0.75, -0.05]])).any()
    shares = np.zeros((5, len(REGIONS)))
    shares[:4, REGIONS["skin"]] = shares[4, REGIONS["upper"]] = 1
    grown = over_nape(rest, shares)
    assert grown[0] == 1
    assert abs(grown[1]) < 0.1
    assert (grown[2:4] == -1).all()
    assert grown[4] == 0


def test_hair_ends_at_a_nape_whose_skin_is_seen_below_it_and_not_under_long_hair():
    rest = np.array([[0, 0.655, -0.03], [0, 0.61, -0.05], [0, 0.59, -0.05], [0, 0.58, 0.06]])
    looks = np.array([[0, 0, -1.0], [0, 0, -1.0], [0, 0, -1.0], [0, 0, 1.0]])
    names = ["hair", "skin", "skin", "hair"]
    short, long = np.zeros((2, 4, len(REGIONS)))
    short[range(4), [REGIONS[name] for name in names]] = 1
    long[:, REGIONS["hair"]] = 1
    assert ends_at_nape(rest, short, looks)
    assert not ends_at_nape(rest, long, looks)


def test_the_hairline_moves_to_where_the_photo_shows_it_and_no_further():
    """Before the ear the photo shows skin where the mean body has hair: that is skin, and hair behind stays."""
    rest = np.column_stack(
        [np.zeros(3), np.full(3, 0.69), np.interp(0.69, HEIGHTS, FRONTS) - np.array([0.01, 0.05, 0.01])]
    )
    skin = np.zeros((8, 8, len(REGIONS)), np.float32)
    skin[..., REGIONS["skin"]] = 1
    looks = np.array([[0.8, 0, 0.6], [0.8, 0, 0.6], [1.0, 0, 0]])
    seen = as_seen(np.ones(3), rest, Regions(skin, skin), np.zeros((3, 3)), looks)
    assert seen.tolist() == [-1, 1, 1]

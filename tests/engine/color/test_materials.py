# SPDX-License-Identifier: GPL-3.0-or-later
"""Shades of a garment are one material; what is as near in colour, and another garment, is another."""

import numpy as np

from blender_pifu.engine.color.materials import LIGHTNESS, tell_apart
from blender_pifu.engine.color.regions import REGIONS

SIZE = 64


def test_two_shades_are_one_material_in_one_garment_alone():
    left = np.arange(SIZE) < SIZE // 2
    features = np.where(left[:, None], [40.0, 40, 40], [46.0, 52, 40]) * np.ones((SIZE, SIZE, 1))
    everywhere, nowhere = np.ones((SIZE, SIZE), bool), np.zeros((SIZE, SIZE), bool)
    garments = np.where(left, 0, 1) * np.ones((SIZE, SIZE), int)
    for regions, count in ((None, 2), (0 * garments, 1), (garments, 2)):
        _, material, _ = tell_apart(features.astype(np.float32), everywhere, nowhere, regions)
        assert len(np.unique(material)) == count


def test_a_forearm_in_the_shade_of_a_red_shirt_is_none_of_it():
    tones = [(54, 62, 34), (52, 54, 36), (51, 46, 38), (52, 38, 40)]  # shirt, then skin: in its shade, less, in the sun
    lab = np.repeat(np.array(tones, np.float64), 16, 0)[:, None] + np.random.default_rng(0).normal(0, 1, (64, 64, 3))
    whole, regions = np.ones((64, 64), bool), np.where(np.arange(64)[:, None] < 16, REGIONS["upper"], REGIONS["skin"])
    regions = np.repeat(regions, 64, 1)
    one, told = tell_apart(lab, whole, whole)[1], tell_apart(lab, whole, whole, regions)[1]
    assert len(np.unique(one)) == 1
    assert not set(told[:16].ravel()) & set(told[16:].ravel())
    assert len(np.unique(told[20:])) == 1


def test_dark_hair_is_no_shade_of_a_dark_shirt():
    """Brown hair to the shoulders over a shirt of a dark purple: behind, the hair was purple."""
    tones = [
        (9, 3, 7),
        (12, 7, 4),
        (14, 12, -2),
        (15, 17, -5),
    ]  # hair, and in the shirt's gloss, then shirt, and its lit
    lab = np.repeat(np.array(tones, np.float64), 16, 0)[:, None] + np.random.default_rng(0).normal(0, 1, (64, 64, 3))
    whole, regions = np.ones((64, 64), bool), np.where(np.arange(64)[:, None] < 32, REGIONS["hair"], REGIONS["upper"])
    one, told = (tell_apart(lab, whole, whole, how)[1] for how in (None, np.repeat(regions, 64, 1)))
    assert len(np.unique(one)) == 1
    assert not set(told[:32].ravel()) & set(told[32:].ravel())


def test_black_and_white_cloth_are_two_materials_though_folds_and_borders_have_all_greys():
    """A black jacket above pale trousers: behind, one went over into the other from the shoulders to the feet."""
    grey = np.repeat(np.concatenate([np.full(40, 10.0), np.linspace(10, 80, 40), np.full(40, 80.0)]), 2)[:, None]
    lab = np.dstack([grey.repeat(120, 1), np.zeros((240, 120)), np.zeros((240, 120))]).astype(np.float32)
    everywhere = np.ones(lab.shape[:2], bool)
    material = tell_apart(lab * [LIGHTNESS, 1, 1], everywhere, ~everywhere, np.zeros(lab.shape[:2], int))[1]
    assert len(np.unique(material[:60])) == len(np.unique(material[-60:])) == 1
    assert material[0, 0] != material[-1, 0]


def test_grey_trousers_are_no_shade_of_a_darker_grey_shirt():
    """Behind, the shirt went over into the trousers from the shoulders to the feet, without a hem."""
    tones = [(30, 0, 0), (36, 0, 0), (44, 0, 1), (50, 0, 1)]  # shirt, in shade and lit, then trousers
    lab = np.repeat(np.array(tones, np.float64), 16, 0)[:, None] + np.random.default_rng(0).normal(0, 1, (64, 64, 3))
    whole, rows = np.ones((64, 64), bool), np.arange(64)[:, None]
    garments = np.repeat(np.where(rows < 32, REGIONS["upper"], REGIONS["lower"]), 64, 1)
    suit, told = (tell_apart(lab, whole, whole, how)[1] for how in (np.full((64, 64), REGIONS["upper"]), garments))
    assert len(np.unique(suit)) == 1
    assert not set(told[:32].ravel()) & set(told[32:].ravel())
    assert len(np.unique(told[:32])) == len(np.unique(told[32:])) == 1


def test_shoes_are_no_shade_of_a_skirt_but_black_is_one_black():
    """Behind, shins and shoes were of the skirt's white; and a black dress is one, wherever labels have its halves."""
    skirt, shoes = [(74, 3, -4), (58, 3, -4)], [(44, 2, -7), (36, 1, -8)]
    lab = np.repeat(np.array([*skirt, *shoes], np.float64), 16, 0)[:, None] * np.ones((64, 64, 1))
    lab += np.random.default_rng(0).normal(0, 1, lab.shape)
    whole, rows = np.ones((64, 64), bool), np.arange(64)[:, None]
    worn = np.repeat(np.where(rows < 32, REGIONS["lower"], REGIONS["shoes"]), 64, 1)
    told = tell_apart(lab, whole, whole, worn)[1]
    assert len(np.unique(tell_apart(lab, whole, whole)[1])) == 1
    assert not set(told[:32].ravel()) & set(told[32:].ravel())
    black = np.where(rows[..., None] < 32, 3.0, 5.5) * [1, 0, 0] * np.ones((64, 64, 1))
    garments = np.repeat(np.where(rows < 32, REGIONS["upper"], REGIONS["lower"]), 64, 1)
    assert len(np.unique(tell_apart(black, whole, whole, garments)[1])) == 1

# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds of garments: told from the outfit, for every suit, and without a draw of the person's random numbers."""

import numpy as np
import pytest

from blender_pifu.training.people.cloth.wardrobe import sample_garments
from blender_pifu.training.people.clothes.garment_kinds import GARMENT_KINDS, KIND_OF_SUIT, outfit_kind
from blender_pifu.training.people.clothes.outfit import Cut, Garment, sample_outfit
from blender_pifu.training.people.clothes.pieces import names
from blender_pifu.training.people.generations import make_person
from blender_pifu.training.people.person import generator


def garment(cloth, ease=0.005, flare=0.0):
    return Garment(cloth, Cut(), ease=ease, flare=flare)


@pytest.mark.parametrize(
    ("worn", "kind"),
    [
        ([garment("legs"), garment("top")], "tight"),
        ([garment("legs", flare=0.05), garment("top")], "loose"),
        ([garment("legs"), garment("top", ease=0.025)], "loose"),
        ([garment("skirt"), garment("top", ease=0.025)], "skirt"),
        ([garment("dress"), garment("dress")], "skirt"),
        ([garment("skirt"), garment("top"), garment("jacket")], "coat"),
    ],
)
def test_the_outermost_and_the_widest_decide(worn, kind):
    assert outfit_kind(worn) == kind


def test_every_suit_of_the_wardrobe_has_a_kind():
    worn = {
        name for split in ("train", "test") for sex in ("male_", "female_") for name in names("clothes", sex, split)
    }
    assert worn == set(KIND_OF_SUIT) and set(KIND_OF_SUIT.values()) <= set(GARMENT_KINDS)


@pytest.mark.parametrize("draw", [sample_outfit, lambda rng: sample_garments(rng, bool(rng.random() < 0.5), False)])
def test_all_kinds_are_common(draw):
    kinds = [outfit_kind(draw(np.random.default_rng(seed))) for seed in range(300)]
    assert all(kinds.count(kind) > 30 for kind in GARMENT_KINDS)


@pytest.mark.parametrize("seed", [2, 1])
def test_people_know_what_they_wear(seed):
    rng = generator(seed, "test", "clothes")
    sewn = rng.random() >= 0.25
    assert sewn == (seed == 2), "the second wears a suit of the wardrobe"
    assert make_person(seed, "test").garments == (outfit_kind(sample_outfit(rng)) if sewn else "skirt")

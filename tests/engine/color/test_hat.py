# SPDX-License-Identifier: GPL-3.0-or-later
"""A hat with a badge is told from hair, and goes round the head, with hair below its edge."""

import numpy as np
import pytest

from blender_pifu.engine.color.hat import with_hat
from blender_pifu.engine.color.regions import REGIONS, Regions

from .test_behind_head import head_with

SIDE = 128
BROWN, GREEN = (0.3, 0.2, 0.15), (0.4, 0.6, 0.3)
HAIR, SKIN, THING = (REGIONS[name] for name in ("hair", "skin", "thing"))


def regions_of_a_head(badge):
    """Skin below the row of the eyes, 48, and above it what a network took for hair, but for a badge."""
    seen = np.zeros((SIDE, SIDE, len(REGIONS)), np.float32)
    seen[:48, :, HAIR], seen[48:, :, SKIN] = 1, 1
    behind = np.zeros_like(seen)
    behind[:70, :, HAIR], behind[70:, :, SKIN] = 1, 1
    seen[badge] = np.eye(len(REGIONS))[THING]
    return Regions(seen, behind)


def photo_of_a_head(worn=BROWN, below=BROWN):
    """A photo of that head, of one colour down to the row 45 and of another below."""
    photo = np.ones((SIDE, SIDE, 4), np.float32)
    photo[:45, :, :3], photo[45:, :, :3] = worn, below
    return photo


def test_what_is_worn_above_the_brow_goes_round_and_ends_where_it_does_at_the_temples():
    told = with_hat(regions_of_a_head(np.s_[10:46, 40:88]), photo_of_a_head(), head_with((80, 48), 64))
    assert told.front[30, 60].argmax() == told.front[30, 36].argmax() == THING
    behind = told.back[:, 64].argmax(-1)
    assert (behind[30:47] == THING).all() and behind[52] == HAIR and behind[80] == SKIN


def test_hair_without_a_badge_and_white_hair_that_is_in_part_taken_for_one_stay_hair():
    for badge in (np.s_[30:31, 60:62], np.s_[20:44, 50:78]):
        given = regions_of_a_head(badge)
        assert with_hat(given, photo_of_a_head(), head_with((80, 48), 64)) is given
    assert with_hat(given, photo_of_a_head(), None) is given


@pytest.mark.parametrize("worn, below, hat", [(GREEN, BROWN, True), (GREEN, GREEN, False), (BROWN, GREEN, False)])
def test_a_cap_of_a_colour_that_hair_has_not_is_told_by_the_hair_below_it(worn, below, hat):
    """It had the grain of hair, and went down to the nape; who dyes their hair does so down to its ends."""
    given = regions_of_a_head(np.s_[0:0, 0:0])
    given.front[:56] = np.eye(len(REGIONS))[HAIR]
    told = with_hat(given, photo_of_a_head(worn, below), head_with((80, 48), 64))
    assert (told is not given) == hat
    if hat:
        assert (told.front[30, 40:88].argmax(-1) == THING).all() and told.front[50, 40].argmax() == HAIR
        behind = told.back[:, 64].argmax(-1)
        assert (behind[30:42] == THING).all() and behind[52] == HAIR and behind[80] == SKIN

# SPDX-License-Identifier: GPL-3.0-or-later
"""Hair that no photo shows goes over into what is seen beside it, and a bare brow is no hair."""

import numpy as np

from blender_pifu.engine.color.seen_hair import GLIDES_M, find_seen_hair

SKIN, WHITE, SHADED = np.array([(0.55, 0.35, 0.28), (0.8, 0.77, 0.76), (0.5, 0.43, 0.34)])
METRE = 2.0


def temple(tone):
    """Places and tones of a scalp that a photo shows, two of which are a brow, and what it took for hair."""
    places = np.random.default_rng(2).uniform(-0.01, 0.01, (40, 3)) * METRE
    tones = np.tile(tone, (40, 1))
    tones[:2] = SKIN
    return places, find_seen_hair(places, tones, np.tile(SKIN, (9, 1)), np.tile(WHITE, (9, 1)), METRE)


def test_white_hair_behind_goes_over_into_a_shaded_temple():
    _, hair = temple(SHADED)
    along = np.linspace(0, 2 * GLIDES_M, 15) * METRE
    line = np.column_stack([along, 0 * along, 0 * along])
    tones = hair.beside(line, np.tile(WHITE, (15, 1)))
    assert np.abs(tones[0] - SHADED).max() < 0.02 and (tones[-5:] == WHITE).all()
    steps = np.diff(tones[2:, 0])
    assert (steps >= 0).all() and steps.max() < 0.3 * (WHITE - SHADED)[0], "no edge on the way"


def test_a_bare_brow_on_the_scalp_is_no_hair():
    places, hair = temple(SHADED)
    assert len(hair.places) == len(places) - 2 and np.allclose(hair.tones, SHADED)
    assert temple(SKIN)[1] is None


def test_a_white_badge_on_a_black_cap_is_no_hair():
    places, black = np.zeros((3, 3)), np.tile((0.05, 0.05, 0.06), (9, 1))
    assert find_seen_hair(places, np.tile(WHITE, (3, 1)), np.tile(SKIN, (9, 1)), black, METRE) is None
    assert len(find_seen_hair(places, black[:3], np.tile(SKIN, (9, 1)), black, METRE).places) == 3


def test_without_cheeks_nothing_is_told():
    places = np.zeros((3, 3))
    assert find_seen_hair(places, np.tile(SHADED, (3, 1)), np.zeros((0, 3)), places, METRE) is None

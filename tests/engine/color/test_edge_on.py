# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloth and skin seen edge-on have the tone that is nearby, and a halo there is not believed."""

import numpy as np

from blender_pifu.engine.color.edge_on import seen_edge_on
from blender_pifu.engine.color.regions import REGIONS, Regions

SIDE = 256
CLOTH, SHEEN, HALO = (0.2, 0.2, 0.25), (0.36, 0.36, 0.41), (0.9, 0.8, 0.2)
AHEAD, EDGE_ON = np.array([1.0]), np.array([0.3])


def told(region="upper"):
    """Of dark cloth, or what the region is, with a sheen down one side, and on the other a halo."""
    photo = np.ones((SIDE, SIDE, 4), np.float32)
    photo[..., :3] = CLOTH
    photo[:, :6, :3], photo[:, -6:, :3] = SHEEN, HALO
    worn = np.zeros((SIDE, SIDE, len(REGIONS)), np.float32)
    worn[..., REGIONS[region]] = 1
    return seen_edge_on(photo, Regions(worn, worn))


def at(column):
    return np.array([[(column + 0.5) / SIDE * 2 - 1, 0.0]])


def test_a_sheen_down_a_sleeve_goes_over_into_the_tone_of_the_cloth():
    seen = np.array([SHEEN])
    edge_on = told().toned(seen, at(1), EDGE_ON)
    assert np.allclose(edge_on, CLOTH, atol=0.06)
    assert np.array_equal(told().toned(seen, at(4), AHEAD), seen)
    assert told().believed(at(4), EDGE_ON) > 0.9


def test_of_another_colour_nothing_is_made_and_edge_on_it_is_not_believed():
    seen = np.array([HALO])
    assert np.allclose(told().toned(seen, at(SIDE - 2), EDGE_ON), HALO, atol=0.05)
    assert told().believed(at(SIDE - 2), EDGE_ON) < 0.1
    assert told().believed(at(SIDE - 5), AHEAD) == 1


def test_the_side_of_a_face_has_its_tone_where_light_grazes_it():
    seen = np.array([SHEEN])
    assert (told("skin").toned(seen, at(1), EDGE_ON) < np.subtract(SHEEN, 0.06)).all()
    assert np.array_equal(told("skin").toned(seen, at(4), AHEAD), seen)
    assert np.array_equal(told("hair").toned(seen, at(1), EDGE_ON), seen)

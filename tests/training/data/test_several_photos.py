# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is photographed again from a side is the same person, who stands a little otherwise."""

import numpy as np

from blender_pifu.training.data.several_photos import draw_turns, make_moved
from blender_pifu.training.people.generations import make_person


def test_joints_turn_and_nothing_else_changes():
    first = make_person(1, "test")
    still = make_moved(draw_turns(np.random.default_rng(0), 0.0), 1, "test", 3, None)
    moved = make_moved(draw_turns(np.random.default_rng(0), 1.0), 1, "test", 3, None)
    assert np.array_equal(still.vertices, first.vertices)
    assert np.array_equal(moved.colors, first.colors) and np.array_equal(moved.faces, first.faces)
    off = np.linalg.norm(moved.vertices - first.vertices, axis=1)
    assert 0.005 < np.median(off) < 0.06 and off.max() < 0.4

# SPDX-License-Identifier: GPL-3.0-or-later
"""The table says how many hands were read, and what it was worth to their fingertips."""

from blender_pifu.training.evaluate.hands import as_table


def row(taken, before, after, into=0.0):
    scores = [{"tips": value, "across": value / 2, "crossed": 0, "into": into} for value in (before, after)]
    return {
        "seed": 1,
        "side": ".L",
        "px": 60.0,
        "taken": taken,
        "on": taken,
        "sound": True,
        "before": scores[0],
        "after": scores[1],
    }


def test_medians_are_of_the_hands_that_were_read_and_of_all():
    table = as_table([row(True, 60.0, 20.0), row(True, 40.0, 30.0), row(False, 100.0, 100.0, 0.1)])
    assert table.startswith("3 hands of 60 to 60 pixels are seen, 2 were read")
    assert "| fingertips in space, mm | 50.0 | 25.0 | 2 of 2 |" in table
    assert "| fingertips in space, mm, all hands | 60.0 | 30.0 | 2 of 3 |" in table
    assert "put on the surface: 2, sound: 3 of 3" in table
    assert table.endswith("fingers through another: 0 hands; skin in thigh or trunk of the naked body: 1")


def test_without_any_there_is_nothing_to_compare():
    assert as_table([]) == "no hands are seen"

# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of how near fitted heads are."""

from blender_pifu.training.evaluate.head import TURNS, as_turned_table


def test_heads_that_were_not_found_are_counted_and_not_averaged():
    rows = [
        {"seed": seed, "yaw": yaw, "mean": {"face": 2.5}, "fitted": {"face": 1.0 + seed}}
        for seed in range(2)
        for yaw in TURNS
    ]
    rows[-1] |= {"mean": None, "fitted": None}
    table = as_turned_table(rows).splitlines()
    assert table[2] == "| 0 degrees | 2 of 2 | 2.50 | 1.50 |"
    assert table[-1] == "| 60 degrees | 1 of 2 | 2.50 | 1.00 |"

# SPDX-License-Identifier: GPL-3.0-or-later
"""The table says who got a face, and what it was worth to them."""

from blender_pifu.training.evaluate.face import FIGURES, as_table


def test_medians_are_of_those_who_got_a_face():
    figures = [dict.fromkeys(FIGURES, value) for value in (20.0, 10.0, 30.0, 40.0)]
    rows = [
        {"seed": 1, "laid": True, "without": figures[0], "with": figures[1]},
        {"seed": 2, "laid": True, "without": figures[2], "with": figures[3]},
        {"seed": 3, "laid": False},
    ]
    table = as_table(rows)
    assert table.startswith("3 people look at the camera, 2 got a face")
    assert "| drawn normals of the face, degrees | 25.0 | 25.0 | +0 % | 1 of 2 |" in table
    assert as_table(rows[2:]) == "1 people look at the camera, 0 got a face\n"

# SPDX-License-Identifier: GPL-3.0-or-later
"""The Output panel shows which choices have a say."""

import pytest

from blender_pifu.addon.ui.properties import draw_options


class Rows:
    """Draws nothing and keeps each row's property, and whether it is active."""

    def __init__(self, rows=None):
        self.rows = [] if rows is None else rows
        self.active = True

    def column(self):
        return self

    def row(self, align):
        return Rows(self.rows)

    def prop(self, _settings, name):
        self.rows.append((name, self.active))

    def operator(self, *_arguments, **_options):
        pass


@pytest.mark.parametrize(
    ("topology", "skeleton", "active"),
    [("STANDARD", True, True), ("STANDARD", False, False), ("ANIMATION", False, True), ("PRINT", True, False)],
)
def test_eyes_and_mouth_are_dimmed_where_no_head_is_worn(scene, topology, skeleton, active):
    scene.pifu.topology, scene.pifu.skeleton = topology, skeleton
    layout = Rows()
    draw_options(layout, scene.pifu)
    assert dict(layout.rows)["head_parts"] == active
    assert all(shown for name, shown in layout.rows if name != "head_parts")

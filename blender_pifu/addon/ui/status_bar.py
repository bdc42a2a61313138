# SPDX-License-Identifier: GPL-3.0-or-later
"""The work under way in Blender's status bar, so that it is seen with the sidebar closed."""

import bpy

from ..languages import iface


def draw(self, context) -> None:
    """The step, how far the whole is, and the button that stops it; nothing while nothing is at work."""
    status = context.window_manager.pifu
    if status.state != "RUNNING":
        return
    row = self.layout.row(align=True)
    row.separator()
    row.label(text=iface(status.step), translate=False, icon="OUTLINER_OB_ARMATURE")
    bar = row.row()
    bar.ui_units_x = 5
    bar.progress(factor=status.fraction, type="BAR", text=f"{status.fraction:.0%}")
    row.operator("pifu.cancel", text="", icon="CANCEL", emboss=False)


def add() -> None:
    """Draw it after what Blender shows there."""
    bpy.types.STATUSBAR_HT_header.append(draw)


def leave() -> None:
    """Take it out again."""
    bpy.types.STATUSBAR_HT_header.remove(draw)

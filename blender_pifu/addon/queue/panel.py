# SPDX-License-Identifier: GPL-3.0-or-later
"""The sub-panel "Queue"."""

import bpy

from ..languages import iface
from ..ui.panel import PIFU_PT_main, Sidebar
from ..ui.texts import draw_text, in_row
from . import entries
from .operators import PIFU_OT_queue_again, PIFU_OT_queue_clear

_ICONS = {entries.WAITING: "SORTTIME", entries.AT_WORK: "PLAY", entries.DONE: "CHECKMARK", entries.FAILED: "ERROR"}
_ROWS = 4


class PIFU_UL_queue(bpy.types.UIList):
    """A line for each photo: what has come of it, and its name."""

    def draw_item(self, _context, layout, _data, item, _icon, _active_data, _active_property, _index):
        row = layout.row()
        row.active = item.state != entries.DONE
        row.label(text=f"{item.name}", translate=False, icon=_ICONS[item.state])


class PIFU_PT_queue(Sidebar, bpy.types.Panel):
    """Photos of several people, one after another."""

    bl_idname = "PIFU_PT_queue"
    bl_label = "Queue"
    bl_parent_id = PIFU_PT_main.bl_idname
    bl_options = {"DEFAULT_CLOSED"}

    def draw_header_preset(self, _context):
        whole = len(entries.queue().entries)
        if whole:
            done = entries.count(entries.DONE, entries.FAILED)
            self.layout.label(text=iface(f"{done} of {whole}"), translate=False)

    def draw(self, context):
        layout, queue = self.layout, entries.queue()
        row = layout.row()
        row.template_list("PIFU_UL_queue", "", queue, "entries", queue, "index", rows=_ROWS)
        column = row.column(align=True)
        column.operator("pifu.queue_add", text="", icon="ADD")
        column.operator("pifu.queue_add_folder", text="", icon="NEWFOLDER")
        column.operator("pifu.queue_remove", text="", icon="REMOVE")
        column.separator()
        column.operator("pifu.queue_move", text="", icon="TRIA_UP").direction = "UP"
        column.operator("pifu.queue_move", text="", icon="TRIA_DOWN").direction = "DOWN"
        if 0 <= queue.index < len(queue.entries):
            _draw_entry(layout, queue.entries[queue.index], context.region.width)
        if entries.count(entries.AT_WORK):
            layout.operator("pifu.queue_stop", icon="PAUSE", depress=queue.stopping)
        else:
            layout.operator("pifu.queue_generate", icon="OUTLINER_OB_ARMATURE")
        row = layout
        if entries.count(entries.FAILED):
            row = in_row(
                layout, context.region.width, [PIFU_OT_queue_again.bl_label, PIFU_OT_queue_clear.bl_label], icons=True
            )
            row.operator("pifu.queue_again", icon="FILE_REFRESH")
        if len(queue.entries):
            row.operator("pifu.queue_clear", icon="X")


def _draw_entry(layout, entry, width: int) -> None:
    """What is told of the photo that is selected."""
    if not entry.message:
        return
    box = layout.box()
    draw_text(box, entry.message, width, "ERROR" if entry.state == entries.FAILED else "INFO")
    if entry.fix:
        draw_text(box, entry.fix, width)


CLASSES = (PIFU_UL_queue, PIFU_PT_queue)

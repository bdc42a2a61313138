# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators on the queue: add photos, order them, make them, stop."""

from pathlib import Path

import bpy
from bpy.props import BoolProperty, CollectionProperty, EnumProperty, StringProperty

from ..languages import rpt, tip
from ..ui.operators import Begins
from ..work import engine_state, job
from . import entries
from .task import QueueTask


class _Adds:
    """An operator that opens the file browser and puts what is chosen into the queue."""

    directory: StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE"})
    filter_folder: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_image: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context, _event):
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, _context):
        folder = Path(bpy.path.abspath(self.directory))
        try:
            added = entries.add(self.chosen(folder))
        except OSError as error:
            self.report({"ERROR"}, rpt(f"The folder {folder} cannot be read: {error.strerror or error}"))
            return {"CANCELLED"}
        self.report({"INFO"} if added else {"WARNING"}, rpt(f"Photos added to the queue: {added}"))
        job.redraw()
        return {"FINISHED"} if added else {"CANCELLED"}


class PIFU_OT_queue_add(_Adds, bpy.types.Operator):
    """Add photos to the queue, each of another person"""

    bl_idname = "pifu.queue_add"
    bl_label = "Add Photos..."

    files: CollectionProperty(type=bpy.types.OperatorFileListElement, options={"SKIP_SAVE"})

    def chosen(self, folder: Path) -> list[Path]:
        return [folder / file.name for file in self.files if file.name]


class PIFU_OT_queue_add_folder(_Adds, bpy.types.Operator):
    """Add all pictures of a folder to the queue, by their names"""

    bl_idname = "pifu.queue_add_folder"
    bl_label = "Add Folder..."

    def chosen(self, folder: Path) -> list[Path]:
        return entries.pictures_of(folder)


class PIFU_OT_queue_remove(bpy.types.Operator):
    """Take the selected photo out of the queue; a human that came of it stays"""

    bl_idname = "pifu.queue_remove"
    bl_label = "Remove from Queue"

    @classmethod
    def poll(cls, _context):
        queue = entries.queue()
        return 0 <= queue.index < len(queue.entries) and queue.entries[queue.index].state != entries.AT_WORK

    def execute(self, _context):
        queue = entries.queue()
        queue.entries.remove(queue.index)
        queue.index = max(0, min(queue.index, len(queue.entries) - 1))
        return {"FINISHED"}


class PIFU_OT_queue_move(bpy.types.Operator):
    """Move the selected photo in the queue, also while others are at work"""

    bl_idname = "pifu.queue_move"
    bl_label = "Move in Queue"

    direction: EnumProperty(
        name="Direction", items=[("UP", "Up", "Earlier"), ("DOWN", "Down", "Later")], options={"SKIP_SAVE"}
    )

    @classmethod
    def poll(cls, _context):
        return len(entries.queue().entries) > 1

    def execute(self, _context):
        queue = entries.queue()
        place = queue.index + (-1 if self.direction == "UP" else 1)
        if not 0 <= place < len(queue.entries):
            return {"CANCELLED"}
        queue.entries.move(queue.index, place)
        queue.index = place
        return {"FINISHED"}


class PIFU_OT_queue_clear(bpy.types.Operator):
    """Take all photos out of the queue but the one at work; humans that came of them stay"""

    bl_idname = "pifu.queue_clear"
    bl_label = "Clear Queue"

    @classmethod
    def poll(cls, _context):
        return len(entries.queue().entries) > 0

    def execute(self, _context):
        queue = entries.queue()
        for index in reversed(range(len(queue.entries))):
            if queue.entries[index].state != entries.AT_WORK:
                queue.entries.remove(index)
        queue.index = 0
        return {"FINISHED"}


class PIFU_OT_queue_again(bpy.types.Operator):
    """Have the photos of which nothing came wait for another turn"""

    bl_idname = "pifu.queue_again"
    bl_label = "Try Again"

    @classmethod
    def poll(cls, _context):
        return entries.count(entries.FAILED) > 0

    def execute(self, _context):
        for entry in entries.queue().entries:
            if entry.state == entries.FAILED:
                entry.state, entry.message, entry.fix = entries.WAITING, "", ""
        return {"FINISHED"}


class PIFU_OT_queue_generate(Begins, bpy.types.Operator):
    """Make a human of each photo that waits, with the choices as they are, one beside the other"""

    bl_idname = "pifu.queue_generate"
    bl_label = "Generate Queue"

    @classmethod
    def poll(cls, context):
        reason = "" if entries.count(entries.WAITING) else "No photo waits in the queue"
        if engine_state.current().word != "ready":
            reason = "Install the engine first"
        if reason:
            cls.poll_message_set(tip(reason))
            return False
        return super().poll(context)

    def execute(self, context):
        return self.begin(lambda: QueueTask(context))


class PIFU_OT_queue_stop(bpy.types.Operator):
    """Finish the photo at work and let the others wait. Cancel stops at once"""

    bl_idname = "pifu.queue_stop"
    bl_label = "Stop After This Photo"

    @classmethod
    def poll(cls, _context):
        return entries.count(entries.AT_WORK) > 0 and not entries.queue().stopping

    def execute(self, _context):
        entries.queue().stopping = True
        job.redraw()
        return {"FINISHED"}


CLASSES = (
    PIFU_OT_queue_add,
    PIFU_OT_queue_add_folder,
    PIFU_OT_queue_remove,
    PIFU_OT_queue_move,
    PIFU_OT_queue_clear,
    PIFU_OT_queue_again,
    PIFU_OT_queue_generate,
    PIFU_OT_queue_stop,
)

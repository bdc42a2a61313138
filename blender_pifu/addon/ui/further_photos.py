# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of further photos: pictures, the side that each shows, and why one was left out."""

from pathlib import Path

import bpy
from bpy.props import BoolProperty, CollectionProperty, IntProperty, PointerProperty, StringProperty

from ...choices import OPTIONS
from ..languages import iface, rpt, tip
from ..work import further_photos, job
from ..work.film import FramesTask
from .operators import OpensFilm
from .texts import draw_text, in_row, ui_scale

_SCALE = 2.5  # of the pictures, in lines
_BESIDE_PX = 80  # the picture and a button, beside what is told of it
MOST = int(OPTIONS["views"].high)


def _on_image(_self, _context) -> None:
    job.forget()


class PIFU_PG_view(bpy.types.PropertyGroup):
    """A further photo of the person."""

    image: PointerProperty(
        type=bpy.types.Image, name="Further Photo", description="The same person from another side", update=_on_image
    )
    used: BoolProperty(options={"HIDDEN"})  # by the last human, where `told` says something
    told: StringProperty(options={"HIDDEN"})


class PIFU_OT_add_views(bpy.types.Operator):
    """Add photos of the same person from other sides, in nearly the same pose"""

    bl_idname = "pifu.add_views"
    bl_label = "Add Photos"
    bl_options = {"REGISTER", "UNDO"}

    directory: StringProperty(subtype="DIR_PATH", options={"HIDDEN"})
    files: CollectionProperty(type=bpy.types.OperatorFileListElement, options={"HIDDEN", "SKIP_SAVE"})
    filter_image: BoolProperty(default=True, options={"HIDDEN"})
    filter_folder: BoolProperty(default=True, options={"HIDDEN"})

    @classmethod
    def poll(cls, context):
        if len(context.scene.pifu.views) >= MOST:
            cls.poll_message_set(tip("There are as many photos as can be used"))
            return False
        return True

    def invoke(self, context, _event):
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context):
        settings, folder = context.scene.pifu, Path(bpy.path.abspath(self.directory))
        names = [file.name for file in self.files if file.name]
        for name in names[: MOST - len(settings.views)]:
            try:
                image = bpy.data.images.load(str(folder / name), check_existing=True)
            except RuntimeError as error:
                self.report({"ERROR"}, rpt(str(error)))
                return {"CANCELLED"}
            image.preview_ensure()
            settings.views.add().image = image
        if len(settings.views) == MOST and len(names) > MOST:
            self.report({"WARNING"}, rpt(f"Only {MOST} further photos can be used"))
        return {"FINISHED"} if names else {"CANCELLED"}


class PIFU_OT_open_video(OpensFilm, bpy.types.Operator):
    """Choose frames of a film in which one person turns round as the photo and the further photos"""

    bl_idname = "pifu.open_video"
    bl_label = "Open Video"

    def execute(self, context):
        return self.begin(lambda: FramesTask(context, self.video))


class PIFU_OT_remove_view(bpy.types.Operator):
    """Take this photo off the list"""

    bl_idname = "pifu.remove_view"
    bl_label = "Remove Photo"
    bl_options = {"REGISTER", "UNDO"}

    index: IntProperty(min=0, options={"HIDDEN"})

    def execute(self, context):
        views = context.scene.pifu.views
        if self.index >= len(views):
            return {"CANCELLED"}
        views.remove(self.index)
        further_photos.forget(context.scene.pifu)
        job.forget()
        return {"FINISHED"}


def draw_views(layout, settings, width: int) -> None:
    """Draw the list, in a region of `width` pixels."""
    layout.label(text="Further Photos (Optional)")
    for index, view in enumerate(settings.views):
        row = layout.box().row()
        image = view.image
        if image and image.preview and image.preview.icon_id:
            row.template_icon(icon_value=image.preview.icon_id, scale=_SCALE)
        column = row.column()
        line = image.name if image else iface("No longer there")
        column.label(text=line, translate=False)
        if view.told:
            draw_text(column, view.told, width - int(_BESIDE_PX * ui_scale()), "CHECKMARK" if view.used else "ERROR")
        row.operator("pifu.remove_view", text="", icon="X", emboss=False).index = index
    row = in_row(layout, width, [PIFU_OT_add_views.bl_label, PIFU_OT_open_video.bl_label], icons=True)
    row.operator("pifu.add_views", icon="ADD")
    row.operator("pifu.open_video", icon="FILE_MOVIE")


CLASSES = (PIFU_PG_view, PIFU_OT_add_views, PIFU_OT_open_video, PIFU_OT_remove_view)

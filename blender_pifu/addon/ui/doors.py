# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a human is begun beside the sidebar: Add > Mesh, File > Import, the Image Editor, a picture dropped on a view.

Menus make the operators known to Blender's search (F3) too.
"""

import bpy
from bpy.props import BoolProperty, StringProperty

from ..errors import UserError
from ..work import engine_state, job
from ..work.generate import GenerateTask
from . import properties

PICTURES = ".png;.jpg;.jpeg;.webp;.tif;.tiff;.bmp"
LABEL, ICON, TAB = "Human from Photo", "OUTLINER_OB_ARMATURE", "Human"


def begin(operator, context, image: bpy.types.Image) -> set[str]:
    """Make a picture the photo, and generate a human where the engine is ready; else the sidebar says what it needs."""
    context.scene.pifu.photo = image
    show_sidebar(context)
    if engine_state.current().word != "ready":
        operator.report({"WARNING"}, f"{engine_state.current().text} Install it in the sidebar, tab {TAB}.")
        return {"FINISHED"}
    try:
        return job.launch(operator, GenerateTask(context))
    except UserError as error:
        return job.refuse(operator, error)


def show_sidebar(context) -> None:
    """Open the sidebar of the 3D View that the pointer is in, or of the largest, at this add-on's tab."""
    areas = [area for area in context.screen.areas if area.type == "VIEW_3D"] if context.screen else []
    if not areas:
        return
    area = context.area if context.area in areas else max(areas, key=lambda each: each.width * each.height)
    area.spaces.active.show_region_ui = True
    for region in area.regions:
        if region.type == "UI":
            try:
                region.active_panel_category = TAB
            except (AttributeError, TypeError):  # not drawn yet, or without tabs: the artist chooses it
                pass


class _Door:
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, _context):
        if job.is_running():
            cls.poll_message_set("Something is at work already")
            return False
        return True


class PIFU_OT_from_photo(_Door, bpy.types.Operator):
    """Choose a photo of a person and make a 3D human out of it"""

    bl_idname = "pifu.from_photo"
    bl_label = LABEL

    filepath: StringProperty(name="Photo", subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_image: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context, _event):
        if self.filepath:  # dropped
            return self.execute(context)
        context.window_manager.fileselect_add(self)
        for area in context.window.screen.areas:
            if area.type == "FILE_BROWSER" and area.spaces.active.params:
                area.spaces.active.params.display_type = "THUMBNAIL"
        return {"RUNNING_MODAL"}

    def draw(self, context):
        column = self.layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        for place in ("main", "output"):
            properties.draw_options(column, context.scene.pifu, place)

    def execute(self, context):
        try:
            image = bpy.data.images.load(bpy.path.abspath(self.filepath), check_existing=True)
        except RuntimeError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return begin(self, context, image)


class PIFU_OT_from_image(_Door, bpy.types.Operator):
    """Make a 3D human out of the picture in this editor"""

    bl_idname = "pifu.from_image"
    bl_label = "Human from This Image"

    @classmethod
    def poll(cls, context):
        if getattr(context, "edit_image", None) is None:
            cls.poll_message_set("There is no picture in this editor")
            return False
        return super().poll(context)

    def execute(self, context):
        return begin(self, context, context.edit_image)


class PIFU_FH_photo(bpy.types.FileHandler):
    """Pictures dropped onto a 3D View; where others take them too, Blender asks which."""

    bl_idname = "PIFU_FH_photo"
    bl_label = LABEL
    bl_import_operator = PIFU_OT_from_photo.bl_idname
    bl_file_extensions = PICTURES

    @classmethod
    def poll_drop(cls, context):
        return context.area is not None and context.area.type == "VIEW_3D"


def _in_menu(self, _context) -> None:
    self.layout.operator_context = "INVOKE_DEFAULT"
    self.layout.operator(PIFU_OT_from_photo.bl_idname, text=LABEL, icon=ICON)


def _in_import(self, _context) -> None:
    self.layout.operator(PIFU_OT_from_photo.bl_idname, text=LABEL)


def _in_image_menu(self, _context) -> None:
    self.layout.separator()
    self.layout.operator(PIFU_OT_from_image.bl_idname, icon=ICON)


MENUS = (("VIEW3D_MT_mesh_add", _in_menu), ("TOPBAR_MT_file_import", _in_import), ("IMAGE_MT_image", _in_image_menu))
CLASSES = (PIFU_OT_from_photo, PIFU_OT_from_image, PIFU_FH_photo)


def add_to_menus() -> None:
    """Draw the operators in Blender's own menus."""
    for menu, draw in MENUS:
        getattr(bpy.types, menu).append(draw)


def leave_menus() -> None:
    """Take them out again."""
    for menu, draw in MENUS:
        getattr(bpy.types, menu).remove(draw)

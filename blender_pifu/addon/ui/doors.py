# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a human is begun beside the sidebar: Add > Mesh, File > Import, the Image Editor, a picture dropped on a view.

Menus make the operators known to Blender's search (F3) too.
"""

import os

import bpy
from bpy.props import BoolProperty, CollectionProperty, StringProperty

from ...protocol import PICTURES
from ..languages import rpt, tip
from ..person.view import largest_view
from ..work import engine_state, job
from ..work.generate import GenerateTask
from .operators import Begins, load_picture
from .panel import Sidebar
from .properties import draw_options

LABEL, ICON = "Human from Photo", "OUTLINER_OB_ARMATURE"
_TRIES, _TRY_S = 40, 0.25  # a sidebar that was never open has no tabs before it is drawn


def show_sidebar(context) -> None:
    """Open the sidebar of the 3D View that the pointer is in, or of the largest, at this add-on's tab."""
    largest = largest_view(context.screen) if context.screen else None
    if largest is None:
        return
    area = context.area if context.area and context.area.type == "VIEW_3D" else largest
    area.spaces.active.show_region_ui = True
    if not _show_tab(area) and not bpy.app.background:
        key, tries = area.as_pointer(), iter(range(_TRIES))

        def again() -> float | None:
            found = [each for each in _areas() if each.as_pointer() == key]
            done = not found or _show_tab(found[0]) or next(tries, None) is None
            return None if done else _TRY_S

        bpy.app.timers.register(again, first_interval=_TRY_S)


def _areas() -> list:
    """The areas of all windows."""
    return [area for window in bpy.context.window_manager.windows for area in window.screen.areas]


def _show_tab(area) -> bool:
    """Turn an area's sidebar to this add-on's tab; False while it has none, since it was never drawn."""
    for region in area.regions:
        if region.type == "UI":
            try:
                region.active_panel_category = Sidebar.bl_category
                region.tag_redraw()
            except (AttributeError, TypeError):
                return False
    return True


class _Door(Begins):
    bl_options = {"REGISTER", "UNDO"}

    def generate(self, context, image: bpy.types.Image) -> set[str]:
        """Make a picture the photo, and a human of it where the engine is ready; else the sidebar says what to do."""
        context.scene.pifu.photo = image
        show_sidebar(context)
        engine = engine_state.current()
        if engine.word == "ready":
            return self.begin(lambda: GenerateTask(context))
        self.report({"WARNING"}, rpt(f"{engine.text} Install it in the sidebar, tab {Sidebar.bl_category}."))
        return {"FINISHED"}


class PIFU_OT_from_photo(_Door, bpy.types.Operator):
    """Choose a photo of a person and make a 3D human out of it; several go into the queue"""

    bl_idname = "pifu.from_photo"
    bl_label = LABEL

    filepath: StringProperty(name="Photo", subtype="FILE_PATH", options={"SKIP_SAVE"})
    directory: StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE"})
    files: CollectionProperty(type=bpy.types.OperatorFileListElement, options={"SKIP_SAVE"})
    filter_image: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_folder: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context, _event):
        context.window_manager.fileselect_add(self)
        for area in context.window.screen.areas:
            if area.type == "FILE_BROWSER" and area.spaces.active.params:
                area.spaces.active.params.display_type = "THUMBNAIL"
        return {"RUNNING_MODAL"}

    def draw(self, context):
        draw_options(self.layout, context.scene.pifu)

    def execute(self, context):
        if len(self.files) > 1:  # of several people: the queue begins where the engine is ready
            _into_queue(self, context)
            return bpy.ops.pifu.queue_generate() if bpy.ops.pifu.queue_generate.poll() else {"FINISHED"}
        image = load_picture(self)
        return {"CANCELLED"} if image is None else self.generate(context, image)


class PIFU_OT_drop_photo(bpy.types.Operator):
    """Choose the dropped picture as the photo; several, or one while a human is being made, wait in the queue"""

    bl_idname = "pifu.drop_photo"
    bl_label = LABEL
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    filepath: StringProperty(name="Photo", subtype="FILE_PATH", options={"SKIP_SAVE"})
    directory: StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE"})
    files: CollectionProperty(type=bpy.types.OperatorFileListElement, options={"SKIP_SAVE"})

    def execute(self, context):
        making = job.is_running() and not context.window_manager.pifu.about_engine
        if making or len(self.files) > 1:
            return _into_queue(self, context)
        image = load_picture(self)
        if image is None:
            return {"CANCELLED"}
        context.scene.pifu.photo = image
        show_sidebar(context)
        return {"FINISHED"}


def _into_queue(operator, context) -> set[str]:
    """Have the photos of an operator wait in the queue, which the sidebar shows."""
    show_sidebar(context)
    folder, names = operator.directory, [file.name for file in operator.files]
    if not names:  # a script may name a file alone
        folder, names = os.path.split(operator.filepath)
        names = [names]
    return bpy.ops.pifu.queue_add(directory=folder, files=[{"name": name} for name in names])


class PIFU_OT_from_image(_Door, bpy.types.Operator):
    """Make a 3D human out of the picture in this editor"""

    bl_idname = "pifu.from_image"
    bl_label = "Human from This Image"

    @classmethod
    def poll(cls, context):
        if getattr(context, "edit_image", None) is None:
            cls.poll_message_set(tip("There is no picture in this editor"))
            return False
        return super().poll(context)

    def execute(self, context):
        return self.generate(context, context.edit_image)


class PIFU_FH_photo(bpy.types.FileHandler):
    """Pictures dropped onto a 3D View; where others take them too, Blender asks which."""

    bl_idname = "PIFU_FH_photo"
    bl_label = LABEL
    bl_import_operator = PIFU_OT_drop_photo.bl_idname
    bl_file_extensions = ";".join(PICTURES)

    @classmethod
    def poll_drop(cls, context):
        return context.area is not None and context.area.type == "VIEW_3D"


def _in_menu(self, _context) -> None:
    self.layout.operator(PIFU_OT_from_photo.bl_idname, text=LABEL, icon=ICON)


def _in_import(self, _context) -> None:
    self.layout.operator(PIFU_OT_from_photo.bl_idname, text=LABEL)


def _in_image_menu(self, _context) -> None:
    self.layout.separator()
    self.layout.operator(PIFU_OT_from_image.bl_idname, icon=ICON)


MENUS = (("VIEW3D_MT_mesh_add", _in_menu), ("TOPBAR_MT_file_import", _in_import), ("IMAGE_MT_image", _in_image_menu))
CLASSES = (PIFU_OT_from_photo, PIFU_OT_drop_photo, PIFU_OT_from_image, PIFU_FH_photo)


def add_to_menus() -> None:
    """Draw the operators in Blender's own menus."""
    for menu, draw in MENUS:
        getattr(bpy.types, menu).append(draw)


def leave_menus() -> None:
    """Take them out again."""
    for menu, draw in MENUS:
        getattr(bpy.types, menu).remove(draw)

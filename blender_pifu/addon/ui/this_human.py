# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel and the operators for a human that is there: how it was made, again, as an asset, on a turntable."""

from pathlib import Path

import bpy
from bpy.props import BoolProperty, StringProperty

from ...protocol import ErrorKind
from ..errors import UserError
from ..identity import key
from ..languages import rpt
from ..person import asset, contact_sheet, turntable
from ..person.human import find_person
from ..work import history, job
from ..work.generate import GenerateTask
from .on_person import OnPerson
from .operators import Begins
from .panel import Sidebar
from .texts import draw_text


class PIFU_OT_restore_settings(OnPerson, bpy.types.Operator):
    """Take photo and choices of this human as those of the next one"""

    bl_idname = "pifu.restore_settings"
    bl_label = "Restore Settings"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def obstacle(cls, _context, person):
        return "" if history.of(person.body) else "It is not known how this human was made"

    def act(self, context, person):
        history.restore(context.scene.pifu, history.of(person.body))


class PIFU_OT_generate_variant(Begins, OnPerson, bpy.types.Operator):
    """Make a human of the photo with the choices as they are now, beside this one"""

    bl_idname = "pifu.generate_variant"
    bl_label = "Generate Beside"

    @classmethod
    def poll(cls, context):
        return super().poll(context) and super(Begins, cls).poll(context)

    def execute(self, context):
        body = find_person(context).body
        return self.begin(lambda: GenerateTask(context, beside=key(body)))


class PIFU_OT_turntable(OnPerson, bpy.types.Operator):
    """Add a camera that goes round this human in 120 frames, and light"""

    bl_idname = "pifu.turntable"
    bl_label = "Add Turntable"
    bl_options = {"REGISTER", "UNDO"}

    def act(self, context, person):
        turntable.add_turntable(context, person)


class PIFU_OT_contact_sheet(OnPerson, bpy.types.Operator):
    """Write a picture of this human from eight sides, as it is posed"""

    bl_idname = "pifu.contact_sheet"
    bl_label = "Contact Sheet..."

    filepath: StringProperty(name="File", subtype="FILE_PATH", options={"SKIP_SAVE"})
    check_existing: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_glob: StringProperty(default="*.png", options={"HIDDEN", "SKIP_SAVE"})

    def invoke(self, context, _event):
        folder = Path(bpy.data.filepath).parent if bpy.data.filepath else Path.home()
        self.filepath = str(folder / f"{bpy.path.clean_name(find_person(context).body.name)}.png")
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def act(self, context, person):
        if not self.filepath:
            raise UserError(ErrorKind.OUTPUT, "There is no file to write to.", "Choose one.")
        path = Path(bpy.path.abspath(self.filepath))
        written = contact_sheet.write_contact_sheet(context, person, path)
        self.report({"INFO"}, rpt(f"Exported {written.name}"))


class PIFU_OT_mark_asset(OnPerson, bpy.types.Operator):
    """Offer this human in the Asset Browser, with the photo as its picture; save the file to keep it"""

    bl_idname = "pifu.mark_asset"
    bl_label = "Mark as Asset"
    bl_options = {"REGISTER", "UNDO"}

    def act(self, context, person):
        made = history.of(person.body)
        photo = (made.get("photo") or {}).get("file", "")
        collection = asset.mark(context, person, made.get("licence", ""), photo)
        self.report({"INFO"}, rpt(f'The collection "{collection.name}" is an asset now'))


class PIFU_PT_this_human(Sidebar, bpy.types.Panel):
    """How the human that is selected was made, and what else to do with it."""

    bl_idname = "PIFU_PT_this_human"
    bl_label = "This Human"
    bl_order = 5
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context):
        return find_person(context) is not None

    def draw(self, context):
        layout, made = self.layout, history.of(find_person(context).body)
        if made:
            column = layout.column(align=True)
            for line in history.lines(made):
                draw_text(column, line, context.region.width)
            column = layout.column(align=True)
            column.operator("pifu.restore_settings", icon="LOOP_BACK")
            if not job.is_running():
                column.operator("pifu.generate_variant", icon="DUPLICATE")
        column = layout.column(align=True)  # in rows, German words are cut off
        column.operator("pifu.mark_asset", icon="ASSET_MANAGER")
        column.operator("pifu.turntable", icon="CAMERA_DATA")
        column.operator_context = "INVOKE_DEFAULT"
        column.operator("pifu.contact_sheet", icon="IMAGE_DATA")


CLASSES = (
    PIFU_OT_restore_settings,
    PIFU_OT_generate_variant,
    PIFU_OT_turntable,
    PIFU_OT_contact_sheet,
    PIFU_OT_mark_asset,
    PIFU_PT_this_human,
)

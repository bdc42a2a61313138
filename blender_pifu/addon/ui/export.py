# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel and the operator that write a person as a program wants it."""

from pathlib import Path

import bpy
from bpy.props import BoolProperty, EnumProperty, StringProperty

from ...protocol import ErrorKind
from ..errors import UserError
from ..export import programs
from ..export.export import export, unfit
from ..export.writers import WRITERS
from ..languages import iface, rpt, tip
from ..person.human import find_person
from .on_person import OnPerson
from .panel import Sidebar
from .texts import draw_text


class PIFU_OT_export(OnPerson, bpy.types.Operator):
    """Write the human, with all that hangs from it, as the program chosen in Output reads it"""

    bl_idname = "pifu.export"
    bl_label = "Export"

    filepath: StringProperty(name="File", subtype="FILE_PATH", options={"SKIP_SAVE"})
    program: EnumProperty(name="For", items=programs.items(), options={"SKIP_SAVE"})
    check_existing: BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})
    filter_glob: StringProperty(options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def description(cls, context, _properties):
        return tip(programs.BY_IDENTIFIER[context.scene.pifu.program].description)

    def invoke(self, context, _event):
        ending = WRITERS[self._chosen(context).format].ending
        name = bpy.path.clean_name(find_person(context).body.name)
        folder = Path(bpy.data.filepath).parent if bpy.data.filepath else Path.home()
        self.filepath, self.filter_glob = str(folder / (name + ending)), f"*{ending}"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def act(self, context, person):
        if not self.filepath:
            raise UserError(ErrorKind.OUTPUT, "There is no file to export to.", "Choose one.")
        written = export(context, person, self._chosen(context), Path(bpy.path.abspath(self.filepath)))
        self.report({"INFO"}, rpt(f"Exported {written.name}"))

    def _chosen(self, context) -> programs.Program:
        told = self.properties.is_property_set("program")
        return programs.BY_IDENTIFIER[self.program if told else context.scene.pifu.program]


class PIFU_PT_export(Sidebar, bpy.types.Panel):
    """A file for the program that the human is for."""

    bl_idname = "PIFU_PT_export"
    bl_label = "Export"
    bl_order = 4

    def draw(self, context):
        layout, settings = self.layout, context.scene.pifu
        program, person = programs.BY_IDENTIFIER[settings.program], find_person(context)
        if person and (reason := unfit(person, program)):
            draw_text(layout, reason, context.region.width, "INFO")
            if person.armature:
                layout.operator("pifu.change_bones", icon="GROUP_BONE")
        name = WRITERS[program.format].ending[1:].upper()
        row = layout.row()
        row.operator_context = "INVOKE_DEFAULT"
        row.operator("pifu.export", text=iface(f"Export {name} for {program.label}..."), translate=False, icon="EXPORT")


CLASSES = (PIFU_OT_export, PIFU_PT_export)

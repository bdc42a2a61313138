# SPDX-License-Identifier: GPL-3.0-or-later
"""Sub-panels for the bones of a person and for the check of one that is there."""

import bpy

from ..checks import report
from ..controls.ik import switches
from ..languages import iface
from ..person.human import find_person
from ..person.rigify import is_metarig, is_on, is_there
from ..posing.face import FACES, keys_of
from ..posing.repose import POSES
from .motion import obstacle
from .panel import Sidebar
from .rig_operators import PIFU_OT_change_bones
from .texts import GAP_PX, ICON_PX, draw_text, in_row, room_px, text_px, ui_scale

_ICONS = {"OK": "CHECKMARK", "WARNING": "ERROR", "ERROR": "CANCEL"}


class PIFU_PT_rig(Sidebar, bpy.types.Panel):
    """Which bones the next person gets, and what to do with those of this one."""

    bl_idname = "PIFU_PT_rig"
    bl_label = "Rig"
    bl_order = 2

    def draw(self, context):
        column = self.layout.column()
        column.use_property_split = True
        column.use_property_decorate = False
        column.prop(context.scene.pifu, "bones")
        row = column.row()
        row.active = context.scene.pifu.bones != "RIGIFY"
        row.prop(context.scene.pifu, "controls")
        column.prop(context.scene.pifu, "pose")
        person = find_person(context)
        if person and not PIFU_OT_change_bones.obstacle(context, person):
            column.operator("pifu.change_bones", icon="GROUP_BONE")
        if person and person.armature:
            _draw_switches(self.layout, person.armature)
        row = in_row(self.layout, context.region.width, [f"To {label}" for _pose, label, _description in POSES])
        for pose, label, _description in POSES:
            row.operator("pifu.repose", text=iface(f"To {label}"), translate=False).pose = pose
        if keys_of(person):
            row = in_row(self.layout, context.region.width, [label for _face, label, _description in FACES])
            for face, label, _description in FACES:
                row.operator("pifu.face", text=iface(label), translate=False).face = face
        if person and not obstacle(person):
            self.layout.operator("pifu.motion", icon="ACTION")
        if person and person.armature and is_metarig(person.armature):
            self.layout.operator("pifu.generate_rig", icon="OUTLINER_OB_ARMATURE")
            if is_there() and not is_on():
                draw_text(self.layout, "Rigify is off: it is switched on only meanwhile", context.region.width, "INFO")


def _draw_switches(layout, armature) -> None:
    """How far inverse kinematics moves each limb: arms and legs, left beside right."""
    there = switches(armature)
    for label, what in (("IK Arms", "Arm"), ("IK Legs", "Leg")):
        pair = [switch for switch in there if switch.endswith(what)]
        if not pair:
            continue
        row = layout.split(factor=0.3)
        row.label(text=iface(label), translate=False)
        row = row.row(align=True)
        for switch in pair:
            row.prop(armature, f'["{switch}"]', text="L" if "Left" in switch else "R", translate=False, slider=True)


class PIFU_PT_check(Sidebar, bpy.types.Panel):
    """What was measured, and what mends it."""

    bl_idname = "PIFU_PT_check"
    bl_label = "Check"
    bl_order = 3

    def draw(self, context):
        layout = self.layout
        layout.operator("pifu.validate", icon="VIEWZOOM")
        if not report.is_of(find_person(context)):
            return
        lines = context.window_manager.pifu_report.lines
        bad = [line for line in lines if line.state != "OK"]
        header, unfolded = layout.panel("pifu_checks", default_closed=True)
        well = f"{len(lines) - len(bad)} of {len(lines)} checks are well"
        header.label(text=iface(well), translate=False, icon=_ICONS["OK"])
        if unfolded:
            column = unfolded.column(align=True)
            for line in lines:
                if line.state == "OK":
                    _draw_line(column, line, context.region.width)
        column = layout.column(align=True)
        for line in bad:
            box = column.box().column(align=True)
            _draw_line(box, line, context.region.width)
            if line.fix:
                box.operator("pifu.fix", text=iface(line.fix), translate=False, icon="TOOL_SETTINGS").check = line.name


def _draw_line(layout, line, width: int) -> None:
    """What was checked beside what was found; below each other where a region of `width` pixels is too narrow."""
    wants, room = [text_px(iface(text)) + GAP_PX * ui_scale() for text in (line.label, line.value)], room_px(width)
    wants[0] += ICON_PX * ui_scale()
    beside = sum(wants) <= room
    if beside:  # half and half where that is enough
        row = layout.split(factor=min(max(0.5, wants[0] / room), 1 - wants[1] / room))
    else:
        row = layout.column(align=True)
    row.label(text=iface(line.label), translate=False, icon=_ICONS[line.state])
    row.label(text=iface(line.value), translate=False, icon="NONE" if beside else "BLANK1")


CLASSES = (PIFU_PT_rig, PIFU_PT_check)

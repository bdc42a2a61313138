# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin operators for a person that is there: check it, mend it."""

from pathlib import Path

import bpy
from bpy.props import EnumProperty, StringProperty

from ...outputs import write_whole
from ...protocol import ErrorKind
from ..checks.checks_limbs import STRAIGHTENED
from ..checks.fixes import FIXES, apply_transforms
from ..checks.report import check
from ..controls.furnish import furnish, has_controls
from ..errors import UserError
from ..files_in_use import replaced_by
from ..languages import rpt
from ..person.armature import bone_set_of
from ..person.change_bones import change_bones
from ..person.human import find_person
from ..person.rigify import generate, is_generated, is_metarig, is_there
from ..posing.face import FACES, NEUTRAL, PHOTO, keys_of, knows_photo, put_face
from ..posing.repose import POSES, describe, repose, straighten
from ..work import outdated
from .on_person import OnPerson

MENDS = FIXES | dict.fromkeys(STRAIGHTENED, straighten)


class PIFU_OT_validate(OnPerson, bpy.types.Operator):
    """Check whether the human is ready to be rigged, posed and exported"""

    bl_idname = "pifu.validate"
    bl_label = "Check Human"

    filepath: StringProperty(name="Report", description="File for the report as JSON; empty: none", subtype="FILE_PATH")

    def act(self, context, person):
        report = check(person)
        if self.filepath:
            _write(report, Path(bpy.path.abspath(self.filepath)))
        counts = {state: sum(line.state == state for line in report.lines) for state in ("ERROR", "WARNING")}
        self.report({"INFO"}, rpt("{ERROR} errors, {WARNING} warnings".format(**counts)))


def _write(report, path: Path) -> None:
    """Write a report as JSON. Raises UserError."""
    if replaced := replaced_by(path):
        raise UserError(ErrorKind.OUTPUT, f"The report would replace {replaced}.", "Choose another name.")
    try:
        write_whole(path, report.json + "\n")
    except OSError as error:
        raise UserError(ErrorKind.OUTPUT, f"The report cannot be written: {error}") from error


class PIFU_OT_fix(OnPerson, bpy.types.Operator):
    """Mend this, and check again"""

    bl_idname = "pifu.fix"
    bl_label = "Fix"
    bl_options = {"REGISTER", "UNDO"}

    check: StringProperty(name="Check", description="Which line of the check", options={"SKIP_SAVE"})

    def act(self, context, person):
        if self.check not in MENDS:
            raise UserError(ErrorKind.OPTION, f'Nothing mends "{self.check}".')
        MENDS[self.check](person)
        check(find_person(context))


class PIFU_OT_repose(OnPerson, bpy.types.Operator):
    """Pose the human by its weights, and make that the rest pose of mesh and bones"""

    bl_idname = "pifu.repose"
    bl_label = "To A-Pose or T-Pose"
    bl_options = {"REGISTER", "UNDO"}

    pose: EnumProperty(name="Pose", items=POSES, default="A")

    @classmethod
    def obstacle(cls, _context, person):
        if person.armature is None:
            return "This human has no armature"
        if is_generated(person.armature):
            return "Rigify's controls hold these bones: undo, and pose before generating the rig"
        return ""

    def act(self, context, person):
        torn = repose(context, person, self.pose)
        outdated.forget()
        if torn.edges:
            self.report({"WARNING"}, rpt(describe(torn)))


def controls_of(settings) -> bool:
    """Whether bones as chosen have controls of ours: Rigify makes its own."""
    return settings.controls and settings.bones != "RIGIFY"


class PIFU_OT_change_bones(OnPerson, bpy.types.Operator):
    """Give this human the bones chosen above, in the pose it rests in; animations of the bones are cleared"""

    bl_idname = "pifu.change_bones"
    bl_label = "Change Bones of This Human"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def obstacle(cls, context, person):
        armature = person.armature
        if armature is None:
            return "This human has no armature: generate it again with Skeleton"
        if is_generated(armature):
            return "Rigify's controls hold these bones: undo, and change them before generating the rig"
        wanted = context.scene.pifu
        if bone_set_of(armature) == wanted.bones and has_controls(armature) == controls_of(wanted):
            return "This human has these bones"
        return ""

    def act(self, context, person):
        apply_transforms(person)
        wanted = context.scene.pifu
        armature = change_bones(context, person, wanted.bones, controls_of(wanted))
        furnish(context, context.scene, armature, wanted.controls)
        outdated.forget()


class PIFU_OT_face(OnPerson, bpy.types.Operator):
    """Take the expression off the human's face, or give it that of the photo"""

    bl_idname = "pifu.face"
    bl_label = "Neutral Face or Photo's Expression"
    bl_options = {"REGISTER", "UNDO"}

    face: EnumProperty(name="Face", items=FACES, default=NEUTRAL)

    @classmethod
    def obstacle(cls, _context, person):
        return "" if keys_of(person) else "This human has no expressions: its own head was not put on"

    def act(self, _context, person):
        if self.face == PHOTO and not knows_photo(person):
            raise UserError(ErrorKind.POSE, "The photo's expression is not known: no head was fitted to it.")
        put_face(person, self.face)


class PIFU_OT_generate_rig(OnPerson, bpy.types.Operator):
    """Generate Rigify's rig from the fitted metarig, and bind the human to it"""

    bl_idname = "pifu.generate_rig"
    bl_label = "Generate Rigify Rig"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def obstacle(cls, _context, person):
        if person.armature and is_generated(person.armature):
            return "This human has its rig already"
        if person.armature is None or not is_metarig(person.armature):
            return "For a human made with Rigify's bones"
        return "" if is_there() else "Rigify is not in this Blender"

    def act(self, context, person):
        generate(context, person)
        outdated.forget()


CLASSES = (PIFU_OT_validate, PIFU_OT_fix, PIFU_OT_repose, PIFU_OT_change_bones, PIFU_OT_face, PIFU_OT_generate_rig)

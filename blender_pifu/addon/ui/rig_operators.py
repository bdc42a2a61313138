# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin operators for a person that is there: check it, mend it."""

from pathlib import Path

import bpy
from bpy.props import EnumProperty, StringProperty

from ...outputs import replaced_input
from ..checks.checks_limbs import STRAIGHTENED
from ..checks.fixes import FIXES, apply_transforms
from ..checks.report import check
from ..errors import UserError
from ..person.bones import set_of
from ..person.change_bones import change_bones
from ..person.human import find_person
from ..person.rigify import generate, is_generated, is_metarig, is_there
from ..posing.face import FACES, NEUTRAL, PHOTO, keys_of, knows_photo, put_face
from ..posing.repose import POSES, describe, repose, straighten
from ..work import outdated

MENDS = FIXES | dict.fromkeys(STRAIGHTENED, straighten)


class OnPerson:
    """An operator that works on the person whose mesh or armature is active, in object mode."""

    @classmethod
    def poll(cls, context):
        if context.mode != "OBJECT" or find_person(context) is None:
            cls.poll_message_set("Select a human made here, in object mode")
            return False
        return True


class PIFU_OT_validate(OnPerson, bpy.types.Operator):
    """Check whether the human is ready to be rigged, posed and exported"""

    bl_idname = "pifu.validate"
    bl_label = "Check Human"

    filepath: StringProperty(name="Report", description="File for the report as JSON; empty: none", subtype="FILE_PATH")

    def execute(self, context):
        report = check(find_person(context))
        if self.filepath:
            path = Path(bpy.path.abspath(self.filepath))
            used = [bpy.data.filepath, *(bpy.path.abspath(image.filepath) for image in bpy.data.images)]
            if replaced := replaced_input([path], used):
                self.report({"ERROR"}, f"The report would replace {replaced}. Choose another name.")
                return {"CANCELLED"}
            try:
                path.write_text(report.json + "\n", encoding="utf-8")
            except OSError as error:
                self.report({"ERROR"}, f"The report cannot be written: {error}")
                return {"CANCELLED"}
        counts = {state: sum(line.state == state for line in report.lines) for state in ("ERROR", "WARNING")}
        self.report({"INFO"}, "{ERROR} errors, {WARNING} warnings".format(**counts))
        return {"FINISHED"}


class PIFU_OT_fix(OnPerson, bpy.types.Operator):
    """Mend this, and check again"""

    bl_idname = "pifu.fix"
    bl_label = "Fix"
    bl_options = {"REGISTER", "UNDO"}

    check: StringProperty(name="Check", description="Which line of the check", options={"SKIP_SAVE"})

    def execute(self, context):
        if self.check not in MENDS:
            self.report({"ERROR"}, f'Nothing mends "{self.check}".')
            return {"CANCELLED"}
        try:
            MENDS[self.check](find_person(context))
        except UserError as error:
            self.report({"ERROR"}, f"{error} {error.fix}")
            return {"CANCELLED"}
        check(find_person(context))
        return {"FINISHED"}


class PIFU_OT_repose(OnPerson, bpy.types.Operator):
    """Pose the human by its weights, and make that the rest pose of mesh and bones"""

    bl_idname = "pifu.repose"
    bl_label = "To A-Pose or T-Pose"
    bl_options = {"REGISTER", "UNDO"}

    pose: EnumProperty(name="Pose", items=POSES, default="A")

    @classmethod
    def poll(cls, context):
        if not super().poll(context):
            return False
        armature = find_person(context).armature
        if armature is None:
            cls.poll_message_set("This human has no armature")
            return False
        if is_generated(armature):
            cls.poll_message_set("Rigify's controls hold these bones: undo, and pose before generating the rig")
            return False
        return True

    def execute(self, context):
        try:
            torn = repose(context, find_person(context), self.pose)
        except UserError as error:
            self.report({"ERROR"}, f"{error} {error.fix}")
            return {"CANCELLED"}
        outdated.forget()
        if torn.edges:
            self.report({"WARNING"}, describe(torn))
        return {"FINISHED"}


class PIFU_OT_change_bones(OnPerson, bpy.types.Operator):
    """Give this human the bones chosen above, in the pose it rests in; animations of the bones are cleared"""

    bl_idname = "pifu.change_bones"
    bl_label = "Change Bones of This Human"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        if not super().poll(context):
            return False
        armature = find_person(context).armature
        if armature is None:
            cls.poll_message_set("This human has no armature: generate it again with Skeleton")
        elif is_generated(armature):
            cls.poll_message_set("Rigify's controls hold these bones: undo, and change them before generating the rig")
        elif set_of(bone.name for bone in armature.data.bones) == context.scene.pifu.bones:
            cls.poll_message_set("This human has these bones")
        else:
            return True
        return False

    def execute(self, context):
        person = find_person(context)
        try:
            apply_transforms(person)
            change_bones(context, person, context.scene.pifu.bones)
        except UserError as error:
            self.report({"ERROR"}, f"{error} {error.fix}")
            return {"CANCELLED"}
        outdated.forget()
        return {"FINISHED"}


class PIFU_OT_face(OnPerson, bpy.types.Operator):
    """Take the expression off the human's face, or give it that of the photo"""

    bl_idname = "pifu.face"
    bl_label = "Neutral Face or Photo's Expression"
    bl_options = {"REGISTER", "UNDO"}

    face: EnumProperty(name="Face", items=FACES, default=NEUTRAL)

    @classmethod
    def poll(cls, context):
        if not super().poll(context):
            return False
        if not keys_of(find_person(context)):
            cls.poll_message_set("This human has no expressions: its own head was not put on")
            return False
        return True

    def execute(self, context):
        person = find_person(context)
        if self.face == PHOTO and not knows_photo(person):
            self.report({"ERROR"}, "The photo's expression is not known: no head was fitted to it.")
            return {"CANCELLED"}
        put_face(person, self.face)
        return {"FINISHED"}


class PIFU_OT_generate_rig(OnPerson, bpy.types.Operator):
    """Generate Rigify's rig from the fitted metarig, and bind the human to it"""

    bl_idname = "pifu.generate_rig"
    bl_label = "Generate Rigify Rig"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context):
        if not super().poll(context):
            return False
        armature = find_person(context).armature
        if armature and is_generated(armature):
            cls.poll_message_set("This human has its rig already")
        elif armature is None or not is_metarig(armature):
            cls.poll_message_set("For a human made with Rigify's bones")
        elif not is_there():
            cls.poll_message_set("Rigify is not in this Blender")
        else:
            return True
        return False

    def execute(self, context):
        try:
            generate(context, find_person(context))
        except UserError as error:
            self.report({"ERROR"}, f"{error} {error.fix}")
            return {"CANCELLED"}
        outdated.forget()
        return {"FINISHED"}


CLASSES = (PIFU_OT_validate, PIFU_OT_fix, PIFU_OT_repose, PIFU_OT_change_bones, PIFU_OT_face, PIFU_OT_generate_rig)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Have a human that is there do what somebody does in a film."""

from pathlib import Path

import bpy
from bpy.props import BoolProperty, StringProperty

from ...protocol import PICTURES
from ..languages import tip
from ..person.human import find_person
from ..person.rigify import is_generated
from ..work.motion import MotionTask
from .operators import Begins


class PIFU_OT_motion(Begins, bpy.types.Operator):
    """Read what somebody does in a short film, before a camera that stands still, as an action of this human"""

    bl_idname = "pifu.motion"
    bl_label = "Motion from Video"

    filepath: StringProperty(subtype="FILE_PATH")
    filter_movie: BoolProperty(default=True, options={"HIDDEN"})
    filter_image: BoolProperty(default=True, options={"HIDDEN"})
    filter_folder: BoolProperty(default=True, options={"HIDDEN"})

    @classmethod
    def poll(cls, context):
        if reason := obstacle(find_person(context)):
            cls.poll_message_set(tip(reason))
            return False
        return super().poll(context)

    def invoke(self, context, _event):
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context):
        path = Path(bpy.path.abspath(self.filepath))
        video = path.parent if path.suffix.lower() in PICTURES else path
        return self.begin(lambda: MotionTask(context, find_person(context), video))


def obstacle(person) -> str:
    """Why a human, or None, cannot be given a motion, or nothing."""
    if person is None:
        return "Select a human made here"
    if person.armature is None:
        return "This human has no armature: generate it again with Skeleton"
    if is_generated(person.armature):
        return "Rigify's controls hold these bones: undo, and read the motion before generating the rig"
    return ""


CLASSES = (PIFU_OT_motion,)

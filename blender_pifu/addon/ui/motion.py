# SPDX-License-Identifier: GPL-3.0-or-later
"""Have a human that is there do what somebody does in a film."""

import bpy

from ..languages import tip
from ..person.human import find_person
from ..person.rigify import is_generated
from ..work.motion import MotionTask
from .operators import OpensFilm


class PIFU_OT_motion(OpensFilm, bpy.types.Operator):
    """Read what somebody does in a short film, before a camera that stands still, as an action of this human"""

    bl_idname = "pifu.motion"
    bl_label = "Motion from Video"

    @classmethod
    def poll(cls, context):
        if reason := obstacle(find_person(context)):
            cls.poll_message_set(tip(reason))
            return False
        return super().poll(context)

    def execute(self, context):
        return self.begin(lambda: MotionTask(context, find_person(context), self.video))


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

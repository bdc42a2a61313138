# SPDX-License-Identifier: GPL-3.0-or-later
"""The bones of a set in an armature: plain ones, or those of Rigify's metarig."""

import bpy

from ...result_file import Rig
from .armature import HELPS, KIND, ROLE, editing, put_bones
from .bones import Bone, load_set, place
from .rigify import fill_metarig


def fill_armature(
    context, scene, armature: bpy.types.Object, rig: Rig, bone_set: str, extra: bool = False
) -> list[Bone]:
    """Give an armature object that is in `scene` the bones of a set (of bones.SETS), if asked the extra ones as well.

    Raises UserError.
    """
    bones = place(bone_set, rig, extra)
    if "metarig" in load_set(bone_set):
        fill_metarig(context, scene, armature, bones)
    else:
        with editing(context, scene, armature) as edit_bones:
            for bone in bones:
                edit_bones.new(bone.name)
            put_bones(edit_bones, bones)
    for bone in bones:
        armature.data.bones[bone.name].use_deform = bone.deform
        if bone.of:
            armature.data.bones[bone.name][ROLE] = bone.of
        if bone.kind:
            armature.data.bones[bone.name][KIND] = bone.kind
        if bone.helps:
            armature.data.bones[bone.name][HELPS] = bone.helps
    return bones

# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigify: its human metarig where the person's bones are, and the mesh bound to the rig generated from it."""

import importlib

import addon_utils
import bpy

from .armature import editing, put_bones
from .bones import Bone
from .errors import UserError


def enable() -> None:
    """Have Rigify, which comes with Blender, at hand. Raises UserError where it is not."""
    if not addon_utils.check("rigify")[1] and addon_utils.enable("rigify", default_set=True) is None:
        raise UserError("rigify", "Rigify is not in this Blender.", "Choose other bones, or install Rigify.")


def fill_metarig(context, scene, armature: bpy.types.Object, bones: list[Bone]) -> None:
    """Make an empty armature object in `scene` Rigify's human metarig, fitted; what has no place goes."""
    enable()
    sample = importlib.import_module("rigify.metarigs.human")
    keep = {bone.name for bone in bones}
    with editing(context, scene, armature):
        sample.create(armature)  # switches modes itself
        bpy.ops.object.mode_set(mode="EDIT")
        edit_bones = armature.data.edit_bones
        for bone in list(edit_bones):
            if bone.name not in keep:
                edit_bones.remove(bone)
        connected = {bone.name for bone in edit_bones if bone.use_connect}
        put_bones(edit_bones, bones)
        for bone in edit_bones:  # Rigify's chains are those of its sample, and have no gaps
            bone.use_connect = False
            if bone.name in connected | {"spine.004"}:
                bone.parent.tail = bone.head
        for name in connected:
            edit_bones[name].use_connect = True
    for collection in list(armature.data.collections_all):
        if not len(collection.bones) and collection.name.startswith("Face"):
            armature.data.collections.remove(collection)
    armature.data.rigify_rig_basename = f"{armature.name.removesuffix(' Metarig')} Rig"

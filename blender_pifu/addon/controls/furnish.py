# SPDX-License-Identifier: GPL-3.0-or-later
"""Furnishes an armature with what an animator moves it by."""

import bpy

from ..person.armature import KIND, bone_set_of
from ..person.rigify import is_generated, is_metarig
from . import helpers, ik, look, shapes

_BY_IK = ("PLAIN",)  # clips for other programs' bones turn each bone, so there IK waits until it is wanted


def furnish(context, scene: bpy.types.Scene, armature: bpy.types.Object, controls: bool) -> None:
    """Have helper bones follow, sort the bones, and with `controls` put inverse kinematics on hands and feet.

    armature: an object in `scene`. Rigify's is left as it is. What is there already is fitted to the bones' new rest.
    """
    if is_generated(armature) or is_metarig(armature):
        return
    helpers.drive(armature)
    if controls:
        ik.add_ik(context, scene, armature, float(bone_set_of(armature) in _BY_IK))
        shapes.give_shapes(armature)
    look.sort_bones(armature)


def has_controls(armature: bpy.types.Object) -> bool:
    """Whether it has been furnished with controls."""
    return any(bone.get(KIND) in (ik.CONTROL, "help") for bone in armature.data.bones)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigify: its human metarig where the person's bones are, and the mesh bound to the rig generated from it."""

import importlib

import addon_utils
import bpy
import numpy as np

from ...protocol import ErrorKind
from ..errors import UserError
from .armature import ROLE, editing, put_bones
from .bones import Bone
from .human import Person, coordinates, group_weights
from .influences import limit_influences

_RAMP = 0.4  # of a limb's length: over so much of it the weights go from one of its deforming halves to the other


def enable() -> None:
    """Have Rigify, which comes with Blender, at hand. Raises UserError where it is not."""
    if not addon_utils.check("rigify")[1] and addon_utils.enable("rigify", default_set=True) is None:
        raise UserError(ErrorKind.RIGIFY, "Rigify is not in this Blender.", "Choose other bones, or install Rigify.")


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


def is_metarig(armature: bpy.types.Object) -> bool:
    """Whether Rigify can generate a rig of it."""
    return any(getattr(bone, "rigify_type", "") for bone in armature.pose.bones)


def is_generated(armature: bpy.types.Object) -> bool:
    """Whether it is a rig that Rigify generated."""
    return "rig_id" in armature.data


def generate(context, person: Person) -> bpy.types.Object:
    """Generate the rig of the person's metarig and bind the mesh to it; the metarig is hidden. Raises UserError."""
    enable()
    metarig = person.armature
    layer = context.view_layer
    for other in layer.objects:
        other.select_set(other == metarig)
    layer.objects.active = metarig
    try:
        bpy.ops.pose.rigify_generate()
    except RuntimeError as error:
        raise UserError(
            ErrorKind.RIGIFY, f"Rigify cannot generate the rig: {error}", "Its metarig is as it was."
        ) from error
    rig = metarig.data.rigify_target_rig
    for collection in rig.users_collection:
        collection.objects.unlink(rig)
    for collection in metarig.users_collection:
        collection.objects.link(rig)
    _rebind(person, rig)
    metarig.hide_set(True)
    for other in layer.objects:
        other.select_set(other in (person.body, rig))
    layer.objects.active = rig
    return rig


def _rebind(person: Person, rig: bpy.types.Object) -> None:
    """Hand the weights of the metarig's bones to the deforming bones that Rigify made of each: one, or two halves."""
    body, bones = person.body, person.armature.data.bones
    points = coordinates(body.data)
    rows, groups, weights = group_weights(body)
    for group in list(body.vertex_groups):
        first, second = (rig.data.bones.get(f"DEF-{group.name}{number}") for number in ("", ".001"))
        bone = bones[group.name]
        group.name = first.name
        first[ROLE] = bone[ROLE]
        if second is None or f"{bone.name}.001" in bones:  # "spine.001" is no half of "spine"
            continue
        second[ROLE] = bone[ROLE]
        head, axis = np.array(bone.head_local), np.array(bone.tail_local - bone.head_local)
        mine = groups == group.index
        along = (points[rows[mine]] - head) @ axis / (axis @ axis)
        share = np.clip((along - 0.5) / _RAMP + 0.5, 0, 1)
        share = share * share * (3 - 2 * share)
        half = body.vertex_groups.new(name=second.name)
        for row, weight, part in zip(rows[mine].tolist(), weights[mine].tolist(), share.tolist(), strict=True):
            group.add((row,), weight * (1 - part), "REPLACE")
            if part > 0:
                half.add((row,), weight * part, "REPLACE")
    for modifier in body.modifiers:
        if modifier.type == "ARMATURE":
            modifier.object = rig
    body.parent = rig
    limit_influences(Person(body, rig))

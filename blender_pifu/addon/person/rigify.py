# SPDX-License-Identifier: GPL-3.0-or-later
"""Rigify: its human metarig where the person's bones are, and the mesh bound to the rig generated from it."""

import importlib
import importlib.util
from functools import cache

import addon_utils
import bpy
import numpy as np

from ...protocol import ErrorKind
from ..errors import UserError
from . import other_addons
from .armature import ROLE, editing, put_bones
from .bones import Bone, roles_of
from .human import Human, coordinates, group_weights
from .influences import limit_influences, turn_deform_off

_RAMP = 0.4  # of a limb's length: over so much of it the weights go from one of its deforming halves to the other


@cache
def is_there() -> bool:
    """Whether Rigify, which comes with Blender, is in this one."""
    return importlib.util.find_spec("rigify") is not None


def is_on() -> bool:
    """Whether the artist has Rigify switched on."""
    return addon_utils.check("rigify")[1]


def switched_on():
    """A context in which Rigify is at hand, see `other_addons.switched_on`. Raises UserError where it is not there."""
    fix = "Choose other bones, or install Rigify."
    return other_addons.switched_on("rigify", UserError(ErrorKind.RIGIFY, "Rigify is not in this Blender.", fix))


def fill_metarig(context, scene, armature: bpy.types.Object, bones: list[Bone]) -> None:
    """Make an empty armature object in `scene` Rigify's human metarig, fitted; what has no place goes.

    Raises UserError.
    """
    with switched_on():
        _fill(context, scene, armature, bones)


def _fill(context, scene, armature, bones):
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
    """Whether Rigify can generate a rig of it. Told by the bones' names: their types are known only while Rigify is on,
    and a generated rig's bones have types too."""
    own = [bone for bone in armature.data.bones if ROLE in bone]
    names = roles_of("RIGIFY")
    return bool(own) and not is_generated(armature) and all(names.get(bone.name) == bone[ROLE] for bone in own)


def is_generated(armature: bpy.types.Object) -> bool:
    """Whether it is a rig that Rigify generated."""
    return "rig_id" in armature.data


def generate(context, person: Human) -> bpy.types.Object:
    """Generate the rig of the person's metarig and bind the mesh to it; the metarig is hidden.

    Raises UserError, and then everything is as it was.
    """
    with switched_on():
        rig = _generated(context, person.armature)
    metarig, layer = person.armature, context.view_layer
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


def _generated(context, metarig):
    """Rigify's rig of a metarig."""
    layer = context.view_layer
    before = _made_by_rigify()
    active, selected = layer.objects.active, [other for other in layer.objects if other.select_get()]
    hidden = metarig.hide_get()
    try:
        metarig.hide_set(False)
        for other in layer.objects:
            other.select_set(other == metarig)
        layer.objects.active = metarig
        bpy.ops.pose.rigify_generate()
    except RuntimeError as error:
        bpy.data.batch_remove(_made_by_rigify() - before)
        metarig.hide_set(hidden)
        for other in layer.objects:
            other.select_set(other in selected)
        layer.objects.active = active
        why = str(error).strip().removeprefix("Error: ").replace("\n", " ")
        raise UserError(
            ErrorKind.RIGIFY, f"Rigify cannot generate the rig: {why}.", "The metarig is as it was."
        ) from error
    return metarig.data.rigify_target_rig


def _made_by_rigify() -> set:
    """All data-blocks of the kinds of which a generated rig has some."""
    data = bpy.data
    return {*data.objects, *data.armatures, *data.meshes, *data.collections, *data.texts, *data.actions}


def _rebind(person: Human, rig: bpy.types.Object) -> None:
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
    limit_influences(Human(body, rig))
    turn_deform_off(Human(body, rig))

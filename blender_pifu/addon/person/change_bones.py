# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives a person that is there the bones of another set, in the pose that it rests in, without the engine."""

import bpy
import numpy as np

from ...protocol import ErrorKind
from ...result_file import Rig
from ..errors import UserError
from .armature import HELPS, ROLE, bind, build_armature
from .bone_set import fill_armature
from .human import Human, coordinates, group_weights, own_joints
from .part_weights import give_back, trunk_columns
from .rigify import is_generated


def change_bones(context, person: Human, bone_set: str, extra: bool = False) -> bpy.types.Object:
    """Replace the person's armature by one with the bones of `bone_set` (of bones.SETS), the extra ones among them if
    asked; returns that.

    Vertex groups of the old bones go, others stay, and so do the name, place, parent and looks of the armature. What
    was keyed for the old bones does not move the new ones and goes with them. Raises UserError, and leaves all as it
    was then.
    """
    old, body = person.armature, person.body
    rig = _rig_of(person)
    new = build_armature("Armature")
    new.data.display_type, new.show_in_front = old.data.display_type, old.show_in_front
    try:
        for collection in old.users_collection:
            collection.objects.link(new)
        bones = fill_armature(context, context.scene, new, rig, bone_set, extra)
    except BaseException:
        bpy.data.armatures.remove(new.data)
        raise
    for bone in old.data.bones:
        if group := body.vertex_groups.get(bone.name):
            body.vertex_groups.remove(group)
    for modifier in [each for each in body.modifiers if each.type == "ARMATURE" and each.object == old]:
        body.modifiers.remove(modifier)
    new.parent, new.matrix_world = old.parent, old.matrix_world
    for child in (each for each in old.children if each != body):
        child.parent = new
    bind(body, new, rig, bones)
    body.modifiers.move(len(body.modifiers) - 1, 0)
    name, data = old.name, old.data
    data_name = data.name
    bpy.data.objects.remove(old)
    if not data.users:
        bpy.data.armatures.remove(data)
    new.name, new.data.name = name, data_name
    context.view_layer.objects.active = body
    return new


def _rig_of(person: Human) -> Rig:
    """The canonical skeleton and weights of a person, whatever its bones are called; units of the scene.

    Raises UserError where the bones are not the person's own.
    """
    armature = person.armature
    if armature is None:
        raise UserError(ErrorKind.POSE, "This human has no armature.", "Generate it again with Skeleton.")
    if is_generated(armature):
        raise UserError(
            ErrorKind.POSE, "Rigify's controls hold these bones.", "Change the bones before generating the rig."
        )
    heads, tails, parents = own_joints(armature)
    names = list(parents)
    number = {name: index for index, name in enumerate(names)}
    weight_bones, weights = _weights(person, number)
    return Rig(
        names=tuple(names),
        parents=np.array([number.get(parents[name], -1) for name in names], np.int32),
        heads=np.array([heads[name] for name in names], np.float32),
        tails=np.array([tails[name] for name in names], np.float32),
        weight_bones=weight_bones,
        weights=weights,
    )


def _weights(person: Human, number: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """(V, 4) numbers of the canonical bones that move each vertex most, and their weights, sum 1."""
    bones = person.armature.data.bones
    roles = {bone.name: number[bone[ROLE]] for bone in bones if ROLE in bone}
    of_group = np.array([roles.get(group.name, -1) for group in person.body.vertex_groups], np.int64)
    rows, groups, shares = group_weights(person.body)
    table = np.zeros((len(coordinates(person.body.data)), len(number)))
    ours = of_group[groups] >= 0
    np.add.at(table, (rows[ours], of_group[groups[ours]]), shares[ours])
    for bone in bones:
        if bone.get(HELPS) in number and (group := person.body.vertex_groups.get(bone.name)):
            taken = np.zeros(len(table))
            taken[rows[groups == group.index]] = shares[groups == group.index]
            give_back(table, [number[bone[HELPS]]], trunk_columns(list(number), bone[HELPS]), taken)
    most = np.argsort(-table, axis=1)[:, :4]
    weights = np.take_along_axis(table, most, 1)
    weights /= np.maximum(weights.sum(1, keepdims=True), 1e-12)
    return most.astype(np.int32), weights.astype(np.float32)

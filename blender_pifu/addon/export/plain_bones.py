# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes the controls off a person that leaves Blender: what they did stays as the pose and movement of plain bones."""

import bpy
import numpy as np
from bpy_extras import anim_utils

from ..person.armature import HELPS, KIND, ROLE, editing
from ..person.human import Human, coordinates, group_weights
from ..person.influences import limit_influences, set_weights
from ..person.part_weights import give_back, trunk_columns


def take_controls_off(context, person: Human, keep_helpers: bool) -> None:
    """Leave root and deforming bones only, posed and moving as they are seen. The skin of helper bones, which another
    program would leave at rest, goes back to those that it had before, unless they are to be kept.

    person: a copy in the current scene; its action is baked in place.
    """
    armature = person.armature
    gone = {"control"} if keep_helpers else {"control", "help"}
    names = [bone.name for bone in armature.data.bones if bone.get(KIND) in gone]
    if not names:
        return
    _bake(armature)
    for bone in armature.data.bones:
        if bone.get(KIND) == "help" and not keep_helpers:
            _merge(person, bone)
    with editing(context, context.scene, armature) as bones:
        for name in names:
            bones.remove(bones[name])


def _bake(armature: bpy.types.Object) -> None:
    """Make what constraints and drivers do the bones' own pose and keys, and remove them."""
    moved = armature.animation_data
    if moved and moved.action:
        first, last = moved.action.frame_range
        wanted = {"do_pose", "do_visual_keying", "do_constraint_clear", "do_location", "do_rotation", "do_scale"}
        fields = anim_utils.BakeOptions.__dataclass_fields__
        options = anim_utils.BakeOptions(**{name: name in wanted for name in fields})
        frames = range(int(np.floor(first)), int(np.ceil(last)) + 1)
        anim_utils.bake_action(armature, action=moved.action, frames=frames, bake_options=options)
    else:
        _keep_pose(armature)
    for bone in armature.pose.bones:
        for constraint in list(bone.constraints):
            bone.constraints.remove(constraint)
    for curve in list(moved.drivers) if moved else ():
        moved.drivers.remove(curve)


def _keep_pose(armature) -> None:
    seen = {bone.name: bone.matrix.copy() for bone in armature.pose.bones}
    for pose in armature.pose.bones:
        above = pose.parent
        parent = {"parent_matrix": seen[above.name], "parent_matrix_local": above.bone.matrix_local} if above else {}
        own = pose.bone.convert_local_to_pose(seen[pose.name], pose.bone.matrix_local, invert=True, **parent)
        pose.matrix_basis = own


def _merge(person: Human, helper) -> None:
    """Give a helper bone's weights back to the limb's and the trunk's bones."""
    body, groups = person.body, person.body.vertex_groups
    group = groups.get(helper.name)
    if group is None:
        return
    roles = {bone.name: bone.get(ROLE, "") for bone in person.armature.data.bones if bone.use_deform}
    names = [roles.get(each.name, "") for each in groups]
    limb = [index for index, role in enumerate(names) if role == helper[HELPS]]
    trunk = trunk_columns(names, helper[HELPS])
    rows, columns, weights = group_weights(body)
    table = np.zeros((len(coordinates(body.data)), len(names)))
    table[rows, columns] = weights
    taken = table[:, group.index].copy()
    give_back(table, limb, trunk, taken)
    skin = np.flatnonzero(taken)
    for column in (*limb, *trunk):
        has = skin[table[skin, column] > 0]
        set_weights(person, has, np.full(len(has), column), table[has, column])
    groups.remove(group)
    limit_influences(person)

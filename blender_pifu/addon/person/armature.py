# SPDX-License-Identifier: GPL-3.0-or-later
"""The armature: bones where the person's are, its rest pose the mesh's own, and the mesh bound to it."""

from contextlib import contextmanager

import bpy
import numpy as np
from mathutils import Vector

from ...result_file import Rig
from .bones import Bone, set_of
from .part_weights import part_weights

# On a bone: the canonical bone that it is or is a part of, whatever it is called. Checks and poses go by it.
ROLE = "pifu_bone"
# On a bone that does not run along its limb, since another program's does not: where the limb runs, in the bone's axes.
LIMB = "pifu_limb"
# On a bone that is no joint: "twist" or "help" (see bones.py), or "control", which another moves by.
KIND = "pifu_kind"
HELPS = "pifu_helps"  # on one of the kind "help": the canonical bone that it lies beside
_TOUCHING = 1e-5  # of the distance of the farthest bone from the origin: coordinates are no finer


def build_armature(name: str) -> bpy.types.Object:
    """A new armature object, still without bones. They are drawn before the person, where they can be taken hold of,
    and as lines, which do not hide it."""
    armature = bpy.data.objects.new(name, bpy.data.armatures.new(name))
    armature.data.display_type = "STICK"
    armature.show_in_front = True
    return armature


def bone_set_of(armature: bpy.types.Object) -> str:
    """The set (of bones.SETS) that the armature's bones are of, whatever controls there are; "" where there is none."""
    return set_of(bone.name for bone in armature.data.bones if bone.get(KIND) != "control")


def put_bones(edit_bones, bones: list[Bone]) -> None:
    """Move edit bones of those names to their places, with their parents and rolls; connect those that touch."""
    for bone in bones:
        edit_bones[bone.name].use_connect = False
    for bone in bones:
        edit = edit_bones[bone.name]
        edit.head, edit.tail = bone.head, bone.tail
        edit.align_roll(Vector(bone.z_axis))
        edit.parent = edit_bones[bone.parent] if bone.parent else None
    connect([edit_bones[bone.name] for bone in bones])


def connect(edit_bones) -> None:
    """Join each edit bone to its parent where it begins at that one's end, and loose it where not."""
    near = _TOUCHING * max((edit.tail.length for edit in edit_bones), default=0.0)
    for edit in edit_bones:
        edit.use_connect = bool(edit.parent) and (edit.parent.tail - edit.head).length < near


def bind(body: bpy.types.Object, armature: bpy.types.Object, rig: Rig, bones: list[Bone]) -> None:
    """Give the mesh object vertex groups by the bones' names, and have the armature move it."""
    points = np.empty(3 * len(body.data.vertices), np.float32)
    body.data.vertices.foreach_get("co", points)
    for name, rows, weights in part_weights(rig, points.reshape(-1, 3), bones):
        group = body.vertex_groups.new(name=name)
        for row, weight in zip(rows.tolist(), weights.tolist(), strict=True):
            group.add((row,), weight, "REPLACE")
    for bone in armature.data.bones:
        bone.use_deform = bone.use_deform and bone.name in body.vertex_groups  # no finger moves a mitten
    body.parent = armature
    modifier = body.modifiers.new("Armature", "ARMATURE")
    modifier.object = armature


@contextmanager
def held_on_ground(armature: bpy.types.Object):
    """Bones that stand at the origin and are no joint, as a root, are as they were once this is over: games want their
    axes upright whatever is done to the person."""
    extra = [bone for bone in armature.data.bones if ROLE not in bone and KIND not in bone]
    near = _TOUCHING * max((bone.tail_local.length for bone in armature.data.bones), default=0.0)
    kept = {bone.name: bone.matrix_local.copy() for bone in extra if bone.head_local.length <= near}
    yield
    if kept and armature.visible_get():
        with editing(bpy.context, bpy.context.scene, armature) as bones:
            for name, matrix in kept.items():
                bones[name].matrix = matrix


@contextmanager
def editing(context, scene: bpy.types.Scene, armature: bpy.types.Object):
    """The edit bones of an armature object in `scene`, in edit mode for as long as this lasts."""
    layer = context.view_layer if scene == context.scene else scene.view_layers[0]
    before, mode = layer.objects.active, armature.mode
    layer.objects.active = armature
    with context.temp_override(scene=scene, view_layer=layer, active_object=armature, object=armature):
        bpy.ops.object.mode_set(mode="EDIT")
        try:
            yield armature.data.edit_bones
        finally:
            bpy.ops.object.mode_set(mode=mode)
    layer.objects.active = before
    armature.data.update_tag()  # or the pose is drawn, and evaluated, where the bones rested before
    layer.update()

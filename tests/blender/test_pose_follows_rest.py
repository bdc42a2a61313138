# SPDX-License-Identifier: GPL-3.0-or-later
"""What is drawn: after every operator that edits bones the pose lies where the rest pose does, without a reload."""

import bpy
import numpy as np
import pytest
from mathutils import Matrix

from blender_pifu.addon.person import bones
from blender_pifu.addon.person.human import armature_of
from blender_pifu.addon.person.scene import add_human


def strayed(armature):
    """Metres that a bone is drawn, head or tail, off its rest place."""
    return max(
        (at - rest).length
        for bone in armature.pose.bones
        for at, rest in ((bone.head, bone.bone.head_local), (bone.tail, bone.bone.tail_local))
    )


def place(body):
    armature_of(body).scale = (1.2, 1.2, 1.2)
    body.location.x = 0.1


def turn_and_lift(body):
    """Mesh and bones no longer tall, front or down enough."""
    for thing in (body, armature_of(body)):
        thing.data.transform(
            Matrix.Translation((0.3, 0, 0.2)) @ Matrix.Rotation(np.radians(70), 4, "Z") @ Matrix.Scale(1.1, 4)
        )


EDITS = {
    "to A-pose": lambda: bpy.ops.pifu.repose(pose="A"),
    "to T-pose": lambda: bpy.ops.pifu.repose(pose="T"),
    "height": lambda: bpy.ops.pifu.fix(check="height"),
    "ground": lambda: bpy.ops.pifu.fix(check="ground"),
    "facing": lambda: bpy.ops.pifu.fix(check="facing"),
    "transforms": lambda: bpy.ops.pifu.fix(check="transforms"),
}


@pytest.mark.parametrize("bone_set", bones.SETS)
@pytest.mark.parametrize("edit", EDITS)
def test_bones_are_drawn_where_they_rest_after_an_edit(scene, rigged, edit, bone_set):
    body = add_human(bpy.context, scene, rigged, "Ann", bone_set)
    (place if edit == "transforms" else turn_and_lift)(body)
    bpy.context.view_layer.update()
    assert EDITS[edit]() == {"FINISHED"}
    assert strayed(body.parent) < 1e-5
    evaluated = body.parent.evaluated_get(bpy.context.evaluated_depsgraph_get())
    rest = body.parent.data.bones
    assert max((bone.head - rest[bone.name].head_local).length for bone in evaluated.pose.bones) < 1e-5


def test_so_they_are_when_the_person_comes_and_when_rigify_s_rig_does(scene, rigged):
    body = add_human(bpy.context, scene, rigged, "Ann", "RIGIFY")
    assert strayed(body.parent) < 1e-5
    bpy.ops.pifu.repose(pose="A")
    bpy.ops.pifu.generate_rig()
    hidden = bpy.data.objects["Ann Metarig"]
    assert strayed(hidden) < 1e-5
    rig = bpy.data.objects["Ann Rig"]
    deforming = [bone for bone in rig.pose.bones if bone.bone.use_deform]
    assert max((bone.head - bone.bone.head_local).length for bone in deforming) < 5e-3


def test_so_they_are_after_undo_and_redo(scene, rigged):
    add_human(bpy.context, scene, rigged, "Ann")
    bpy.ops.ed.undo_push(message="Before")
    bpy.ops.pifu.repose("EXEC_DEFAULT", True, pose="T")
    bpy.ops.ed.undo()
    assert strayed(bpy.data.objects["Ann"].parent) < 1e-5
    bpy.ops.ed.redo()
    assert strayed(bpy.data.objects["Ann"].parent) < 1e-5

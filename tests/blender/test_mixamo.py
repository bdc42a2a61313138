# SPDX-License-Identifier: GPL-3.0-or-later
"""Mixamo's bones after To T-Pose: a clip that is keyed on Mixamo's skeleton moves the person as it moves that one."""

import bpy
import numpy as np
import pytest
from mathutils import Euler

from blender_pifu.addon.person import bones
from blender_pifu.addon.person.human import coordinates, joints
from blender_pifu.addon.person.scene import add_human
from helpers import mixamo_rig

LIMBS = ("Arm", "ForeArm", "UpLeg", "Leg")


@pytest.fixture
def person(scene, rigged):
    body = add_human(bpy.context, scene, rigged, "Ann", "MIXAMO")
    bpy.ops.pifu.repose(pose="T")
    return body


@pytest.fixture
def walk(scene):
    """Mixamo's skeleton with a clip: a walk, and every other bone swung about too."""
    armature = mixamo_rig.build(scene)
    dice = np.random.default_rng(5)
    swings = {bone.name: dice.uniform(-0.5, 0.5, 3) for bone in armature.pose.bones}
    strides = {"LeftUpLeg": (-0.5, 0, 0), "LeftLeg": (-0.9, 0, 0), "RightUpLeg": (0.5, 0, 0), "RightLeg": (-0.3, 0, 0)}
    arms = {
        "LeftArm": (1.2, 0, 0.4),
        "RightArm": (1.2, 0, 0.4),
        "LeftForeArm": (0, 0, 0.7),
        "RightForeArm": (0, 0, -0.7),
    }
    for bone in armature.pose.bones:
        bone.rotation_mode = "QUATERNION"
        for frame in (1, 13, 25):
            angles = {**strides, **arms}.get(bone.name[10:], swings[bone.name])
            bone.rotation_quaternion = Euler(np.array(angles) * {1: 1, 13: -1, 25: 0.3}[frame]).to_quaternion()
            bone.keyframe_insert("rotation_quaternion", frame=frame)
    return armature


def play(armature, clip, scene, frame):
    """Give an armature the other's clip."""
    for bone in armature.pose.bones:
        bone.rotation_mode = "QUATERNION"
    armature.animation_data_create()
    armature.animation_data.action = clip.animation_data.action
    if hasattr(armature.animation_data, "action_slot"):
        armature.animation_data.action_slot = clip.animation_data.action_slot
    scene.frame_set(frame)
    bpy.context.view_layer.update()


def degrees(one, other):
    return np.degrees(one.angle(other))


@pytest.mark.parametrize("frame", [1, 7, 13, 19, 25])
def test_a_clip_of_mixamos_points_every_bone_where_it_points_its_own(scene, person, walk, frame):
    mine = person.parent
    play(mine, walk, scene, frame)
    off = {}
    for bone in mine.pose.bones:
        theirs = walk.pose.bones[bone.name]
        off[bone.name] = max(
            degrees(getattr(bone, axis), getattr(theirs, axis)) for axis in ("x_axis", "y_axis", "z_axis")
        )
        assert degrees(bone.tail - bone.head, theirs.tail - theirs.head) < 5
    assert max(off.values()) < 1, off
    for side in ("Left", "Right"):  # and what is seen, joint to joint
        for limb in LIMBS:
            ways = []
            for armature in (mine, walk):
                bone = armature.pose.bones[f"mixamorig:{side}{limb}"]
                ends = {"Arm": "ForeArm", "ForeArm": "Hand", "UpLeg": "Leg", "Leg": "Foot"}
                ways.append(armature.pose.bones[f"mixamorig:{side}{ends[limb]}"].head - bone.head)
            assert degrees(*ways) < 5, (side, limb)


def test_at_rest_nothing_moves_and_the_skin_follows_its_limbs(scene, person):
    bpy.ops.pifu.validate()
    lines = {line.name: line.state for line in bpy.context.window_manager.pifu_report.lines}
    assert {lines[name] for name in ("rest", "height", "ground", "facing", "sums")} == {"OK"}
    points = coordinates(person.data)
    heads, tails = joints(person.parent)
    for name in ("hand.L", "middle_2.R", "shin.L", "foot.R"):  # a bone's middle lies in the flesh
        assert np.linalg.norm(points - (heads[name] + tails[name]) / 2, axis=1).min() < 0.08, name
    for side in (".L", ".R"):
        assert abs((tails["toe" + side] - heads["toe" + side])[2]) < 1e-3, "soles stay on the ground"


def test_twice_is_as_once_and_other_poses_come_after(scene, person):
    once, heads = coordinates(person.data), joints(person.parent)[0]
    bpy.ops.pifu.repose(pose="T")
    assert np.abs(coordinates(person.data) - once).max() < 1e-2
    again = joints(person.parent)[0]
    assert max(np.linalg.norm(again[name] - heads[name]) for name in heads) < 1e-2
    bpy.ops.pifu.repose(pose="A")
    assert not any("pifu_limb" in bone for bone in person.parent.data.bones)
    bpy.ops.pifu.repose(pose="T")
    for name, axes in bones.rest_axes("MIXAMO", "T").items():
        assert np.abs(np.array(person.parent.data.bones[name].matrix_local.to_3x3()) - axes).max() < 1e-3, name

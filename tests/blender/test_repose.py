# SPDX-License-Identifier: GPL-3.0-or-later
"""To A-pose and T-pose: the person takes it, mesh and bones together, and it is the new rest pose."""

from dataclasses import replace

import bpy
import numpy as np
import pytest

from blender_pifu.addon.person import bones
from blender_pifu.addon.person.human import coordinates, joints
from blender_pifu.addon.person.scene import add_human
from blender_pifu.addon.posing.poses import directions


def degrees_off(armature, wanted):
    heads, tails = joints(armature)
    off = {}
    for name, direction in wanted.items():
        along = (tails[name] - heads[name]) / np.linalg.norm(tails[name] - heads[name])
        off[name] = np.degrees(np.arccos(np.clip(along @ direction, -1, 1)))
    return off


def wanted(armature, bone_set, pose):
    """Where limbs shall point: of a set that has another program's rest pose, as there."""
    rest = bones.rest_axes(bone_set, pose)
    theirs = {bone["pifu_bone"]: rest[bone.name][:, 1] for bone in armature.data.bones if bone.name in rest}
    assert bool(theirs) == (bone_set == "MIXAMO" and pose == "T")
    limbs = {name: way for name, way in directions(pose).items() if not name.startswith("hand")}
    return {name: theirs.get(name, way) for name, way in limbs.items()}


@pytest.mark.parametrize("pose", ["A", "T"])
@pytest.mark.parametrize("bone_set", bones.SETS)
def test_arms_and_legs_point_where_the_pose_says_and_nothing_comes_apart(scene, rigged, bone_set, pose):
    scene.cursor.location = (1, 2, 0)
    body = add_human(bpy.context, scene, rigged, "Ann", bone_set)
    before = coordinates(body.data)
    heads, _tails = joints(body.parent)
    assert body.parent.location[:] == (1, 2, 0)
    assert bpy.ops.pifu.repose(pose=pose) == {"FINISHED"}
    assert max(degrees_off(body.parent, wanted(body.parent, bone_set, pose)).values()) < 1
    points = coordinates(body.data)
    assert points[:, 2].min() == pytest.approx(0, abs=1e-5) and body.parent.location[:] == (1, 2, 0)
    heads_after, tails_after = joints(body.parent)
    for side, sign in ((".L", 1), (".R", -1)):
        fingers = heads_after["little_1" + side] - heads_after["index_1" + side]
        palm = sign * np.cross(fingers, tails_after["hand" + side] - heads_after["hand" + side])
        assert np.degrees(np.arccos(-palm[2] / np.linalg.norm(palm))) < (15 if pose == "T" else 60)
    # The flesh goes with its bone: wrists and knees are as far inside as they were.
    after, _tails = joints(body.parent)
    for name in ("hand.L", "hand.R", "shin.L", "head", "index_3.R"):
        inside = np.linalg.norm(before - heads[name], axis=1).min()
        assert np.linalg.norm(points - after[name], axis=1).min() == pytest.approx(inside, abs=0.015), name
    bpy.ops.pifu.validate()
    lines = {line.name: line.state for line in bpy.context.window_manager.pifu_report.lines}
    assert {lines[name] for name in ("rest", "height", "ground", "facing", "transforms", "pieces", "sums")} == {"OK"}


def test_soles_are_level_and_expressions_go_along(scene, rigged):
    body = add_human(bpy.context, scene, rigged, "Ann")
    bpy.ops.pifu.repose(pose="T")
    heads, tails = joints(body.parent)
    for side in (".L", ".R"):
        assert abs((tails["toe" + side] - heads["toe" + side])[2]) < 1e-3
    basis, nod = body.data.shape_keys.key_blocks
    moved = np.linalg.norm(coordinates_of(nod) - coordinates_of(basis), axis=1)
    assert np.allclose(moved, np.linalg.norm(rigged.shape_keys.offsets[0], axis=1), atol=1e-5)
    assert np.abs(coordinates_of(basis) - coordinates(body.data)).max() < 1e-6


def coordinates_of(key):
    points = np.empty(3 * len(key.data), np.float32)
    key.data.foreach_get("co", points)
    return points.reshape(-1, 3)


def test_one_undo_brings_the_photo_s_pose_back(scene, rigged):
    add_human(bpy.context, scene, rigged, "Ann")
    bpy.ops.ed.undo_push(message="Before")
    bpy.ops.pifu.repose("EXEC_DEFAULT", True, pose="T")
    bpy.ops.ed.undo()
    body = bpy.data.objects["Ann"]
    assert np.abs(coordinates(body.data) - rigged.vertices).max() < 1e-6
    heads, _tails = joints(body.parent)
    assert np.abs(heads["hand.L"] - rigged.rig.heads[rigged.rig.names.index("hand.L")]).max() < 1e-6


def test_twice_is_as_once(scene, rigged):
    body = add_human(bpy.context, scene, rigged, "Ann")
    bpy.ops.pifu.repose(pose="T")
    once = coordinates(body.data)
    bpy.ops.pifu.repose(pose="T")
    assert np.abs(coordinates(body.data) - once).max() < 2e-3


def test_what_the_photo_fused_is_told(scene, rigged, capfd):
    hand, thigh = (rigged.rig.heads[rigged.rig.names.index(name)] for name in ("hand.L", "thigh.L"))
    near = [np.linalg.norm(rigged.vertices - joint, axis=1).argmin() for joint in (hand, thigh)]
    vertices = rigged.vertices.copy()
    vertices[near[0]] = vertices[near[1]] + (0.001, 0, 0)
    faces = np.concatenate([rigged.faces, [[near[0], near[1], near[1] + 1, -1]]]).astype(np.int32)
    uv = np.concatenate([rigged.texture.uv, rigged.texture.uv[:1]])
    add_human(
        bpy.context,
        scene,
        replace(rigged, vertices=vertices, faces=faces, texture=replace(rigged.texture, uv=uv)),
        "Ann",
    )
    bpy.ops.pifu.repose(pose="T")
    told = capfd.readouterr().out
    assert "stretched" in told and "forearm.L and thigh.L" in told, told


def test_other_bones_are_refused(scene, rigged):
    body = add_human(bpy.context, scene, rigged, "Ann")
    for bone in body.parent.data.bones:
        del bone["pifu_bone"]
    with pytest.raises(RuntimeError, match="not the person's own"):
        bpy.ops.pifu.repose(pose="T")

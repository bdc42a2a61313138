# SPDX-License-Identifier: GPL-3.0-or-later
"""No bone deforms that moves nothing: fingers of a mitten stay as bones, for names and clips, but not among these."""

from dataclasses import replace

import bpy
import numpy as np
import pytest

from blender_pifu.addon.person import bones
from blender_pifu.addon.person.human import group_weights
from blender_pifu.addon.person.scene import add_human
from blender_pifu.engine.body.weights import strongest


def mitten(rigged):
    """The person with the left hand's fingers moved by the hand alone, but for a trace of one."""
    names, rig = list(rigged.rig.names), rigged.rig
    fingers = [i for i, name in enumerate(names) if name.endswith(".L") and name[:-4] in
               ("thumb", "index", "middle", "ring", "little")]  # fmt: skip
    dense = np.zeros((len(rig.weights), len(names)))
    np.add.at(dense, (np.arange(len(dense))[:, None], rig.weight_bones), rig.weights)
    hand = names.index("hand.L")
    dense[:, hand] += dense[:, fingers].sum(1)
    dense[:, fingers] = 0
    dense[dense[:, hand].argmax(), names.index("index_3.L")] = 0.012
    bones_, weights = strongest(dense)
    return replace(rigged, rig=replace(rig, weight_bones=bones_, weights=weights)), {names[i] for i in fingers}


def deforming(armature):
    return {bone.name for bone in armature.data.bones if bone.use_deform}


def moving(body):
    _rows, groups, weights = group_weights(body)
    return {body.vertex_groups[int(group)].name for group in np.unique(groups[weights > 0])}


@pytest.mark.parametrize("bone_set", bones.SETS)
def test_every_deforming_bone_moves_something(scene, rigged, bone_set):
    person, fingers = mitten(rigged)
    body = add_human(bpy.context, scene, person, "Ann", bone_set)
    assert deforming(body.parent) == moving(body)
    roles = {bone.get("pifu_bone") for bone in body.parent.data.bones}
    assert fingers <= roles, "they are there all the same"
    idle = {bone["pifu_bone"] for bone in body.parent.data.bones if "pifu_bone" in bone and not bone.use_deform}
    assert idle == fingers
    _rows, _groups, weights = group_weights(body)
    rows = np.bincount(_rows, weights, minlength=len(body.data.vertices))
    assert np.abs(rows - 1).max() < 1e-4
    bpy.ops.pifu.validate()
    lines = {line.name: line.state for line in bpy.context.window_manager.pifu_report.lines}
    assert {lines[name] for name in ("idle", "bones", "groups", "sums", "unweighted", "rest")} == {"OK"}


def test_so_it_is_with_rigify_s_rig(scene, rigged):
    person, _fingers = mitten(rigged)
    body = add_human(bpy.context, scene, person, "Ann", "RIGIFY")
    bpy.ops.pifu.generate_rig()
    assert deforming(body.parent) == moving(body)
    assert "DEF-f_index.02.L" in body.parent.data.bones


def test_a_whole_person_keeps_all(scene, rigged):
    body = add_human(bpy.context, scene, rigged, "Ann")
    assert deforming(body.parent) == set(rigged.rig.names)


def test_they_can_be_posed_and_brought_into_another_rest_pose(scene, rigged):
    person, _fingers = mitten(rigged)
    body = add_human(bpy.context, scene, person, "Ann")
    assert bpy.ops.pifu.repose(pose="T") == {"FINISHED"}
    hand, finger = (body.parent.data.bones[name] for name in ("hand.L", "index_3.L"))
    assert (finger.head_local - hand.tail_local).length < 0.2

# SPDX-License-Identifier: GPL-3.0-or-later
"""Metres are metres in any scene: mesh, bones, expressions, the height field, checks, their mends, and poses."""

import json

import bpy
import numpy as np
import pytest
from mathutils import Matrix

from blender_pifu.addon.person import bones
from blender_pifu.addon.person.human import coordinates, joints
from blender_pifu.addon.person.scene import add_human

UNITS = {  # unit system, unit scale, length unit -> metres a unit
    ("METRIC", 0.01, "CENTIMETERS"): 0.01,
    ("METRIC", 0.001, "MILLIMETERS"): 0.001,
    ("METRIC", 1.0, "MILLIMETERS"): 1.0,
    ("METRIC", 100.0, "METERS"): 100.0,
    ("IMPERIAL", 0.3048, "FEET"): 0.3048,
    ("IMPERIAL", 0.01, "INCHES"): 0.01,
    ("NONE", 0.01, None): 1.0,
}


@pytest.fixture(params=list(UNITS), ids=lambda units: f"{units[0]}-{units[1]}-{units[2]}")
def metres(request, scene):
    """How long a unit of the scene is."""
    system, scale, length = request.param
    scene.unit_settings.system, scene.unit_settings.scale_length = system, scale
    if length:
        scene.unit_settings.length_unit = length
    return UNITS[request.param]


def states():
    """State and value of each line of the check."""
    bpy.ops.pifu.validate()
    found = json.loads(bpy.context.window_manager.pifu_report.json)["lines"]
    return {line["id"]: line["state"] for line in found}, {line["id"]: line["measured"] for line in found}


def test_a_person_is_as_high_as_asked_and_passes_the_checks(scene, rigged, metres):
    body = add_human(bpy.context, scene, rigged, "Ann")
    height = rigged.summary.height_m
    assert np.abs(coordinates(body.data) * metres - rigged.vertices).max() < 1e-5
    heads, tails = joints(body.parent)
    for index, name in enumerate(rigged.rig.names):
        assert np.abs(heads[name] * metres - rigged.rig.heads[index]).max() < 1e-5, name
        assert np.abs(tails[name] * metres - rigged.rig.tails[index]).max() < 1e-5, name
    basis, nod = body.data.shape_keys.key_blocks
    offset = np.array([(one.co - other.co) * metres for one, other in zip(nod.data, basis.data, strict=True)])
    assert np.abs(offset - rigged.shape_keys.offsets[0]).max() < 1e-5
    state, measured = states()
    assert {name for name, value in state.items() if value != "OK"} <= {"crossing"}
    assert measured["height"] == pytest.approx(height, rel=1e-4)
    assert len([bone for bone in body.parent.data.bones if bone.use_connect]) > 20


def test_what_stands_wrong_is_told_in_metres_and_mended(scene, rigged, metres):
    body = add_human(bpy.context, scene, rigged, "Ann")
    body.data.transform(Matrix.Translation((0, 0, -0.2 / metres)), shape_keys=True)
    state, measured = states()
    assert state["ground"] == "ERROR" and measured["ground"] == pytest.approx(-0.2, abs=1e-4)
    bpy.ops.pifu.fix(check="ground")
    body.data.transform(Matrix.Scale(1.1, 4), shape_keys=True)
    state, measured = states()
    assert state["height"] == "ERROR"
    bpy.ops.pifu.fix(check="height")
    state, measured = states()
    assert {state[name] for name in ("ground", "height", "transforms")} == {"OK"}


def test_a_pose_is_as_in_metres(scene, rigged, metres):
    body = add_human(bpy.context, scene, rigged, "Ann", "UNREAL")
    joined = {bone.name for bone in body.parent.data.bones if bone.use_connect}
    bpy.ops.pifu.repose(pose="T")
    assert {bone.name for bone in body.parent.data.bones if bone.use_connect} == joined
    tall = np.ptp(coordinates(body.data)[:, 2]) * metres
    assert body.pifu.height_m == pytest.approx(tall, rel=1e-5)
    assert states()[0]["height"] == "OK"
    hand, control = (body.parent.data.bones[name].head_local for name in ("hand_l", "ik_hand_l"))
    assert (hand - control).length * metres < 1e-4


def test_the_height_field_is_the_same_length_in_every_scene(scene, metres):
    for wanted in (0.3, 1.75, 40.0):
        scene.pifu.height_m = wanted
        assert scene.pifu.height * metres == pytest.approx(wanted, rel=1e-5)
        scene.pifu.height_m = 1.0
        scene.pifu.height = wanted / metres
        assert scene.pifu.height_m == pytest.approx(wanted, rel=1e-5)
    scene.pifu.height = 1e9
    assert scene.pifu.height_m == 50


@pytest.mark.parametrize("bone_set", bones.SETS)
def test_every_bone_set_is_as_large_as_the_person(scene, rigged, bone_set):
    scene.unit_settings.scale_length = 0.01
    body = add_human(bpy.context, scene, rigged, "Ann", bone_set)
    ends = np.array([(*bone.head_local, *bone.tail_local) for bone in body.parent.data.bones]).reshape(-1, 3) * 0.01
    assert (ends.min(0) > rigged.vertices.min(0) - 0.1).all() and (ends.max(0) < rigged.vertices.max(0) + 0.1).all()
    assert np.ptp(ends[:, 2]) > 0.9 * rigged.summary.height_m

# SPDX-License-Identifier: GPL-3.0-or-later
"""The buttons for the face: neutral, and as the photo shows it."""

import json
from dataclasses import replace

import bpy
import numpy as np
import pytest

from blender_pifu.addon.person.scene import add_human


def smiling(rigged, value):
    keys = replace(rigged.shape_keys, values=np.array([value], np.float32))
    return add_human(bpy.context, bpy.context.scene, replace(rigged, shape_keys=keys), "Ann")


def test_the_face_becomes_neutral_and_the_photos_again_and_own_keys_stay(scene, rigged):
    body = smiling(rigged, 0.6)
    mine = body.shape_key_add(name="Mine", from_mix=False)
    nod, mine.value = body.data.shape_keys.key_blocks["nod"], 0.3
    assert nod.value == pytest.approx(0.6)
    assert bpy.ops.pifu.face(face="NEUTRAL") == {"FINISHED"}
    assert nod.value == 0
    nod.value = 0.1
    assert bpy.ops.pifu.face(face="PHOTO") == {"FINISHED"}
    assert nod.value == pytest.approx(0.6) and mine.value == pytest.approx(0.3)


def test_without_the_photos_expression_there_is_only_the_neutral_face(scene, rigged):
    body = smiling(rigged, 0)
    body.data.shape_keys.key_blocks["nod"].value = 0.5
    with pytest.raises(RuntimeError, match="not known"):
        bpy.ops.pifu.face(face="PHOTO")
    assert bpy.ops.pifu.face(face="NEUTRAL") == {"FINISHED"}
    assert body.data.shape_keys.key_blocks["nod"].value == 0


def test_a_human_without_expressions_has_no_such_buttons(scene, rigged):
    add_human(bpy.context, scene, replace(rigged, shape_keys=None), "Ann")
    assert not bpy.ops.pifu.face.poll()


def test_keyed_expressions_go_along_though_no_bone_moves(scene, rigged, tmp_path):
    scene.pifu.program = "GODOT"
    body = add_human(bpy.context, scene, rigged, "Ann", scene.pifu.bones)
    nod = body.data.shape_keys.key_blocks["nod"]
    for frame, nod.value in ((1, 0.0), (10, 1.0)):
        nod.keyframe_insert("value", frame=frame)
    assert bpy.ops.pifu.export(filepath=str(tmp_path / "Ann.glb")) == {"FINISHED"}
    data = (tmp_path / "Ann.glb").read_bytes()
    written = json.loads(data[20 : 20 + int.from_bytes(data[12:16], "little")])
    (movement,) = written["animations"]
    assert [channel["target"]["path"] for channel in movement["channels"]].count("weights") == 1

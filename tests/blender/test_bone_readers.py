# SPDX-License-Identifier: GPL-3.0-or-later
"""A bone set is right when the program that it is for reads it: by that program's own assignment where it runs here."""

import importlib
import re

import bpy
import numpy as np
import pytest
from readers.vrm_humanoid import humanoid

from blender_pifu.addon.person import bones
from blender_pifu.addon.person.rigify import switched_on
from blender_pifu.addon.person.scene import add_human


@pytest.mark.parametrize("pose", [None, "A", "T"])
@pytest.mark.parametrize("bone_set", ["VRM", "MIXAMO", "UNREAL", "RIGIFY"])
def test_the_vrm_add_on_assigns_every_bone_by_itself(scene, rigged, bone_set, pose):
    mapper = pytest.importorskip("io_scene_vrm.common.human_bone_mapper.human_bone_mapper")
    armature = add_human(bpy.context, scene, rigged, "Ann", bone_set).parent
    if pose:
        bpy.ops.pifu.repose(pose=pose)
    assigned = {name: bone.name.value for name, bone in mapper.create_human_bone_mapping(armature).items()}
    roles = {bone.name: bone["pifu_bone"] for bone in armature.data.bones if "pifu_bone" in bone}
    assert {roles[name]: human for name, human in assigned.items()} == {role: humanoid(role) for role in roles.values()}


# Words by which Unity's editor knows a humanoid's bones, in its public reference source (AvatarAutoMapper.cs).
UNITY = {
    "shoulder": ("shoulder", "collar", "clavicle"),
    "upper_arm": ("up",),
    "forearm": ("lo", "fore", "elbow"),
    "hand": ("hand", "wrist"),
    "thigh": ("up", "thigh"),
    "shin": ("lo", "calf", "knee", "shin"),
    "foot": ("foot", "ankle"),
    "toe": ("toe",),
    "neck": ("neck",),
    "head": ("head",),
    **{finger: (finger[:3],) for finger in ("thumb", "index", "middle", "ring", "little")},
}


@pytest.mark.parametrize("bone_set", ["VRM", "PLAIN"])
def test_unity_knows_the_names_by_its_words_and_the_sides(bone_set):
    for entry in bones.load_set(bone_set)["bones"]:
        for side in "LR" if "{}" in entry["name"] else "":
            name = entry["name"].replace("{}", bones.load_set(bone_set)["sides"][side]).lower()
            assert re.search(rf"(^|[ ._-]){side.lower()}($|[ ._-])|{'left' if side == 'L' else 'right'}", name)
        role = re.sub(r"_\d$", "", entry["of"])
        if role in UNITY:
            assert any(word in entry["name"].lower() for word in UNITY[role]), entry["name"]
            others = {other for other, words in UNITY.items() if any(word in entry["name"].lower() for word in words)}
            arms_or_legs = [{"upper_arm", "thigh"}, {"forearm", "shin"}]  # told apart by where they hang
            assert others == {role} or others - {"head"} in arms_or_legs, (entry["name"], others)


def test_rigifys_bones_roll_as_in_its_own_metarig(scene, rigged):
    armature = add_human(bpy.context, scene, rigged, "Ann", "RIGIFY").parent
    bpy.ops.pifu.repose(pose="A")
    sample = bpy.data.objects.new("Sample", bpy.data.armatures.new("Sample"))
    scene.collection.objects.link(sample)
    bpy.context.view_layer.objects.active = sample
    bpy.ops.object.mode_set(mode="EDIT")
    with switched_on():
        importlib.import_module("rigify.metarigs.human").create(sample)
    bpy.ops.object.mode_set(mode="OBJECT")
    limbs = ("shoulder", "upper_arm", "forearm", "hand", "thigh", "shin", "foot", "toe")
    for name in (*(f"{limb}.{side}" for limb in limbs for side in "LR"), "spine", "spine.003", "spine.006"):
        mine, theirs = (rig.data.bones[name].matrix_local.to_3x3() for rig in (armature, sample))
        turn = mine.col[1].rotation_difference(theirs.col[1])
        assert np.degrees((turn @ mine.col[0]).angle(theirs.col[0])) < 20, name

# SPDX-License-Identifier: GPL-3.0-or-later
"""Another bone set for a person that is there."""

import bpy
import numpy as np
import pytest

from blender_pifu.addon.person.armature import bone_set_of
from blender_pifu.addon.person.bones import SETS, roles_of
from blender_pifu.addon.person.human import Human, coordinates, group_weights, joints
from blender_pifu.addon.person.scene import add_human


def table(person):
    """Weights (V, canonical bones)."""
    roles = {bone.name: bone.get("pifu_bone", "") for bone in person.armature.data.bones}
    order = sorted(set(roles_of("PLAIN").values()))
    rows, groups, weights = group_weights(person.body)
    column = np.array([order.index(roles[group.name]) for group in person.body.vertex_groups])
    found = np.zeros((len(person.body.data.vertices), len(order)))
    np.add.at(found, (rows, column[groups]), weights)
    return found


@pytest.mark.parametrize("bone_set", SETS[1:])
def test_bones_change_there_and_back(scene, rigged, bone_set, contents):
    scene.pifu.controls = False
    body = add_human(bpy.context, scene, rigged, "Ann", "PLAIN")
    body.parent.location = (1, 2, 3)
    person = Human(body, body.parent)
    before, weights, points, names = joints(person.armature), table(person), coordinates(body.data), contents()
    for wanted in (bone_set, "PLAIN"):
        scene.pifu.bones = wanted
        assert bpy.ops.pifu.change_bones() == {"FINISHED"}
        person = Human(body, body.parent)
        assert bone_set_of(person.armature) == wanted
        assert {group.name for group in body.vertex_groups} <= {bone.name for bone in person.armature.data.bones}
        assert person.armature.location == body.parent.location and tuple(person.armature.location) == (1, 2, 3)
    after = joints(person.armature)
    bent = 0.02 if bone_set in ("RIGIFY",) else 1e-4  # elbows and knees are bent a little for its controls
    for name in before[0]:
        assert np.linalg.norm(after[0][name] - before[0][name]) < bent, name
        assert np.linalg.norm(after[1][name] - before[1][name]) < bent, name
    assert np.abs(table(person) - weights).max() < 0.05
    assert np.array_equal(coordinates(body.data), points)
    assert contents() == names


def test_bones_look_as_the_artist_had_them(scene, rigged):
    body = add_human(bpy.context, scene, rigged, "Ann", "PLAIN")
    body.parent.data.display_type, body.parent.show_in_front = "BBONE", False
    scene.pifu.bones = "MIXAMO"
    assert bpy.ops.pifu.change_bones() == {"FINISHED"}
    assert body.parent.data.display_type == "BBONE" and not body.parent.show_in_front


def test_groups_of_the_artist_stay_and_the_modifier_comes_first(scene, rigged):
    scene.pifu.controls = False
    body = add_human(bpy.context, scene, rigged, "Ann", "PLAIN")
    body.vertex_groups.new(name="Mine")
    body.modifiers.new("Smooth", "SMOOTH")
    scene.pifu.bones = "UNREAL"
    bpy.ops.pifu.change_bones()
    assert "Mine" in body.vertex_groups
    assert [modifier.type for modifier in body.modifiers] == ["ARMATURE", "SMOOTH"]


def test_who_has_the_bones_or_none_is_refused(scene, rigged):
    scene.pifu.controls = False
    body = add_human(bpy.context, scene, rigged, "Ann", "PLAIN")
    scene.pifu.bones = "PLAIN"
    assert not bpy.ops.pifu.change_bones.poll()
    scene.pifu.bones = "UNREAL"
    assert bpy.ops.pifu.change_bones.poll()
    bpy.data.objects.remove(body.parent)
    assert not bpy.ops.pifu.change_bones.poll()

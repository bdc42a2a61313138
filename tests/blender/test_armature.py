# SPDX-License-Identifier: GPL-3.0-or-later
"""A result with a rig becomes a mesh that can be posed at once, under the names of any bone set."""

import json
from math import radians

import bpy
import numpy as np
import pytest
from mathutils import Matrix

from blender_pifu.addon.person import bones
from blender_pifu.addon.person.human import coordinates, find_person, group_weights, joints
from blender_pifu.addon.person.scene import add_human
from blender_pifu.result_file import ResultError, read_result

KNOWN = {
    "PLAIN": ("upper_arm.L", "index_2.R"),
    "RIGIFY": ("spine.003", "f_index.02.R"),
    "MIXAMO": ("mixamorig:LeftArm", "mixamorig:RightHandIndex2"),
    "UNREAL": ("upperarm_l", "index_02_r"),
    "VRM": ("upper_arm.L", "index_intermediate.R"),
}


def moved(body):
    """Vertices (V, 3) as the armature leaves them."""
    evaluated = body.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return coordinates(evaluated.data)


def role(armature, name):
    return next(bone for bone in armature.data.bones if bone.get("pifu_bone") == name)


@pytest.mark.parametrize("bone_set", bones.SETS)
def test_each_bone_set_fits_the_person_and_moves_nothing_at_rest(scene, rigged, bone_set):
    body = add_human(bpy.context, scene, rigged, "Ann", bone_set)
    armature = body.parent
    assert armature.type == "ARMATURE" and armature.mode == "OBJECT"
    assert set(KNOWN[bone_set]) <= set(armature.data.bones.keys())
    for thing in (body, armature):
        assert thing.matrix_world == Matrix.Identity(4)
        assert [collection.name for collection in thing.users_collection] == ["Ann"]
    heads, tails = joints(armature)
    assert set(heads) == set(rigged.rig.names)
    # Rigify's elbows and knees are moved a little where a limb is straight.
    slack = 5e-3 if bone_set == "RIGIFY" else 1e-6
    for index, name in enumerate(rigged.rig.names):
        assert np.abs(heads[name] - rigged.rig.heads[index]).max() < slack, name
    deforming = {bone.name for bone in armature.data.bones if bone.use_deform}
    assert set(body.vertex_groups.keys()) <= deforming
    assert np.abs(moved(body) - rigged.vertices).max() < 1e-4


@pytest.mark.parametrize("bone_set", bones.SETS)
def test_bones_are_thin_lines_that_can_be_taken_hold_of(scene, rigged, bone_set):
    armature = add_human(bpy.context, scene, rigged, "Ann", bone_set).parent
    assert armature.data.display_type == "STICK" and armature.show_in_front
    assert not armature.hide_select and not any(bone.hide_select for bone in armature.data.bones)


@pytest.mark.parametrize("bone_set", bones.SETS)
def test_weights_are_the_engines(scene, rigged, bone_set):
    body = add_human(bpy.context, scene, rigged, "Ann", bone_set)
    rows, groups, weights = group_weights(body)
    assert np.abs(np.bincount(rows, weights, minlength=len(body.data.vertices)) - 1).max() < 1e-4
    assert np.bincount(rows).max() <= 4
    column = [rigged.rig.names.index(body.parent.data.bones[group.name]["pifu_bone"]) for group in body.vertex_groups]
    got = np.zeros((len(rigged.vertices), len(rigged.rig.names)))
    np.add.at(got, (rows, np.array(column)[groups]), weights)
    wanted = np.zeros_like(got)
    np.add.at(wanted, (np.arange(len(got))[:, None], rigged.rig.weight_bones), rigged.rig.weights)
    strayed = np.abs(got - wanted).max(1)
    assert strayed.max() < {"RIGIFY": 0.3, "UNREAL": 0.1}.get(bone_set, 1e-3)
    assert (strayed > 1e-3).mean() < 0.02, "only where a parted neck or limb makes five of four"


@pytest.mark.parametrize(
    ("upper", "lower"), [("upper_arm.L", "forearm.L"), ("thigh.R", "shin.R"), ("index_1.L", "index_2.L")]
)
@pytest.mark.parametrize("bone_set", bones.SETS)
def test_elbows_knees_and_fingers_bend_about_one_axis_the_right_way(scene, rigged, bone_set, upper, lower):
    body = add_human(bpy.context, scene, rigged, "Ann", bone_set)
    armature = body.parent
    first, second = (armature.pose.bones[role(armature, name).name] for name in (upper, lower))
    straight = first.head - first.tail
    before = straight.angle(second.tail - second.head)
    second.rotation_mode = "XYZ"
    second.rotation_euler["XYZ".index(bones.load_set(bone_set)["flex"].upper())] = radians(40)
    bpy.context.view_layer.update()
    after = straight.angle(second.tail - second.head)
    assert before - after > radians(36)


def test_a_texture_travels_packed_in_one_principled_material(scene, rigged):
    body = add_human(bpy.context, scene, rigged, "Ann")
    (material,) = body.data.materials
    (link,) = material.node_tree.nodes["Principled BSDF"].inputs["Base Color"].links
    image = link.from_node.image
    assert (image.name, tuple(image.size), image.colorspace_settings.name) == ("Ann", (64, 64), "sRGB")
    assert bytes(image.packed_file.data) == rigged.texture.png
    (layer,) = body.data.uv_layers
    uv = np.empty(2 * len(layer.data), np.float32)
    layer.data.foreach_get("uv", uv)
    assert np.array_equal(uv.reshape(-1, 2), rigged.texture.uv[rigged.faces >= 0])
    assert sum(len(polygon.vertices) == 3 for polygon in body.data.polygons) == (rigged.faces[:, 3] < 0).sum()


def test_shape_keys_are_offsets_at_rest(scene, rigged):
    body = add_human(bpy.context, scene, rigged, "Ann")
    basis, nod = body.data.shape_keys.key_blocks
    assert (nod.name, nod.value) == ("nod", 0)
    nod.value = 1
    assert np.abs(moved(body) - rigged.vertices - rigged.shape_keys.offsets[0]).max() < 1e-5


def test_it_goes_into_another_scene_and_in_one_step_of_undo(scene, rigged, contents):
    other = bpy.data.scenes.new("Other")
    bpy.ops.ed.undo_push(message="Before")
    before = contents()
    active = bpy.context.view_layer.objects.active.name
    body = add_human(bpy.context, other, rigged, "Ann")
    assert body.parent.name in other.objects and body.parent.name not in scene.objects
    assert bpy.context.view_layer.objects.active.name == active
    assert body.parent.data.bones
    bpy.ops.ed.undo_push(message="Generate Human")
    bpy.ops.ed.undo()
    assert contents() == before


def test_the_person_is_found_by_the_mesh_and_by_the_armature(scene, rigged):
    assert find_person(bpy.context) is None
    body = add_human(bpy.context, scene, rigged, "Ann")
    assert find_person(bpy.context).body == body
    bpy.context.view_layer.objects.active = body.parent
    assert find_person(bpy.context).armature == body.parent
    assert (body.pifu.photo, body.pifu.topology) == ("Ann", "animation")


def test_rigify_generates_a_rig_of_the_fitted_metarig_and_moves_the_person_by_it(scene, rigged):
    body = add_human(bpy.context, scene, rigged, "Ann", "RIGIFY")
    metarig = body.parent
    assert bpy.ops.pifu.generate_rig() == {"FINISHED"}
    rig = bpy.data.objects["Ann Rig"]
    for name in ("forearm.L", "shin.R", "f_index.02.L"):
        assert (rig.data.bones["DEF-" + name].head_local - metarig.data.bones[name].head_local).length < 1e-4
    bpy.ops.pifu.validate()
    lines = {line.name: line.state for line in bpy.context.window_manager.pifu_report.lines}
    for name in ("rest", "bones", "groups", "unweighted", "sums", "influences", "names"):
        assert lines[name] == "OK", name
    rig.pose.bones["upper_arm_parent.L"]["IK_FK"] = 1.0
    rig.pose.bones["forearm_fk.L"].rotation_mode = "XYZ"
    rig.pose.bones["forearm_fk.L"].rotation_euler.x = radians(40)
    bpy.context.view_layer.update()
    hand = rigged.rig.heads[rigged.rig.names.index("hand.L")]
    near = np.linalg.norm(rigged.vertices - hand, axis=1).argmin()
    assert np.linalg.norm(moved(body)[near] - rigged.vertices[near]) > 0.08
    with pytest.raises(RuntimeError, match="before generating"):
        bpy.ops.pifu.repose(pose="T")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"weights": None}, "cannot be read"),
        ({"bone_parents": lambda array: np.full_like(array, 5)}, "parents do not come before"),
        ({"weights": lambda array: array * 2}, "do not sum to 1"),
        ({"weight_bones": lambda array: array + 99}, "bones that do not exist"),
        ({"bone_tails": lambda array: array * np.nan}, "bones that are nowhere"),
        ({"uv": lambda array: array[:, :3]}, "uv of float32"),
        ({"texture": lambda array: array[4:]}, "no PNG"),
        ({"shape_keys": lambda array: array[:, 1:]}, "shape_keys of float32"),
    ],
)
def test_a_wrong_rig_is_refused_by_name(rigged_arrays, tmp_path, change, reason):
    ((name, how),) = change.items()
    arrays = {**rigged_arrays, name: how and how(rigged_arrays[name])}
    np.savez(tmp_path / "wrong.npz", **{key: value for key, value in arrays.items() if value is not None})
    with pytest.raises(ResultError, match=reason):
        read_result(tmp_path / "wrong.npz")


def test_a_texture_that_is_no_picture_leaves_nothing(scene, rigged, contents):
    from dataclasses import replace

    before = contents()
    with pytest.raises(ResultError, match="texture"):
        add_human(
            bpy.context, scene, replace(rigged, texture=replace(rigged.texture, png=rigged.texture.png[:40])), "Ann"
        )
    assert contents() == before


def test_bone_sets_name_every_parent_before_its_children():
    for name in bones.SETS:
        data = json.loads((bones.FOLDER / f"{name.lower()}.json").read_text(encoding="utf-8"))
        seen = {""}
        for bone in data["bones"]:
            assert bone["parent"] in seen, (name, bone["name"])
            seen |= {bone["name"], *(bone["name"].replace("{}", side) for side in data["sides"].values())}

# SPDX-License-Identifier: GPL-3.0-or-later
"""Export for each program: what a reader of the format finds, and that nothing else is touched."""

import dataclasses
import json
import struct

import addon_utils
import bpy
import numpy as np
import pytest
from mathutils import Vector

from blender_pifu.addon.checks.checks_surface import base_image
from blender_pifu.addon.export import programs
from blender_pifu.addon.person.human import Human, armature_of, coordinates, group_weights
from blender_pifu.addon.person.scene import add_human
from blender_pifu.addon.ui.recipes import PIFU_PT_recipes

WITH_BONES = [program.identifier for program in programs.PROGRAMS if program.skeleton and program.format != "VRM"]


def make(scene, rigged, program):
    scene.pifu.program = program
    body = add_human(bpy.context, scene, rigged, "Ann", scene.pifu.bones)
    bpy.context.view_layer.update()
    return Human(body, body.parent)


def write(tmp_path, program):
    path = tmp_path / "Ann"
    assert bpy.ops.pifu.export(filepath=str(path)) == {"FINISHED"}
    (file,) = tmp_path.iterdir()
    assert file.stem == "Ann"
    return file


def read(file):
    """The person in a file by Blender's importer for it; of FBX the one that is no kin of the exporter, where it is."""
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    if file.suffix == ".glb":
        bpy.ops.import_scene.gltf(filepath=str(file))
    elif file.suffix == ".fbx" and "fbx_import" in dir(bpy.ops.wm):
        bpy.ops.wm.fbx_import(filepath=str(file))
    elif file.suffix == ".fbx":
        bpy.ops.preferences.addon_enable(module="io_scene_fbx")
        bpy.ops.import_scene.fbx(filepath=str(file))
    else:
        bpy.ops.wm.usd_import(filepath=str(file))
    bpy.context.view_layer.update()
    body = next(thing for thing in bpy.data.objects if thing.type == "MESH" and thing.vertex_groups)
    return Human(body, armature_of(body))


def extent(person):
    matrix = np.array(person.body.matrix_world)
    return coordinates(person.body.data) @ matrix[:3, :3].T + matrix[:3, 3]


def plain(blocks):
    """Names as USD has them, without points."""
    return {block.name.replace(".", "_") for block in blocks}


@pytest.mark.parametrize("unit", [1.0, 0.01])
@pytest.mark.parametrize("program", WITH_BONES)
def test_a_reader_finds_the_person_in_metres_with_bones_weights_and_texture(scene, rigged, tmp_path, program, unit):
    scene.unit_settings.scale_length = unit
    person = make(scene, rigged, program)
    person.root.location = (3, 2, 1)
    names, groups = plain(person.armature.data.bones), plain(person.body.vertex_groups)
    picture = tuple(base_image(person).size)
    theirs = read(write(tmp_path, program))
    points = extent(theirs)
    assert np.ptp(points[:, 2]) == pytest.approx(np.ptp(rigged.vertices[:, 2]), abs=1e-3)
    assert points[:, 2].min() == pytest.approx(0, abs=1e-3)
    toes, heel = (points[points[:, 2] < 0.05][:, 1].min(), points[points[:, 2] < 0.05][:, 1].max())
    assert abs(toes) > abs(heel), "it faces the front view"
    assert plain(theirs.armature.data.bones) >= names
    assert plain(theirs.body.vertex_groups) >= groups
    rows, _, weights = group_weights(theirs.body)
    assert np.abs(np.bincount(rows, weights) - 1).max() < 1e-2
    assert tuple(base_image(theirs).size) == picture
    assert len(theirs.body.data.shape_keys.key_blocks) == len(rigged.shape_keys.names) + 1


@pytest.mark.parametrize("program", ["UNREAL", "UNITY", "MIXAMO"])
def test_an_fbx_is_in_centimetres_and_scales_no_object(scene, rigged, tmp_path, program):
    make(scene, rigged, program)
    file = write(tmp_path, program)
    from io_scene_fbx.parse_fbx import parse

    root = parse(str(file))[0]
    below = {element.id.decode(): element for element in root.elems}
    settings = {entry.props[0].decode(): entry.props[4:] for entry in below["GlobalSettings"].elems[1].elems}
    assert settings["UnitScaleFactor"] == [1.0]
    models = [element for element in below["Objects"].elems if element.id == b"Model"]
    for model in models:
        lines = {entry.props[0]: entry.props[4:] for entry in model.elems[1].elems}
        assert np.allclose(lines.get(b"Lcl Scaling", [1, 1, 1]), 1, atol=1e-4), model.props[1]
    names = [model.props[1].split(b"\0")[0].decode() for model in models]
    assert ("Armature" in names) == (program == "UNREAL")


def test_a_glb_scales_no_node_and_carries_the_expressions(scene, rigged, tmp_path):
    make(scene, rigged, "GODOT")
    data = write(tmp_path, "GODOT").read_bytes()
    content = json.loads(data[20 : 20 + struct.unpack("<I", data[12:16])[0]])
    assert not any("scale" in node and not np.allclose(node["scale"], 1, atol=1e-4) for node in content["nodes"])
    assert content["meshes"][0]["extras"]["targetNames"] == list(rigged.shape_keys.names)


def test_a_print_is_in_millimetres_and_stands(scene, rigged, tmp_path):
    make(scene, rigged, "PRINT")
    data = write(tmp_path, "PRINT").read_bytes()
    count = struct.unpack("<I", data[80:84])[0]
    facets = np.frombuffer(data[84:], np.dtype([("points", "<f4", (4, 3)), ("attribute", "<u2")]), count)
    points = facets["points"][:, 1:].reshape(-1, 3)
    assert np.ptp(points[:, 2]) == pytest.approx(programs.PRINT_HEIGHT_MM, rel=1e-4)


def test_an_obj_is_y_up_with_colours(scene, rigged, tmp_path):
    make(scene, dataclasses.replace(rigged, texture=None), "SCULPT")
    lines = write(tmp_path, "SCULPT").read_text().splitlines()
    points = np.array([line.split()[1:] for line in lines if line.startswith("v ")], float)
    assert points.shape[1] == 6 and np.ptp(points[:, 1]) == pytest.approx(np.ptp(rigged.vertices[:, 2]), abs=1e-3)


@pytest.mark.parametrize("program", ["UNREAL", "GODOT"])
def test_a_movement_is_as_long_in_the_file(scene, rigged, tmp_path, program):
    person = make(scene, rigged, program)
    hips = next(bone for bone in person.armature.pose.bones if bone.bone.get("pifu_bone") == "hips")
    for frame, shift in ((1, 0.0), (11, 0.5)):
        hips.location = hips.bone.matrix_local.to_3x3().inverted() @ Vector((0, -shift, 0))
        hips.keyframe_insert("location", frame=frame)
    name = hips.name
    theirs = read(write(tmp_path, program))
    places = []
    for frame in (1, 11):
        bpy.context.scene.frame_set(frame)
        pose = theirs.armature.pose.bones[name]
        places.append(np.array(theirs.armature.matrix_world @ pose.head))
    moved = places[1] - places[0]
    assert np.allclose(moved, (0, -0.5, 0), atol=0.03 if program == "UNREAL" else 0.01), moved


@pytest.mark.parametrize("program", [program.identifier for program in programs.PROGRAMS if program.format != "VRM"])
def test_the_scene_stays_as_it_was(scene, rigged, tmp_path, program, contents):
    person = make(scene, rigged, program)
    person.root.location = (3, 2, 1)
    bpy.context.view_layer.update()
    before, points = contents(), coordinates(person.body.data)
    write(tmp_path, program)
    assert contents() == before
    assert np.array_equal(coordinates(person.body.data), points) and person.root.location == Vector((3, 2, 1))
    assert bpy.context.scene == scene and bpy.context.view_layer.objects.active == person.body


def test_a_vrm_has_every_bone_of_its_humanoid(scene, rigged, tmp_path, contents):
    pytest.importorskip("io_scene_vrm")
    bpy.ops.preferences.addon_enable(module="io_scene_vrm")
    try:
        make(scene, rigged, "VRM")
        bpy.ops.pifu.repose(pose="T")
        before = contents()
        data = write(tmp_path, "VRM").read_bytes()
        assert contents() == before and bpy.context.window.scene == scene
    finally:
        bpy.ops.preferences.addon_disable(module="io_scene_vrm")
    content = json.loads(data[20 : 20 + struct.unpack("<I", data[12:16])[0]])
    bones = content["extensions"]["VRMC_vrm"]["humanoid"]["humanBones"]
    deforming = {content["nodes"][joint]["name"] for joint in content["skins"][0]["joints"]}
    assert {content["nodes"][bone["node"]]["name"] for bone in bones.values()} >= deforming - {"root"}
    assert {"hips", "head", "leftHand", "rightFoot", "leftThumbMetacarpal"} <= set(bones)


@pytest.mark.parametrize(("program", "module"), [("UNREAL", "io_scene_fbx"), ("GODOT", "io_scene_gltf2")])
def test_an_exporter_that_the_artist_has_off_is_off_again(scene, rigged, tmp_path, program, module):
    make(scene, rigged, program)
    for on in (False, True):
        switch = bpy.ops.preferences.addon_enable if on else bpy.ops.preferences.addon_disable
        switch(module=module)
        write(tmp_path, program).unlink()
        assert addon_utils.check(module) == (on, on)


def test_without_the_vrm_add_on_it_is_told_where_to_get_it(scene, rigged, tmp_path, contents):
    make(scene, rigged, "VRM")
    before = contents()
    with pytest.raises(RuntimeError, match="Get Extensions"):
        bpy.ops.pifu.export(filepath=str(tmp_path / "Ann.vrm"))
    assert contents() == before and not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written_is_told_and_leaves_nothing(scene, rigged, tmp_path, contents):
    make(scene, rigged, "GODOT")
    before = contents()
    with pytest.raises(RuntimeError, match="cannot be written"):
        bpy.ops.pifu.export(filepath=str(tmp_path / "missing" / "Ann.glb"))
    (tmp_path / "Ann.glb").mkdir()
    with pytest.raises(RuntimeError, match="cannot be written"):
        bpy.ops.pifu.export(filepath=str(tmp_path / "Ann.glb"))
    assert contents() == before and [file.name for file in tmp_path.iterdir()] == ["Ann.glb"]


def test_a_picture_of_the_file_is_not_replaced(scene, rigged, tmp_path):
    make(scene, rigged, "GODOT")
    picture = bpy.data.images.new("Picture", 4, 4)
    picture.filepath_raw = str(tmp_path / "Ann.glb")
    (tmp_path / "Ann.glb").write_bytes(b"a picture")
    with pytest.raises(RuntimeError, match="would replace"):
        bpy.ops.pifu.export(filepath=str(tmp_path / "Ann.glb"))
    assert (tmp_path / "Ann.glb").read_bytes() == b"a picture"


def test_a_program_sets_the_choices_and_a_recipe_brings_them_back(scene, tmp_path, monkeypatch):
    monkeypatch.setattr(bpy.utils, "user_resource", lambda *_args, **_words: str(tmp_path))
    monkeypatch.setattr(PIFU_PT_recipes, "bl_label", PIFU_PT_recipes.bl_label)  # which becomes the recipe's name
    settings = scene.pifu
    settings.program = "UNREAL"
    assert (settings.topology, settings.bones, settings.pose, settings.skeleton) == ("GAME", "UNREAL", "A", True)
    settings.topology, settings.quality = "STANDARD", "FINE"
    assert settings.program == "UNREAL"
    assert bpy.ops.pifu.save_recipe(name="Mine") == {"FINISHED"}
    (recipe,) = tmp_path.rglob("*.py")
    settings.program, settings.quality = "PRINT", "DRAFT"
    assert (settings.topology, settings.texture, settings.skeleton) == ("PRINT", "NONE", False)
    bpy.utils.execfile(str(recipe))
    assert (settings.program, settings.topology, settings.quality) == ("UNREAL", "STANDARD", "FINE")
    assert settings.bones == "UNREAL" and settings.skeleton

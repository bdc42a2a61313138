# SPDX-License-Identifier: GPL-3.0-or-later
"""Normal and roughness maps: seen without doing anything, read back from .glb, and turned for programs that want it."""

import dataclasses
import io

import bpy
import numpy as np
import pytest
from PIL import Image

from blender_pifu.addon.checks.check import MeshMeasures
from blender_pifu.addon.checks.checks_surface import check_texture
from blender_pifu.addon.export.export import export
from blender_pifu.addon.export.programs import BY_IDENTIFIER
from blender_pifu.addon.person.human import Human
from blender_pifu.addon.person.mesh import build_mesh
from blender_pifu.addon.person.scene import add_human
from blender_pifu.engine.files.glb import glb_bytes
from blender_pifu.engine.layout.texture.tangents import tangent_frames
from blender_pifu.engine.surface.mesh import split_quads
from blender_pifu.result_file import Slots

NORMAL, ROUGH = (150, 60, 220), (255, 90, 0)


def plain_png(color):
    file = io.BytesIO()
    Image.new("RGB", (16, 16), color).save(file, "png")
    return file.getvalue()


@pytest.fixture
def mapped(rigged):
    maps = {"normal_png": plain_png(NORMAL), "roughness_png": plain_png(ROUGH)}
    return dataclasses.replace(rigged, texture=dataclasses.replace(rigged.texture, **maps))


def principled(body):
    (material,) = body.data.materials
    return next(node for node in material.node_tree.nodes if node.type == "BSDF_PRINCIPLED")


def test_each_slot_has_a_material_of_the_same_maps(scene, mapped):
    numbers = (np.arange(len(mapped.faces)) % 2).astype(np.uint8)
    person = dataclasses.replace(mapped, slots=Slots(("Skin", "Upper Garment"), numbers))
    body = add_human(bpy.context, scene, person, "Ann")
    found = np.empty(len(body.data.polygons), np.int32)
    body.data.polygons.foreach_get("material_index", found)
    assert np.array_equal(found, numbers)
    assert [material.name for material in body.data.materials] == ["Ann Skin", "Ann Upper Garment"]
    images = [[node.image for node in each.node_tree.nodes if node.type == "TEX_IMAGE"] for each in body.data.materials]
    assert images[0] == images[1] and len(set(images[0])) == 3
    person = Human(body, body.parent)
    lines = {line.id: line for line in check_texture(person, MeshMeasures(person))}
    assert lines["material"].value == "2 of 2"


def color_of(image):
    return np.round(np.array(image.pixels[:3]) * 255).astype(int)


def normal_image(body):
    turned = principled(body).inputs["Normal"].links[0].from_node
    assert turned.type == "NORMAL_MAP" and turned.space == "TANGENT"
    return turned.inputs["Color"].links[0].from_node.image


def roughness_image(body):
    parts = principled(body).inputs["Roughness"].links[0]
    assert parts.from_socket.name == "Green"
    return parts.from_node.inputs["Color"].links[0].from_node.image


def assert_mapped(body):
    normal, rough = normal_image(body), roughness_image(body)
    assert normal.colorspace_settings.name == rough.colorspace_settings.name == "Non-Color"
    assert (color_of(normal) == NORMAL).all() and color_of(rough)[1] == ROUGH[1]
    assert principled(body).inputs["Metallic"].default_value == 0 or principled(body).inputs["Metallic"].links


def test_material_has_the_maps_and_solid_shading_the_colours(scene, mapped):
    body = add_human(bpy.context, scene, mapped, "Ann")
    assert_mapped(body)
    active = body.data.materials[0].node_tree.nodes.active
    assert active.image == principled(body).inputs["Base Color"].links[0].from_node.image
    assert normal_image(body).name == "Ann Normal" and normal_image(body).packed_file


def test_blenders_importer_reads_the_maps_of_our_glb(scene, mapped, tmp_path):
    (tmp_path / "ann.glb").write_bytes(glb_bytes(mapped))
    bpy.ops.preferences.addon_enable(module="io_scene_gltf2")
    bpy.ops.import_scene.gltf(filepath=str(tmp_path / "ann.glb"))
    assert_mapped(bpy.data.objects["Human"])


def test_frames_are_those_that_blender_reads_the_map_by(scene, mapped):
    mesh = build_mesh(mapped, "Ann")
    mesh.calc_tangents(uvmap=mesh.uv_layers[0].name)
    _, corners = split_quads(mapped.faces)
    loops = (np.cumsum((mapped.faces >= 0).ravel()) - 1)[corners]
    frames = tangent_frames(mapped.vertices, mapped.faces, mapped.texture.uv)
    for name, ours in (("normal", frames.normals), ("tangent", frames.tangents)):
        theirs = np.empty(3 * len(mesh.loops), np.float32)
        mesh.loops.foreach_get(name, theirs)
        apart = np.degrees(np.arccos((theirs.reshape(-1, 3)[loops] * ours).sum(-1).clip(-1, 1)))
        assert np.median(apart) < 0.5 and np.quantile(apart, 0.9) < 5
    sign = np.empty(len(mesh.loops), np.float32)
    mesh.loops.foreach_get("bitangent_sign", sign)
    assert (sign[loops] == frames.sign[:, None]).mean() > 0.99


@pytest.mark.parametrize(("program", "green"), [("UNREAL", 256 - NORMAL[1]), ("UNITY", NORMAL[1])])
def test_green_points_down_in_what_unreal_gets(scene, mapped, tmp_path, program, green):
    body = add_human(bpy.context, scene, mapped, "Ann", "PLAIN")
    bpy.context.view_layer.update()
    images = set(bpy.data.images)
    path = export(bpy.context, Human(body, body.parent), BY_IDENTIFIER[program], tmp_path / "ann.fbx")
    assert set(bpy.data.images) == images and (color_of(normal_image(body)) == NORMAL).all()
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    bpy.ops.import_scene.fbx(filepath=str(path))
    other = next(thing for thing in bpy.data.objects if thing.type == "MESH")
    assert np.abs(color_of(normal_image(other)) - (NORMAL[0], green, NORMAL[2])).max() <= 1


def test_what_godot_gets_has_both_maps(scene, mapped, tmp_path):
    body = add_human(bpy.context, scene, mapped, "Ann", "PLAIN")
    bpy.context.view_layer.update()
    path = export(bpy.context, Human(body, body.parent), BY_IDENTIFIER["GODOT"], tmp_path / "ann.glb")
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    bpy.ops.import_scene.gltf(filepath=str(path))
    assert_mapped(next(thing for thing in bpy.data.objects if thing.type == "MESH" and thing.vertex_groups))

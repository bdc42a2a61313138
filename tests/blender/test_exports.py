# SPDX-License-Identifier: GPL-3.0-or-later
"""A rigged, textured person survives glTF, FBX and USD: vertices, bones, weights and texture come back the same."""

import bpy
import numpy as np
import pytest
from mathutils.kdtree import KDTree

from blender_pifu.addon.checks.checks_surface import base_image
from blender_pifu.addon.person.human import Human, armature_of, coordinates, group_weights
from blender_pifu.addon.person.scene import add_human


def glb(path):
    bpy.ops.preferences.addon_enable(module="io_scene_gltf2")
    bpy.ops.export_scene.gltf(filepath=str(path), export_format="GLB", use_selection=True)
    return lambda: bpy.ops.import_scene.gltf(filepath=str(path))


def fbx(path):
    bpy.ops.preferences.addon_enable(module="io_scene_fbx")
    bpy.ops.export_scene.fbx(
        filepath=str(path), use_selection=True, add_leaf_bones=False, path_mode="COPY", embed_textures=True
    )
    return lambda: bpy.ops.import_scene.fbx(filepath=str(path))


def usd(path):
    bpy.ops.wm.usd_export(filepath=str(path), selected_objects_only=True, export_armatures=True)
    return lambda: bpy.ops.wm.usd_import(filepath=str(path))


def world(person):
    matrix = np.array(person.body.matrix_world)
    return coordinates(person.body.data) @ matrix[:3, :3].T + matrix[:3, 3]


def weight_table(person, names):
    rows, groups, weights = group_weights(person.body)
    table = np.zeros((len(person.body.data.vertices), len(names)))
    column = np.array([names.get(group.name, -1) for group in person.body.vertex_groups])
    assert (weights[column[groups] < 0] < 1e-6).all(), "no weights of unknown bones"
    table[rows, column[groups]] = weights
    return table


def joint(person, bone):
    return np.array(person.armature.matrix_world @ person.armature.data.bones[bone].head_local)


def pixels(image):
    values = np.empty(4 * image.size[0] * image.size[1], np.float32)
    image.pixels.foreach_get(values)
    return values


@pytest.mark.parametrize(("write", "ending"), [(glb, "glb"), (fbx, "fbx"), (usd, "usdc")])
def test_what_is_exported_comes_back_the_same(scene, rigged, tmp_path, write, ending):
    body = add_human(bpy.context, scene, rigged, "Ann", "PLAIN")
    bpy.context.view_layer.update()
    mine = Human(body, body.parent)
    names = {bone.name: index for index, bone in enumerate(mine.armature.data.bones)}
    joints, points, weights = {name: joint(mine, name) for name in names}, world(mine), weight_table(mine, names)
    picture = pixels(base_image(mine))
    read = write(tmp_path / f"Ann.{ending}")
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    read()
    bpy.context.view_layer.update()
    other = next(thing for thing in bpy.data.objects if thing.type == "MESH" and thing.vertex_groups)
    theirs = Human(other, armature_of(other))

    # Importers may split vertices at the seams of the texture, and rename what their format does not allow.
    again = world(theirs)
    tree = KDTree(len(points))
    for index, point in enumerate(points):
        tree.insert(point, index)
    tree.balance()
    found = [tree.find(point) for point in again]
    assert max(distance for _, _, distance in found) < 1e-4
    index = np.array([index for _, index, _ in found])
    assert len(np.unique(index)) == len(points)
    renamed = {bone.name: names[plain(bone.name)] for bone in theirs.armature.data.bones if plain(bone.name) in names}
    assert len(renamed) == len(names)
    for name, column in renamed.items():
        assert np.linalg.norm(joint(theirs, name) - joints[list(names)[column]]) < 1e-4, name
    assert np.abs(weight_table(theirs, renamed) - weights[index]).max() < 1e-3
    again = pixels(base_image(theirs))
    assert again.shape == picture.shape and np.abs(again - picture).max() < 1 / 255


def plain(name):
    """USD has no points in names."""
    return f"{name[:-2]}.{name[-1]}" if name[-2:] in ("_L", "_R") else name

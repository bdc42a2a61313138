# SPDX-License-Identifier: GPL-3.0-or-later
"""What the command line writes comes into Blender as the panel brings it, by each format's importer as it is set."""

import bpy
import numpy as np
import pytest

from blender_pifu.addon.person.human import coordinates
from blender_pifu.addon.person.scene import add_human
from blender_pifu.engine.files.result import write_result
from blender_pifu.result_file import read_result


def into_blender(path):
    """Import a file as a user does who changes no setting."""
    if path.suffix == ".glb":
        bpy.ops.preferences.addon_enable(module="io_scene_gltf2")
        bpy.ops.import_scene.gltf(filepath=str(path))
    elif path.suffix == ".npz":
        add_human(bpy.context, bpy.context.scene, read_result(path), "Ann")
    else:
        getattr(bpy.ops.wm, f"{path.suffix[1:]}_import")(filepath=str(path))
    bpy.context.view_layer.update()
    return next(thing for thing in bpy.data.objects if thing.type == "MESH" and len(thing.data.polygons) > 100)


def world(body):
    matrix = np.array(body.matrix_world)
    return coordinates(body.data) @ matrix[:3, :3].T + matrix[:3, 3]


@pytest.mark.parametrize("ending", [".npz", ".glb", ".obj", ".ply"])
def test_a_person_stands_on_the_ground_and_faces_the_front_view(scene, rigged, tmp_path, ending):
    path = tmp_path / f"an na{ending}"
    write_result(rigged, path)
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    body = into_blender(path)
    points = world(body)
    assert np.abs(points.min(0) - rigged.vertices.min(0)).max() < 1e-4
    assert np.abs(points.max(0) - rigged.vertices.max(0)).max() < 1e-4
    assert abs(points[:, 2].min()) < 1e-4 and np.ptp(points[:, 2]) == pytest.approx(rigged.summary.height_m)
    toes = points[points[:, 2] < 0.02]  # feet reach forward of the ankles
    ankles = points[(points[:, 2] > 0.1) & (points[:, 2] < 0.14)]
    assert toes[:, 1].min() < ankles[:, 1].min() - 0.05
    if ending == ".obj":  # a name with a space loses no texture
        (material,) = body.data.materials
        assert any(node.type == "TEX_IMAGE" and node.image.size[0] for node in material.node_tree.nodes)


def test_the_joints_of_a_glb_are_the_bones_that_the_panel_makes(scene, rigged, tmp_path):
    write_result(rigged, tmp_path / "Ann.glb")
    write_result(rigged, tmp_path / "Ann.npz")
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    mine = add_human(bpy.context, bpy.context.scene, read_result(tmp_path / "Ann.npz"), "Ann").parent
    before = set(bpy.data.objects)
    into_blender(tmp_path / "Ann.glb")
    (theirs,) = (thing for thing in set(bpy.data.objects) - before if thing.type == "ARMATURE")
    leaves = 0
    for bone in mine.data.bones:
        other = theirs.data.bones[bone.name]
        assert (theirs.matrix_world @ other.head_local - bone.head_local).length < 1e-4
        turned = (theirs.matrix_world.to_3x3() @ other.matrix_local.to_3x3()).inverted() @ bone.matrix_local.to_3x3()
        assert np.degrees(turned.to_quaternion().angle) < 1, bone.name
        if not bone.children:
            leaves += 1
            assert (theirs.matrix_world @ other.tail_local - bone.tail_local).length < 1e-4, bone.name
    assert leaves == 13 and len(theirs.data.bones) == len(mine.data.bones) + leaves
    # At rest the skin lies where it is, and a bone turned in both moves both alike.
    bodies = [next(child for child in armature.children if child.type == "MESH") for armature in (mine, theirs)]
    for armature in (mine, theirs):
        bone = armature.pose.bones["forearm.L"]
        bone.rotation_mode = "XYZ"
        bone.rotation_euler.x = 0.7
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    bent, also = (world(body.evaluated_get(graph)) for body in bodies)
    assert np.abs(bent.min(0) - also.min(0)).max() < 1e-3 and np.abs(bent.max(0) - also.max(0)).max() < 1e-3

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

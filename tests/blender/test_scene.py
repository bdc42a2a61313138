# SPDX-License-Identifier: GPL-3.0-or-later
"""Arrays become a native mesh with its colours, or nothing at all."""

import bpy
import numpy as np
import pytest

from blender_pifu.addon.person.scene import add_human
from blender_pifu.result_file import ResultError, read_result


def test_a_human_is_a_native_mesh_with_material_in_its_own_collection(scene, write_result):
    human = read_result(write_result())
    body = add_human(bpy.context, scene, human, "Ann")
    mesh = body.data
    assert (body.name, mesh.name) == ("Ann", "Ann")
    assert body.matrix_world == body.matrix_world.Identity(4)
    assert [collection.name for collection in body.users_collection] == ["Ann"]
    assert bpy.context.collection.children["Ann"]
    assert body.select_get() and bpy.context.view_layer.objects.active == body
    assert [other.name for other in bpy.context.selected_objects] == ["Ann"]
    assert len(mesh.vertices) == 4 and len(mesh.polygons) == 4 and len(mesh.edges) == 6
    assert np.allclose(mesh.vertices[3].co, (0, 0, 1))
    assert [tuple(polygon.vertices) for polygon in mesh.polygons] == [tuple(face) for face in human.faces]
    assert all(polygon.use_smooth for polygon in mesh.polygons)
    # In the middle of a tetrahedron that is outward.
    assert all(polygon.normal.dot(polygon.center - sum_of(mesh) / 4) > 0 for polygon in mesh.polygons)


def sum_of(mesh):
    from mathutils import Vector

    return sum((vertex.co for vertex in mesh.vertices), Vector())


def test_colours_are_the_photos(scene, write_result):
    human = read_result(write_result())
    mesh = add_human(bpy.context, scene, human, "Ann").data
    attribute = mesh.color_attributes.active_color
    assert (attribute.name, attribute.domain) == ("Color", "POINT")
    assert mesh.color_attributes.render_color_index == 0
    got = [tuple(round(value * 255) for value in item.color_srgb) for item in attribute.data]
    assert got == [(*color, 255) for color in human.colors.tolist()]
    (material,) = mesh.materials
    (link,) = material.node_tree.nodes["Principled BSDF"].inputs["Base Color"].links
    assert link.from_node.layer_name == "Color"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"vertices": np.zeros((4, 2), np.float32)}, "vertices of float32"),
        ({"vertices": np.zeros((4, 3), np.float64)}, "vertices of float64"),
        ({"vertices": np.full((4, 3), np.nan, np.float32)}, "nowhere"),
        ({"faces": np.array([[0, 1, 4]], np.int32)}, "do not exist"),
        ({"faces": np.array([[0, 1, -1]], np.int32)}, "do not exist"),
        ({"faces": np.zeros((0, 3), np.int32)}, "no faces"),
        ({"colors": np.zeros((3, 3), np.uint8)}, "colors of uint8"),
        ({"summary": np.array("{")}, "cannot be read"),
        ({"summary": np.array("[]")}, "no summary"),
        ({"summary": np.array({"a": object()}, dtype=object)}, "cannot be read"),
    ],
)
def test_a_wrong_result_is_refused_by_name(write_result, change, reason):
    with pytest.raises(ResultError, match=reason):
        read_result(write_result(**change))


def test_a_cut_off_or_missing_result_is_refused(write_result, tmp_path):
    path = write_result()
    data = path.read_bytes()
    for size in (0, 10, len(data) // 2, len(data) - 30):
        path.write_bytes(data[:size])
        with pytest.raises(ResultError, match=path.name):
            read_result(path)
    with pytest.raises(ResultError, match="no.npz"):
        read_result(tmp_path / "no.npz")


def test_a_mesh_that_blender_cannot_use_leaves_nothing(scene, write_result, contents):
    before = contents()
    human = read_result(write_result(faces=np.array([[0, 1, 1], [0, 1, 2]], np.int32)))
    with pytest.raises(ResultError, match="cannot use"):
        add_human(bpy.context, scene, human, "Ann")
    assert contents() == before


def test_a_failure_at_the_end_leaves_nothing(scene, write_result, contents):
    before = contents()

    class Gone:
        """A scene that was removed while the engine worked."""

        @property
        def collection(self):
            raise ReferenceError("StructRNA of type Scene has been removed")

    with pytest.raises(ReferenceError):
        add_human(bpy.context, Gone(), read_result(write_result()), "Ann")
    assert contents() == before


def test_another_scene_than_the_shown_one_gets_the_human_without_changing_the_selection(scene, write_result):
    other = bpy.data.scenes.new("Other")
    selected = list(bpy.context.selected_objects)
    body = add_human(bpy.context, other, read_result(write_result()), "Ann")
    assert body.name in other.objects and body.name not in scene.objects
    assert list(bpy.context.selected_objects) == selected

# SPDX-License-Identifier: GPL-3.0-or-later
"""Every criterion is measured: a good person passes, each thing that is broken is told, and its button mends it."""

import json
from dataclasses import replace

import bmesh
import bpy
import numpy as np
import pytest
from mathutils import Matrix

from blender_pifu.addon.person.armature import editing
from blender_pifu.addon.person.human import armature_of
from blender_pifu.addon.person.scene import add_human
from blender_pifu.result_file import Parts


def edit(body, change):
    mesh = bmesh.new()
    mesh.from_mesh(body.data)
    mesh.verts.ensure_lookup_table()
    mesh.faces.ensure_lookup_table()
    change(mesh)
    mesh.to_mesh(body.data)
    mesh.free()


def turn(body):
    for thing in (body, armature_of(body)):
        thing.data.transform(Matrix.Rotation(np.radians(70), 4, "Z"))


def other_group(body):
    body.vertex_groups.new(name="Seam").add((1, 2), 0.5, "REPLACE")


def too_many(body):
    for index in range(5):
        body.vertex_groups[index].add((7,), 0.2, "REPLACE")


def unload(body):
    for group in body.vertex_groups:
        group.remove((100, 101))


def bend(bone, degrees, axis=(1, 0, 0)):
    """Turn a bone of the rest pose, with all that hangs on it, about an axis; the mesh is moved along."""

    def change(body):
        armature = armature_of(body)
        pivot = armature.data.bones[bone].head_local.copy()
        turn = Matrix.Translation(pivot) @ Matrix.Rotation(np.radians(degrees), 4, axis) @ Matrix.Translation(-pivot)
        moved = {bone} | {child.name for child in armature.data.bones[bone].children_recursive}
        numbers = {body.vertex_groups[name].index for name in moved if name in body.vertex_groups}
        for vertex in body.data.vertices:
            share = sum(entry.weight for entry in vertex.groups if entry.group in numbers)
            vertex.co = vertex.co.lerp(turn @ vertex.co, min(share, 1.0))
        with editing(bpy.context, bpy.context.scene, armature) as bones:
            for name in moved:
                bones[name].matrix = turn @ bones[name].matrix

    return change


def place(body):
    armature_of(body).scale = (1.2, 1.2, 1.2)
    body.location.x = 0.1


def unpack(body):
    painted = bpy.data.images.new("Ann", 8, 8)
    painted.pixels[0] = 0.5
    body.data.materials[0].node_tree.nodes["Image Texture"].image = painted


BREAKS = {
    "height": lambda body: body.data.transform(Matrix.Scale(1.1, 4)),
    "ground": lambda body: body.data.transform(Matrix.Translation((0, 0, -0.2))),
    "facing": turn,
    "transforms": place,
    "pieces": lambda body: edit(body, lambda mesh: bmesh.ops.create_icosphere(mesh, subdivisions=1, radius=0.05)),
    "holes": lambda body: edit(body, lambda mesh: bmesh.ops.delete(mesh, geom=[mesh.faces[50]], context="FACES")),
    "flat": lambda body: edit(body, squash),
    "normals": lambda body: edit(body, lambda mesh: [face.normal_flip() for face in mesh.faces[:80]]),
    "groups": other_group,
    "idle": lambda body: body.vertex_groups.remove(body.vertex_groups["index_3.L"]),
    "unweighted": unload,
    "sums": lambda body: body.vertex_groups[0].add((5,), 0.7, "REPLACE"),
    "influences": too_many,
    "knees": bend("shin.L", -25),
    "sole_left": bend("foot.L", -25),
    "sole_right": bend("thigh.R", -70),
    "elbows": bend("forearm.R", 50, (1, 1, 0)),
    "uv_maps": lambda body: body.data.uv_layers.new(name="Second"),
    "texture": unpack,
    "names": lambda body: setattr(body, "name", "Thing"),
}


def squash(mesh):
    """A face whose corners lie on one point."""
    face = mesh.faces[60]
    for vertex in face.verts:
        vertex.co = face.verts[0].co


def lines(body):
    bpy.context.view_layer.objects.active = body
    assert bpy.ops.pifu.validate() == {"FINISHED"}
    report = bpy.context.window_manager.pifu_report
    return {line["id"]: line for line in json.loads(report.json)["lines"]}


def test_a_good_person_passes_but_for_what_cannot_be_mended(scene, rigged):
    found = lines(add_human(bpy.context, scene, rigged, "Ann"))
    # The naked synthetic body touches itself between its thighs and in its armpits.
    assert {name for name, line in found.items() if line["state"] != "OK"} <= {"crossing"}
    assert found["bones"]["measured"] == len(rigged.rig.names)
    assert found["height"]["measured"] == pytest.approx(rigged.summary.height_m, abs=1e-3)
    assert set(BREAKS) <= set(found), "all that can be broken here has a line"


@pytest.mark.parametrize("broken", BREAKS)
def test_what_is_broken_is_told_and_mended(scene, rigged, broken):
    body = add_human(bpy.context, scene, rigged, "Ann")
    BREAKS[broken](body)
    bpy.context.view_layer.update()
    line = lines(body)[broken]
    assert line["state"] != "OK" and line["fix"], line
    assert bpy.ops.pifu.fix(check=broken) == {"FINISHED"}
    found = lines(body)
    assert found[broken]["state"] == "OK", found[broken]
    if broken not in ("holes", "flat", "pieces"):
        assert len(body.data.vertices) == len(rigged.vertices)
    assert found["rest"]["state"] == "OK"


def test_mending_a_transform_keeps_everything_where_it_is_seen(scene, rigged):
    body = add_human(bpy.context, scene, rigged, "Ann")
    place(body)
    bpy.context.view_layer.update()
    seen = body.matrix_world @ body.data.vertices[99].co
    joint = body.parent.matrix_world @ body.parent.data.bones["hand.L"].head_local
    bpy.ops.pifu.fix(check="transforms")
    assert (body.data.vertices[99].co - seen).length < 1e-5
    assert (body.parent.data.bones["hand.L"].head_local - joint).length < 1e-5


def test_overlapping_and_stray_texture_coordinates_are_told(scene, rigged):
    uv = rigged.texture.uv.copy()
    uv[:200] = uv[200:400]
    uv[900] += 2
    found = lines(add_human(bpy.context, scene, replace(rigged, texture=replace(rigged.texture, uv=uv)), "Ann"))
    assert found["uv_overlaps"]["state"] == found["uv_inside"]["state"] == "ERROR"
    assert found["uv_overlaps"]["measured"] == pytest.approx(200 / len(uv), rel=0.2)


def test_quads_and_face_counts_are_those_of_the_preset(scene, rigged):
    triangles = rigged.faces.copy()
    triangles[: len(triangles) // 10, 3] = -1
    summary = replace(rigged.summary, topology="game")
    found = lines(add_human(bpy.context, scene, replace(rigged, faces=triangles, summary=summary), "Ann"))
    assert found["quads"]["state"] == "ERROR" and found["quads"]["measured"] == pytest.approx(0.9, abs=1e-3)
    assert found["count"]["state"] == "WARNING" and found["count"]["measured"] == len(triangles)


def with_an_eye(person):
    """The same with a cube in its head as a piece of its own."""
    corners = np.array([(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)], np.float32)
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    place = person.rig.heads[person.rig.names.index("head")] + 0.02 * corners
    bones, weights = np.zeros((8, 4), np.int32), np.eye(1, 4, dtype=np.float32).repeat(8, 0)
    bones[:, 0] = person.rig.names.index("head")
    rig, keys = person.rig, person.shape_keys
    return replace(
        person,
        vertices=np.concatenate([person.vertices, place.astype(np.float32)]),
        faces=np.concatenate([person.faces, np.array(quads, np.int32) + len(person.vertices)]),
        normals=np.concatenate([person.normals, np.eye(1, 3, dtype=np.float32).repeat(8, 0)]),
        colors=np.concatenate([person.colors, np.zeros((8, 3), np.uint8)]),
        texture=replace(person.texture, uv=np.concatenate([person.texture.uv, np.zeros((6, 4, 2), np.float32)])),
        rig=replace(rig, weight_bones=np.concatenate([rig.weight_bones, bones]),
                    weights=np.concatenate([rig.weights, weights])),
        shape_keys=replace(keys, offsets=np.concatenate([keys.offsets, np.zeros((len(keys.names), 8, 3))], 1)),
        parts=Parts(("left eye",), np.repeat([0, 1], [len(person.faces), 6]).astype(np.uint8)),
    )  # fmt: skip


def test_what_lies_within_the_head_is_no_loose_piece(scene, rigged):
    body = add_human(bpy.context, scene, with_an_eye(rigged), "Ann")
    assert lines(body)["pieces"]["state"] == "OK"
    BREAKS["pieces"](body)
    assert lines(body)["pieces"]["state"] == "ERROR"
    assert bpy.ops.pifu.fix(check="pieces") == {"FINISHED"}
    assert lines(body)["pieces"]["state"] == "OK"
    assert len(body.data.vertices) == len(rigged.vertices) + 8
    values = np.empty(len(body.data.polygons), np.int8)
    body.data.attributes["head_part"].data.foreach_get("value", values)
    assert (values == 1).sum() == 6


def test_a_statue_is_told_from_a_rigged_person(scene, write_result):
    from blender_pifu.result_file import read_result

    found = lines(add_human(bpy.context, scene, read_result(write_result()), "Ann"))
    assert found["bones"]["state"] == "WARNING" and "rest" not in found
    assert found["texture"]["state"] == "WARNING"


def test_it_wants_a_person_and_writes_the_report_where_asked(scene, rigged, tmp_path):
    assert not bpy.ops.pifu.validate.poll()
    body = add_human(bpy.context, scene, rigged, "Ann")
    bpy.context.view_layer.objects.active = body.parent
    bpy.ops.pifu.validate(filepath=str(tmp_path / "report.json"))
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["name"], report["state"]) == ("Ann", bpy.context.window_manager.pifu_report.state)
    with pytest.raises(RuntimeError, match="cannot be written"):
        bpy.ops.pifu.validate(filepath=str(tmp_path / "none" / "report.json"))
    picture = tmp_path / "photo.png"
    picture.write_bytes(rigged.texture.png)
    scene.pifu.photo = bpy.data.images.load(str(picture))
    with pytest.raises(RuntimeError, match="would replace"):
        bpy.ops.pifu.validate(filepath=str(picture))
    assert picture.read_bytes() == rigged.texture.png
    with pytest.raises(RuntimeError, match="Nothing mends"):
        bpy.ops.pifu.fix(check="crossing")

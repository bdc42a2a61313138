# SPDX-License-Identifier: GPL-3.0-or-later
"""Result files: every format holds the mesh as the artist is told, and nothing half written is left."""

import io
import json
import os
from dataclasses import replace

import numpy as np
import pytest
import trimesh
from PIL import Image
from scipy.spatial.transform import Rotation

from blender_pifu.engine.errors import InputError
from blender_pifu.engine.files.result import write_result
from blender_pifu.engine.files.writable import check_output
from blender_pifu.engine.surface.mesh import check_mesh, split_quads
from blender_pifu.result_file import (
    FORMAT,
    Motion,
    Reconstruction,
    ResultError,
    Rig,
    ShapeKeys,
    Slots,
    Summary,
    Texture,
    motion_bytes,
    read_motion,
    read_result,
)

VERTICES = np.array([[-0.5, 0, 0], [0.5, 0, 0], [0, -0.25, 0], [0, 0, 1.7]], np.float32)
FACES = np.array([[0, 1, 2], [0, 3, 1], [1, 3, 2], [2, 3, 0]], np.int32)
COLORS = np.array([[255, 0, 0], [0, 255, 0], [10, 20, 30], [128, 128, 128]], np.uint8)
NORMALS = VERTICES - VERTICES.mean(0)
NORMALS /= np.linalg.norm(NORMALS, axis=1, keepdims=True)


@pytest.fixture
def person():
    return Reconstruction(VERTICES, FACES, NORMALS, COLORS, Summary(vertices=4, weights="human", notes=("Nothing.",)))


def test_npz_holds_the_arrays_and_the_summary_without_pickles(person, tmp_path):
    write_result(person, tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz", allow_pickle=False) as data:
        assert np.array_equal(data["vertices"], VERTICES) and data["vertices"].dtype == np.float32
        assert np.array_equal(data["faces"], FACES) and data["faces"].dtype == np.int32
        assert np.array_equal(data["colors"], COLORS) and data["colors"].dtype == np.uint8
        assert np.array_equal(data["normals"], NORMALS)
        assert json.loads(str(data["summary"])) == person.summary.as_dict()
        assert data["format"] == FORMAT


@pytest.mark.parametrize(("ending", "axes"), [(".obj", [0, 2, 1]), (".ply", [0, 1, 2]), (".PLY", [0, 1, 2])])
def test_obj_is_y_up_and_ply_z_up_with_colours(person, tmp_path, ending, axes):
    write_result(person, tmp_path / f"out{ending}")
    mesh = trimesh.load(tmp_path / f"out{ending}", process=False)
    sign = [1, 1, -1] if ending == ".obj" else [1, 1, 1]
    assert np.allclose(mesh.vertices, VERTICES[:, axes] * sign, atol=1e-6)
    assert np.allclose(mesh.vertex_normals, NORMALS[:, axes] * sign, atol=1e-3)
    assert np.array_equal(mesh.faces, FACES)
    assert np.abs(mesh.visual.vertex_colors[:, :3].astype(int) - COLORS).max() <= 1


def test_glb_is_y_up_faces_the_viewer_and_has_linear_colours(person, tmp_path):
    write_result(person, tmp_path / "out.glb")
    data = (tmp_path / "out.glb").read_bytes()
    length = int.from_bytes(data[12:16], "little")
    tree = json.loads(data[20 : 20 + length])
    (primitive,) = tree["meshes"][0]["primitives"]
    assert {"POSITION", "NORMAL", "COLOR_0"} == set(primitive["attributes"])

    def array(index):
        accessor = tree["accessors"][index]
        view = tree["bufferViews"][accessor["bufferView"]]
        assert accessor["componentType"] == 5126
        start = 20 + length + 8 + view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        return np.frombuffer(data, "<f4", accessor["count"] * 3, start).reshape(-1, 3)

    assert np.allclose(array(primitive["attributes"]["POSITION"]), VERTICES[:, [0, 2, 1]] * [1, 1, -1], atol=1e-6)
    assert np.allclose(array(primitive["attributes"]["NORMAL"]), NORMALS[:, [0, 2, 1]] * [1, 1, -1], atol=1e-5)
    colors = array(primitive["attributes"]["COLOR_0"])
    assert np.allclose(colors[0], [1, 0, 0])
    assert np.allclose(colors[3], 0.2158605, atol=1e-4)


@pytest.fixture
def posable():
    """A cube's bottom and sides as quads, its lid as two triangles; every face has its own square of the texture."""
    corners = np.array([[x, y, z] for z in (0, 1) for y in (-0.5, 0.5) for x in (-0.5, 0.5)], np.float32)
    faces = [[0, 2, 3, 1], [0, 1, 5, 4], [1, 3, 7, 5], [3, 2, 6, 7], [2, 0, 4, 6], [4, 5, 7, -1], [4, 7, 6, -1]]
    square = np.array([[0, 0], [0.1, 0], [0.1, 0.1], [0, 0.1]], np.float32)
    uv = square + np.array([[index * 0.125, 0.5] for index in range(7)], np.float32)[:, None]
    image = io.BytesIO()
    Image.fromarray(np.arange(192, dtype=np.uint8).reshape(8, 8, 3)).save(image, "png")
    weights = np.zeros((8, 4), np.float32)
    weights[:, 0], weights[4:, 0], weights[4:, 1] = 1, 0.25, 0.75
    bones = np.zeros((8, 4), np.int32)
    bones[:, 1] = 1
    heads = np.array([[0, 0, 0], [0, 0, 0.5]], np.float32)
    rig = Rig(("hips", "spine"), np.array([-1, 0], np.int32), heads, heads + np.float32([0, 0, 0.5]), bones, weights)
    keys = ShapeKeys(("smile",), np.full((1, 8, 3), 0.125, np.float32), np.array([0.5], np.float32))
    normals = corners - corners.mean(0)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    colors = np.full((8, 3), 99, np.uint8)
    faces = np.array(faces, np.int32)
    return Reconstruction(corners, faces, normals, colors, Summary(), Texture(uv, image.getvalue()), rig, keys)


def test_quads_with_triangles_among_them_are_checked_as_they_are(posable):
    check = check_mesh(posable.faces)
    assert check.watertight and check.components == 1
    assert not check_mesh(posable.faces[1:]).watertight
    triangles, corners = split_quads(posable.faces)
    assert len(triangles) == 12 and check_mesh(triangles).watertight
    assert np.array_equal(posable.faces.ravel()[corners], triangles)


def test_npz_gives_back_texture_rig_and_shape_keys(posable, tmp_path):
    write_result(posable, tmp_path / "out.npz")
    back = read_result(tmp_path / "out.npz")
    assert np.array_equal(back.faces, posable.faces) and np.array_equal(back.texture.uv, posable.texture.uv)
    assert back.texture.png == posable.texture.png
    for name in ("names", "parents", "heads", "tails", "weight_bones", "weights"):
        assert np.array_equal(getattr(back.rig, name), getattr(posable.rig, name))
    assert back.shape_keys.names == ("smile",) and np.array_equal(back.shape_keys.offsets, posable.shape_keys.offsets)
    assert back.shape_keys.values == [0.5]


def test_npz_gives_back_the_maps_and_refuses_what_is_none(posable, tmp_path):
    png = posable.texture.png
    mapped = replace(posable, texture=replace(posable.texture, normal_png=png, roughness_png=png[:-1] + b"!"))
    write_result(mapped, tmp_path / "out.npz")
    back = read_result(tmp_path / "out.npz")
    assert (back.texture.normal_png, back.texture.roughness_png) == (png, png[:-1] + b"!")
    write_result(replace(mapped, texture=replace(mapped.texture, normal_png=b"none")), tmp_path / "out.npz")
    with pytest.raises(ResultError, match="normal map that is no PNG"):
        read_result(tmp_path / "out.npz")


@pytest.fixture
def moving(posable):
    """The same, of which the spine bows to the front by a quarter turn in a second, as the hips rise by 0.1 m."""
    half = np.linspace(0, np.pi / 4, 25)
    turns = np.zeros((25, 2, 4), np.float32)
    turns[:, 0, 0] = 1
    turns[:, 1, 0], turns[:, 1, 1] = np.cos(half), np.sin(half)
    hips = np.zeros((25, 3), np.float32)
    hips[:, 2] = np.linspace(0, 0.1, 25)
    seen, planted = np.arange(25) != 7, np.zeros((25, 2), bool)
    return replace(posable, motion=Motion("bow", 24.0, turns, hips, seen, planted, ("One was not seen.",)))


def test_npz_gives_back_the_motion_also_alone(moving, tmp_path):
    write_result(moving, tmp_path / "out.npz")
    (tmp_path / "alone.npz").write_bytes(motion_bytes(moving.motion, moving.rig.names))
    told = moving.motion
    for names, back in ((None, read_result(tmp_path / "out.npz").motion), read_motion(tmp_path / "alone.npz")):
        assert names in (None, moving.rig.names)
        assert (back.name, back.rate, back.notes) == (told.name, told.rate, told.notes)
        for name in ("turns", "hips", "seen", "planted"):
            assert np.array_equal(getattr(back, name), getattr(told, name))
    broken = replace(told, turns=2 * told.turns)
    (tmp_path / "alone.npz").write_bytes(motion_bytes(broken, moving.rig.names))
    with pytest.raises(ResultError, match="turns that are none"):
        read_motion(tmp_path / "alone.npz")


def test_glb_moves_its_joints(moving, tmp_path):
    write_result(moving, tmp_path / "out.glb")
    tree, array = opened(tmp_path / "out.glb")
    (animation,) = tree["animations"]
    assert animation["name"] == "bow"
    places, ends = {}, {}
    for channel in animation["channels"]:
        sampler = animation["samplers"][channel["sampler"]]
        times, values = array(sampler["input"]).ravel(), array(sampler["output"])
        assert len(times) == len(values) == 25 and times[0] == 0 and times[-1] == pytest.approx(1)
        ends[channel["target"]["node"], channel["target"]["path"]] = values[-1]
    hips, spine = tree["skins"][0]["joints"][:2]
    assert np.allclose(ends[hips, "translation"], [0, 0.1, 0])
    for node in (hips, spine):
        local = np.eye(4)
        local[:3, :3] = Rotation.from_quat(ends[node, "rotation"]).as_matrix()
        local[:3, 3] = ends.get((node, "translation"), tree["nodes"][node]["translation"])
        places[node] = places.get(hips, np.eye(4)) @ local
    end = places[spine] @ (0, 0.5, 0, 1)  # of the spine, which bowed towards the viewer
    assert np.allclose(end[:3], (0, 0.6, 0.5), atol=1e-5), "about +X up goes to -Y, which is +Z there"


def opened(path):
    """The tree of a .glb, and a function that gives the array of an accessor."""
    data = path.read_bytes()
    length = int.from_bytes(data[12:16], "little")
    tree = json.loads(data[20 : 20 + length])
    binary = data[28 + length :]

    def array(index):
        accessor = tree["accessors"][index]
        kind = {5126: "<f4", 5123: "<u2", 5125: "<u4"}[accessor["componentType"]]
        width = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}[accessor["type"]]
        start = tree["bufferViews"][accessor["bufferView"]]["byteOffset"]
        return np.frombuffer(binary, kind, accessor["count"] * width, start).reshape(-1, width)

    return tree, array


def test_glb_holds_texture_skin_and_expressions(posable, tmp_path):
    write_result(posable, tmp_path / "out.glb")
    tree, array = opened(tmp_path / "out.glb")
    data = (tmp_path / "out.glb").read_bytes()
    binary = data[28 + int.from_bytes(data[12:16], "little") :]
    (primitive,) = tree["meshes"][0]["primitives"]
    attributes = {name: array(index) for name, index in primitive["attributes"].items()}
    assert len(attributes["POSITION"]) == 5 * 4 + 2 * 3 and "COLOR_0" not in attributes
    picture = tree["bufferViews"][tree["images"][0]["bufferView"]]
    assert binary[picture["byteOffset"] :][: picture["byteLength"]] == posable.texture.png
    # v runs down in glTF; the first face's first corner lies at (0, 0.5) either way
    first = array(primitive["indices"])[0, 0]
    assert np.allclose(attributes["TEXCOORD_0"][first], [0, 0.5])
    assert np.allclose(attributes["POSITION"][first], [-0.5, 0, 0.5])
    assert np.isclose(attributes["TEXCOORD_0"][:, 1].min(), 0.4)
    assert tree["meshes"][0]["weights"] == [0.5]
    assert np.allclose(attributes["WEIGHTS_0"].sum(1), 1)
    raised = attributes["POSITION"][:, 1] > 0.5
    assert np.allclose(attributes["WEIGHTS_0"][raised, :2], [0.25, 0.75])
    assert np.array_equal(np.unique(attributes["JOINTS_0"][raised, :2], axis=0), [[0, 1]])
    bind = array(tree["skins"][0]["inverseBindMatrices"]).reshape(-1, 4, 4)
    assert np.allclose(bind[1, 3], [0, -0.5, 0, 1])
    spine, end = (tree["nodes"][tree["skins"][0]["joints"][index]] for index in (1, 2))
    assert spine["name"] == "spine" and np.allclose(spine["translation"], [0, 0.5, 0])
    assert end["name"] == "spine_end" and np.allclose(end["translation"], [0, 0.5, 0])
    assert tree["nodes"][spine["children"][0]] == end
    assert np.allclose(array(primitive["targets"][0]["POSITION"]), [0.125, 0.125, -0.125])
    loaded = trimesh.load(tmp_path / "out.glb", force="mesh", process=False)
    assert loaded.visual.material.baseColorTexture.size == (8, 8)


def test_obj_brings_material_and_picture_and_ply_keeps_quads(posable, tmp_path):
    write_result(posable, tmp_path / "out.obj")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.mtl", "out.obj", "out.png"]
    mesh = trimesh.load(tmp_path / "out.obj", process=False)
    assert mesh.visual.material.image.size == (8, 8) and len(mesh.faces) == 12
    lines = (tmp_path / "out.obj").read_text().splitlines()
    assert sum(line.startswith("f ") and len(line.split()) == 5 for line in lines) == 5
    write_result(posable, tmp_path / "out.ply")
    header, body = (tmp_path / "out.ply").read_bytes().split(b"end_header\n")
    assert b"element face 7\n" in header
    faces = body[8 * (6 * 4 + 4) :]  # trimesh cannot read triangles among quads
    assert len(faces) == 5 * 17 + 2 * 13
    assert np.array_equal(np.frombuffer(faces[1:17], "<i4"), posable.faces[0]) and faces[5 * 17] == 3


@pytest.fixture
def slotted(posable):
    numbers = np.arange(len(posable.faces), dtype=np.uint8) % 2
    return replace(posable, slots=Slots(("Skin", "Upper Garment"), numbers))


def test_npz_gives_back_material_slots_and_refuses_what_are_none(slotted, tmp_path):
    write_result(slotted, tmp_path / "out.npz")
    slots = read_result(tmp_path / "out.npz").slots
    assert slots is not None and slots.names == slotted.slots.names
    assert np.array_equal(slots.faces, slotted.slots.faces)
    wrong = replace(slotted, slots=Slots(("Skin",), slotted.slots.faces))
    write_result(wrong, tmp_path / "wrong.npz")
    with pytest.raises(ResultError, match="material slots"):
        read_result(tmp_path / "wrong.npz")


@pytest.mark.parametrize("ending", [".glb", ".obj"])
def test_readers_find_a_material_a_slot(slotted, tmp_path, ending):
    write_result(slotted, tmp_path / f"out{ending}")
    scene = trimesh.load(tmp_path / f"out{ending}", process=False, force="scene")
    found = {mesh.visual.material.name: mesh for mesh in scene.geometry.values()}
    triangles, corners = split_quads(slotted.faces)
    mine = slotted.slots.faces[corners[:, 0] // slotted.faces.shape[1]]
    for slot, name in enumerate(slotted.slots.names):
        mesh = found[name if ending == ".glb" else name.replace(" ", "_")]
        assert len(mesh.faces) == (mine == slot).sum()
        picture = mesh.visual.material.baseColorTexture if ending == ".glb" else mesh.visual.material.image
        assert picture is not None
        corners_of = slotted.vertices[triangles[mine == slot]].reshape(-1, 3)[:, [0, 2, 1]] * [1, 1, -1]
        assert np.abs(np.sort(mesh.triangles.reshape(-1, 3), 0) - np.sort(corners_of, 0)).max() < 1e-5
    if ending == ".glb":
        data = (tmp_path / "out.glb").read_bytes()
        tree = json.loads(data[20 : 20 + int.from_bytes(data[12:16], "little")])
        parts = tree["meshes"][0]["primitives"]
        assert len(tree["images"]) == 1 and len({part["attributes"]["POSITION"] for part in parts}) == 1
        assert all(part["targets"] == parts[0]["targets"] for part in parts)


@pytest.mark.parametrize("name", ["out", "out.stl", "missing/out.glb", "file/out.glb", "folder.glb"])
def test_what_cannot_be_written_is_said_before_the_work(tmp_path, name):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.glb").mkdir()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError) as caught:
        check_output(tmp_path / name)
    assert caught.value.fix
    assert sorted(tmp_path.rglob("*")) == before


def test_a_failed_write_keeps_the_old_file_and_leaves_nothing_beside_it(person, tmp_path):
    target = tmp_path / "out.npz"
    target.write_bytes(b"old")
    broken = Reconstruction(VERTICES, FACES, NORMALS, COLORS, Summary(seconds={"not": {"fit", "for", "JSON"}}))
    with pytest.raises(TypeError):
        write_result(broken, target)
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.npz"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_disk_is_told_plainly(person, tmp_path, monkeypatch):
    # The file beside the result lands on the full device.
    (tmp_path / f".new-{os.getpid()}-0").symlink_to("/dev/full")
    with pytest.raises(InputError, match="No space left"):
        write_result(person, tmp_path / "out.npz")
    assert list(tmp_path.iterdir()) == []

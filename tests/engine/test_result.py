# SPDX-License-Identifier: GPL-3.0-or-later
"""Result files: every format holds the mesh as the artist is told, and nothing half written is left."""

import json
import os

import numpy as np
import pytest
import trimesh

from blender_pifu.engine.errors import InputError
from blender_pifu.engine.result import Reconstruction, check_output, write_result

VERTICES = np.array([[-0.5, 0, 0], [0.5, 0, 0], [0, -0.25, 0], [0, 0, 1.7]], np.float32)
FACES = np.array([[0, 1, 2], [0, 3, 1], [1, 3, 2], [2, 3, 0]], np.int32)
COLORS = np.array([[255, 0, 0], [0, 255, 0], [10, 20, 30], [128, 128, 128]], np.uint8)
NORMALS = VERTICES - VERTICES.mean(0)
NORMALS /= np.linalg.norm(NORMALS, axis=1, keepdims=True)


@pytest.fixture
def person():
    return Reconstruction(VERTICES, FACES, NORMALS, COLORS, {"vertices": 4, "weights": "human"})


def test_npz_holds_the_arrays_and_the_summary_without_pickles(person, tmp_path):
    write_result(person, tmp_path / "out.npz")
    with np.load(tmp_path / "out.npz", allow_pickle=False) as data:
        assert np.array_equal(data["vertices"], VERTICES) and data["vertices"].dtype == np.float32
        assert np.array_equal(data["faces"], FACES) and data["faces"].dtype == np.int32
        assert np.array_equal(data["colors"], COLORS) and data["colors"].dtype == np.uint8
        assert np.array_equal(data["normals"], NORMALS)
        assert json.loads(str(data["summary"])) == person.summary


@pytest.mark.parametrize("ending", [".obj", ".ply", ".PLY"])
def test_obj_and_ply_are_z_up_with_colours(person, tmp_path, ending):
    write_result(person, tmp_path / f"out{ending}")
    mesh = trimesh.load(tmp_path / f"out{ending}", process=False)
    assert np.allclose(mesh.vertices, VERTICES, atol=1e-6)
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
    broken = Reconstruction(VERTICES, FACES, NORMALS, COLORS, {"not": {"fit", "for", "JSON"}})
    with pytest.raises(TypeError):
        write_result(broken, target)
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["out.npz"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_disk_is_told_plainly(person, tmp_path, monkeypatch):
    # The file beside the result lands on the full device.
    (tmp_path / f".out-{os.getpid()}.npz").symlink_to("/dev/full")
    with pytest.raises(InputError, match="No space left"):
        write_result(person, tmp_path / "out.npz")
    assert list(tmp_path.iterdir()) == []

# SPDX-License-Identifier: GPL-3.0-or-later
"""Each recipe's file as programs find it that share nothing with Blender: height, axes, bones, weights, expressions,
maps; of a person with eyes, teeth and tongue wherever the recipe has a skeleton."""

import dataclasses
import io

import bpy
import numpy as np
import pytest
import trimesh
from PIL import Image
from readers import foreign
from readers.vrm_humanoid import humanoid
from scipy.spatial import cKDTree

from blender_pifu.addon.export import programs
from blender_pifu.addon.person.armature import KIND, ROLE
from blender_pifu.addon.person.human import Human, coordinates, group_weights
from blender_pifu.addon.person.scene import add_human
from blender_pifu.addon.posing.face import keys_of
from helpers.head_with_parts import with_head_parts

NORMAL_RGB, ROUGHNESS_RGB = (150, 60, 220), (255, 90, 0)


@dataclasses.dataclass(frozen=True)
class Wanted:
    """The person of the scene as every reader must find it: `points`, `uv` and `weights` of corners, `bones` in the
    order of the columns, `heads`, `parents`, `roles` bone -> canonical bone; `plain`: corners whose bones go along;
    `moves`: expression -> by how much it moves what it moves most."""

    points: np.ndarray
    uv: np.ndarray
    weights: np.ndarray
    bones: list
    heads: dict
    parents: dict
    roles: dict
    plain: np.ndarray
    moves: dict


@pytest.fixture
def write(scene, rigged, tmp_path):
    """A function that makes a person by a program's recipe; returns (its file, what is wanted of it)."""

    def make(program):
        scene.pifu.program = program
        recipe = programs.BY_IDENTIFIER[program]
        maps = {"normal_png": _png(NORMAL_RGB), "roughness_png": _png(ROUGHNESS_RGB)}
        texture = None if recipe.texture == "NONE" else dataclasses.replace(rigged.texture, **maps)
        result = dataclasses.replace(rigged, texture=texture)
        result = with_head_parts(result) if recipe.skeleton else dataclasses.replace(result, rig=None)
        body = add_human(bpy.context, scene, result, "Ann", scene.pifu.bones, scene.pifu.controls)
        bpy.context.view_layer.update()
        if recipe.skeleton and recipe.pose in "AT":
            bpy.ops.pifu.repose(pose=recipe.pose)
        wanted = _wanted(Human(body, body.parent)) if recipe.skeleton else None
        assert bpy.ops.pifu.export(filepath=str(tmp_path / "Ann")) == {"FINISHED"}
        (file,) = tmp_path.iterdir()
        return file, wanted

    return make


def _png(color):
    file = io.BytesIO()
    Image.new("RGB", (16, 16), color).save(file, "png")
    return file.getvalue()


def _wanted(person):
    mesh, armature = person.body.data, person.armature
    corners = np.empty(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("vertex_index", corners)
    uv = np.empty(2 * len(mesh.loops), np.float32)
    mesh.uv_layers[0].uv.foreach_get("vector", uv)
    bones = [bone.name for bone in armature.data.bones]
    rows, groups, shares = group_weights(person.body)
    column = np.array([bones.index(group.name) for group in person.body.vertex_groups])
    weights = np.zeros((len(mesh.vertices), len(bones)))
    weights[rows, column[groups]] = shares
    return Wanted(
        points=coordinates(mesh)[corners],
        uv=uv.reshape(-1, 2),
        weights=weights[corners],
        bones=bones,
        heads={bone.name: np.array(bone.head_local) for bone in armature.data.bones},
        parents={bone.name: bone.parent.name if bone.parent else None for bone in armature.data.bones},
        roles={bone.name: bone[ROLE] for bone in armature.data.bones if ROLE in bone and KIND not in bone},
        plain=~weights[corners][:, [bone.get(KIND) == "help" for bone in armature.data.bones]].any(1),
        moves={key.name: _reach(key, coordinates(mesh)) for key in keys_of(person)},
    )


def _reach(key, rest):
    moved = np.empty(rest.size, np.float32)
    key.data.foreach_get("co", moved)
    return np.linalg.norm(moved.reshape(-1, 3) - rest, axis=1).max()


def assert_same(found, wanted, within=1e-4):
    """Height, ground, front, bones, weights and expressions are those of the scene, places `within` metres."""
    top, ground = found.points[:, 2].max(), found.points[:, 2].min()
    assert top == pytest.approx(wanted.points[:, 2].max(), abs=2e-3) and ground == pytest.approx(0, abs=2e-3)
    apart, corner = cKDTree(wanted.uv).query(found.uv)
    assert apart.max() < 1e-3 and cKDTree(found.uv).query(wanted.uv)[0].max() < 1e-3, "all is there, and nothing else"
    assert np.abs(found.points - wanted.points[corner]).max() < within

    names = {name.replace(".", "_"): name for name in wanted.bones}  # OpenUSD has no points in names
    known = {name: names[name.replace(".", "_")] for name in found.heads if name.replace(".", "_") in names}
    plain = wanted.plain[corner]
    hang = {name for name, share in zip(wanted.bones, wanted.weights[wanted.plain].T, strict=True) if share.any()}
    assert hang <= set(known.values())
    for theirs, mine in known.items():
        assert np.abs(found.heads[theirs] - wanted.heads[mine]).max() < within, mine
        assert known.get(found.parents[theirs]) == wanted.parents[mine]
    weights = np.zeros((len(corner), len(wanted.bones)))
    for column, theirs in enumerate(found.heads):
        if theirs in known:
            weights[:, wanted.bones.index(known[theirs])] = found.weights[:, column]
    assert np.abs(weights.sum(1) - 1).max() < 1e-3
    assert np.abs(weights - wanted.weights[corner])[plain].max() < 1e-3
    named = set(found.moves) != set(map(str, range(52)))  # FBX2glTF writes no names
    moves = wanted.moves if named else dict(zip(map(str, range(52)), wanted.moves.values(), strict=True))
    assert len(found.moves) == 52 and found.moves == pytest.approx(moves, abs=1e-4)


def assert_mapped(found, color, normal, roughness="", green=NORMAL_RGB[1]):
    """The picture is the person's, and the maps are what the recipe has; "" where the format has none."""
    assert found.maps[color].shape[:2] == (64, 64)
    assert np.abs(found.maps[normal][8, 8, :3] - np.array([NORMAL_RGB[0], green, NORMAL_RGB[2]], int)).max() <= 1
    assert set(found.maps) == {color, normal, roughness} - {""}
    if roughness:
        assert abs(int(found.maps[roughness][8, 8, 1]) - ROUGHNESS_RGB[1]) <= 1


@pytest.mark.parametrize("program", ["UNREAL", "UNITY", "MIXAMO"])
def test_autodesks_library_and_three_js_find_the_person_of_an_fbx(write, tmp_path_factory, program):
    file, wanted = write(program)
    green = 256 - NORMAL_RGB[1] if program == "UNREAL" else NORMAL_RGB[1]
    readings = [foreign.by_three_js(file, 0.01), foreign.by_autodesk(file, tmp_path_factory.mktemp("read"))]
    for found in readings:
        assert_same(found, wanted)
        assert_mapped(found, "map", "normalMap", green=green)
        assert np.allclose(found.raw["scales"], 1, atol=1e-4)
    assert readings[0].raw["unitScaleFactor"] == 1  # centimetres


@pytest.mark.parametrize("program", ["BLENDER", "GODOT"])
def test_three_js_finds_the_person_of_a_glb_in_which_khronos_validator_finds_no_error(write, program):
    file, wanted = write(program)
    found = foreign.by_three_js(file, 1.0)
    assert_same(found, wanted)
    assert_mapped(found, "map", "normalMap", "roughnessMap")
    issues = foreign.by_khronos(file)
    assert issues["numErrors"] == 0, issues
    assert {issue["code"] for issue in issues["messages"]} <= {
        "MESH_PRIMITIVE_GENERATED_TANGENT_SPACE",  # MikkTSpace's, as the map is made for
        "NODE_SKINNED_MESH_NON_ROOT",
    }


def test_three_vrm_finds_the_humanoid_of_a_vrm(write):
    pytest.importorskip("io_scene_vrm")
    bpy.ops.preferences.addon_enable(module="io_scene_vrm")
    try:
        file, wanted = write("VRM")
    finally:
        bpy.ops.preferences.addon_disable(module="io_scene_vrm")
    found = foreign.by_three_js(file, 1.0)
    assert_same(found, wanted, within=0.1)  # the add-on straightens arms and bent fingers
    assert_mapped(found, "map", "normalMap", "roughnessMap")
    assert len(found.raw["humanoid"]) == 52
    assert found.raw["humanoid"] == {humanoid(role): bone for bone, role in wanted.roles.items()}
    assert foreign.by_khronos(file)["numErrors"] == 0


def test_openusd_finds_the_person_of_a_film(write):
    file, wanted = write("FILM")
    found = foreign.by_openusd(file)
    assert_same(found, wanted)
    assert_mapped(found, "diffuseColor", "normal", "roughness")
    assert found.raw["errors"] == []


def test_trimesh_finds_a_closed_figure_in_millimetres(write, rigged):
    file, _ = write("PRINT")
    found = trimesh.load(file)
    assert found.extents[2] == pytest.approx(programs.PRINT_HEIGHT_MM, rel=1e-4)
    assert found.bounds[0][2] == pytest.approx(0, abs=1e-3)
    assert found.is_watertight and found.volume > 0
    scale = programs.PRINT_HEIGHT_MM / np.ptp(rigged.vertices[:, 2])
    assert np.allclose(found.bounds, [scale * rigged.vertices.min(0), scale * rigged.vertices.max(0)], atol=0.01)


def test_trimesh_finds_a_sculpts_colours(write, rigged):
    file, _ = write("SCULPT")
    found = trimesh.load(file, process=False)
    points = found.vertices @ foreign.FROM_Y_UP.T
    assert np.allclose([points.min(0), points.max(0)], [rigged.vertices.min(0), rigged.vertices.max(0)], atol=1e-4)
    assert (np.abs(found.visual.vertex_colors[:, :3].astype(int) - rigged.colors[0]).max(0) <= 1).all()

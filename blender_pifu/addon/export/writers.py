# SPDX-License-Identifier: GPL-3.0-or-later
"""Each format by Blender's own exporter, or an add-on's, as its readers expect it: the current scene is written.

FBX: -Z forward, Y up, no leaf bones, pictures inside, smoothing by faces, the scene's unit. glTF: Y up, metres.
STL: Z up. OBJ: -Z forward, Y up, colours behind the vertices. USD: one .usdz with its pictures.
"""

import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import bpy

from ...protocol import ErrorKind
from ..errors import UserError
from ..person.other_addons import switched_on

_FBX_END = bytes.fromhex("f85a8c6adef5d97eece90ce3758f290b")


@dataclass(frozen=True)
class Writer:
    """How a format is written: `ending` of its files, `write(path, animated)`, raising RuntimeError or UserError;
    `whole(path)`: whether a file came to its end. Blender's own writers in C++ do not tell when the disk is full."""

    ending: str
    write: Callable[[Path, bool], object]
    whole: Callable[[Path], bool]


def _at_hand(module: str, name: str):
    """A context in which an exporter that comes with Blender is switched on. Raises UserError where it is not there."""
    fix = "Choose another program to export for."
    return switched_on(module, UserError(ErrorKind.OUTPUT, f"{name} is not in this Blender.", fix))


def _fbx(path: Path, animated: bool) -> None:
    with _at_hand("io_scene_fbx", "FBX export"):
        bpy.ops.export_scene.fbx(
            filepath=str(path),
            object_types={"ARMATURE", "MESH", "EMPTY"},
            apply_scale_options="FBX_SCALE_NONE",
            add_leaf_bones=False,
            use_armature_deform_only=False,
            mesh_smooth_type="FACE",
            use_tspace=False,
            bake_anim=animated,
            bake_anim_use_nla_strips=False,
            bake_anim_use_all_actions=False,
            path_mode="COPY",
            embed_textures=True,
        )


def _gltf(path: Path, animated: bool) -> None:
    with _at_hand("io_scene_gltf2", "glTF export"):
        bpy.ops.export_scene.gltf(
            filepath=str(path),
            export_format="GLB",
            use_active_scene=True,
            export_animations=animated,
            export_animation_mode="ACTIVE_ACTIONS",
            export_anim_single_armature=False,  # 4.2 would put every action of the file in, the first by name above all
            export_rest_position_armature=True,
        )


def _vrm(path: Path, _animated: bool) -> None:
    if not hasattr(bpy.types, "EXPORT_SCENE_OT_vrm"):
        raise UserError(
            ErrorKind.OUTPUT,
            "VRM files are written by the VRM add-on, which is not switched on.",
            "Get it at Edit > Preferences > Get Extensions, or export for Unity or Godot.",
        )
    window = bpy.context.window
    before, window.scene = window.scene, bpy.context.scene  # it changes modes, which are those of what a window shows
    try:
        bpy.ops.export_scene.vrm(filepath=str(path))
    finally:
        window.scene = before


def _stl(path: Path, _animated: bool) -> None:
    bpy.ops.wm.stl_export(filepath=str(path), forward_axis="Y", up_axis="Z", apply_modifiers=True)


def _obj(path: Path, _animated: bool) -> None:
    bpy.ops.wm.obj_export(filepath=str(path), export_materials=False, export_colors=True, apply_modifiers=True)


def _usd(path: Path, animated: bool) -> None:
    known = bpy.ops.wm.usd_export.get_rna_type().properties
    # Packed pictures go along; the option is called otherwise from Blender 4.3 on.
    pictures = {"export_textures_mode": "NEW"} if "export_textures_mode" in known else {"export_textures": True}
    bpy.ops.wm.usd_export(
        filepath=str(path), export_animation=animated, export_armatures=True, export_shapekeys=True, **pictures
    )


def _whole_fbx(path: Path) -> bool:
    return path.read_bytes().endswith(_FBX_END)


def _whole_glb(path: Path) -> bool:
    return path.stat().st_size == int.from_bytes(path.read_bytes()[8:12], "little")


def _whole_stl(path: Path) -> bool:
    return path.stat().st_size == 84 + 50 * int.from_bytes(path.read_bytes()[80:84], "little")


def _whole_obj(path: Path) -> bool:
    """Its last line is one of a face, and ends."""
    data = path.read_bytes()
    return data.endswith(b"\n") and data[:-1].rpartition(b"\n")[2].startswith(b"f ")


WRITERS = {
    "FBX": Writer(".fbx", _fbx, _whole_fbx),
    "GLTF": Writer(".glb", _gltf, _whole_glb),
    "VRM": Writer(".vrm", _vrm, _whole_glb),
    "STL": Writer(".stl", _stl, _whole_stl),
    "OBJ": Writer(".obj", _obj, _whole_obj),
    "USD": Writer(".usdz", _usd, zipfile.is_zipfile),
}

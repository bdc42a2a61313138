# SPDX-License-Identifier: GPL-3.0-or-later
"""The mesh data-block: native arrays, smooth, with texture coordinates or else the photo's colours, and expressions."""

import bpy
import numpy as np

from ...result_file import Reconstruction, ResultError

COLOR_ATTRIBUTE = "Color"
UV_MAP = "UVMap"
PART_ATTRIBUTE = "head_part"  # of faces: 0 skin, else which of the closed pieces within the head


def build_mesh(human: Reconstruction, name: str) -> bpy.types.Mesh:
    """A new mesh data-block. Raises ResultError (and leaves nothing) if Blender finds its topology wrong."""
    mesh = bpy.data.meshes.new(name)
    try:
        _fill(mesh, human)
    except BaseException:
        bpy.data.meshes.remove(mesh)
        raise
    return mesh


def add_shape_keys(body: bpy.types.Object, human: Reconstruction) -> None:
    """Give a mesh object the person's expressions as shape keys, each as far as the photo shows it."""
    if not human.shape_keys:
        return
    body.shape_key_add(name="Basis", from_mix=False)
    keys = human.shape_keys
    for name, offsets, value in zip(keys.names, keys.offsets, keys.values.tolist(), strict=True):
        key = body.shape_key_add(name=name, from_mix=False)
        key.data.foreach_set("co", (human.vertices + offsets).ravel())
        key.value = value


def _fill(mesh: bpy.types.Mesh, human: Reconstruction) -> None:
    corner = human.faces >= 0  # of quads, the fourth of a triangle is none
    sizes = corner.sum(1)
    mesh.vertices.add(len(human.vertices))
    mesh.vertices.foreach_set("co", human.vertices.ravel())
    mesh.loops.add(int(sizes.sum()))
    mesh.loops.foreach_set("vertex_index", human.faces[corner])
    mesh.polygons.add(len(sizes))
    mesh.polygons.foreach_set("loop_start", (np.cumsum(sizes) - sizes).astype(np.int32))
    mesh.update(calc_edges=True)
    if mesh.validate(verbose=False):
        raise ResultError("The engine's result has faces that Blender cannot use.")
    mesh.shade_smooth()
    if human.parts:
        mesh.attributes.new(PART_ATTRIBUTE, "INT8", "FACE").data.foreach_set("value", human.parts.faces.astype(np.int8))
    if human.slots:
        mesh.polygons.foreach_set("material_index", human.slots.faces.astype(np.int32))
    if human.texture is None:
        colors = mesh.color_attributes.new(COLOR_ATTRIBUTE, "BYTE_COLOR", "POINT")
        rgba = np.ones((len(human.vertices), 4), np.float32)
        rgba[:, :3] = human.colors / np.float32(255)
        colors.data.foreach_set("color_srgb", rgba.ravel())
        mesh.color_attributes.active_color_index = mesh.color_attributes.render_color_index = 0
    else:  # and no colours beside it: glTF's readers would multiply the texture by them
        mesh.uv_layers.new(name=UV_MAP, do_init=False).data.foreach_set("uv", human.texture.uv[corner].ravel())

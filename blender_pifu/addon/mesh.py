# SPDX-License-Identifier: GPL-3.0-or-later
"""The mesh data-block: native arrays, smooth, with the photo's colours."""

import bpy
import numpy as np

from .result import Human, ResultError

COLOR_ATTRIBUTE = "Color"


def build_mesh(human: Human, name: str) -> bpy.types.Mesh:
    """A new mesh data-block. Raises ResultError (and leaves nothing) if Blender finds its topology wrong."""
    mesh = bpy.data.meshes.new(name)
    try:
        _fill(mesh, human)
    except BaseException:
        bpy.data.meshes.remove(mesh)
        raise
    return mesh


def _fill(mesh: bpy.types.Mesh, human: Human) -> None:
    count = len(human.faces)
    mesh.vertices.add(len(human.vertices))
    mesh.vertices.foreach_set("co", human.vertices.ravel())
    mesh.loops.add(3 * count)
    mesh.loops.foreach_set("vertex_index", human.faces.ravel())
    mesh.polygons.add(count)
    mesh.polygons.foreach_set("loop_start", np.arange(0, 3 * count, 3, dtype=np.int32))
    mesh.update(calc_edges=True)
    if mesh.validate(verbose=False):
        raise ResultError("The engine's result has faces that Blender cannot use.")
    mesh.shade_smooth()

    colors = mesh.color_attributes.new(COLOR_ATTRIBUTE, "BYTE_COLOR", "POINT")
    rgba = np.ones((len(human.vertices), 4), np.float32)
    rgba[:, :3] = human.colors / np.float32(255)
    colors.data.foreach_set("color_srgb", rgba.ravel())
    mesh.color_attributes.active_color_index = mesh.color_attributes.render_color_index = 0

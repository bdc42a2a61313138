# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts a person into a scene: all of it, or nothing."""

import bpy

from .material import build_material
from .mesh import build_mesh
from .result import Human


def add_human(context, scene: bpy.types.Scene, human: Human, name: str) -> bpy.types.Object:
    """Add the person to `scene` in a collection of its own, selected and active where `scene` is the shown one.

    On any error the scene and the file are as they were.
    """
    made = []
    try:
        mesh = _note(made, bpy.data.meshes, build_mesh(human, name))
        material = _note(made, bpy.data.materials, build_material(name))
        mesh.materials.append(material)
        body = _note(made, bpy.data.objects, bpy.data.objects.new(name, mesh))
        collection = _note(made, bpy.data.collections, bpy.data.collections.new(name))
        collection.objects.link(body)
        scene.collection.children.link(collection)
    except BaseException:
        for library, block in reversed(made):
            library.remove(block)
        raise
    if scene == context.scene:
        _select(context.view_layer, body)
    return body


def _note(made: list, library, block):
    made.append((library, block))
    return block


def _select(view_layer, body) -> None:
    for other in view_layer.objects:
        other.select_set(False, view_layer=view_layer)
    body.select_set(True, view_layer=view_layer)
    view_layer.objects.active = body

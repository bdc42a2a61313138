# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts a person into a scene: all of it, or nothing."""

import bpy

from ...result_file import Reconstruction, Texture
from .armature import bind, build_armature
from .bone_set import fill_armature
from .material import build_material, build_texture
from .mesh import add_shape_keys, build_mesh
from .units import in_units


def add_human(
    context, scene: bpy.types.Scene, human: Reconstruction, name: str, bone_set: str = "PLAIN", extra: bool = False
) -> bpy.types.Object:
    """Add the person to `scene` in a collection of its own, with its feet at the 3D cursor; where `scene` is the shown
    one, in the active collection, selected and active.

    Metres become the units of that scene.
    Returns the mesh object; a rig becomes an armature with the bones of `bone_set` (of bones.SETS) as its parent,
    the extra ones among them if asked.
    On any error the scene and the file are as they were.
    """
    made = []
    try:
        collection = _note(made, bpy.data.collections, bpy.data.collections.new(name))
        _collection_for(context, scene).children.link(collection)
        human = in_units(human, scene)
        mesh = _note(made, bpy.data.meshes, build_mesh(human, name))
        images = _images(made, human.texture, name)
        for each in _material_names(human, name):
            mesh.materials.append(_note(made, bpy.data.materials, build_material(each, *images)))
        body = _note(made, bpy.data.objects, bpy.data.objects.new(name, mesh))
        _describe(body, human, name)
        add_shape_keys(body, human)
        collection.objects.link(body)
        if human.rig:
            armature = build_armature(f"{name} Metarig" if bone_set == "RIGIFY" else f"{name} Armature")
            _note(made, bpy.data.armatures, armature.data)
            _note(made, bpy.data.objects, armature)
            collection.objects.link(armature)
            bones = fill_armature(context, scene, armature, human.rig, bone_set, extra)
            bind(body, armature, human.rig, bones)
        (body.parent or body).location = scene.cursor.location
    except BaseException:
        for library, block in reversed(made):
            library.remove(block)
        raise
    if scene == context.scene:
        _select(context.view_layer, body)
    return body


def _material_names(human: Reconstruction, name: str) -> list[str]:
    """Of the material, or of one a slot."""
    return [f"{name} {slot}" for slot in human.slots.names] if human.slots else [name]


def _images(made: list, texture: Texture | None, name: str) -> list:
    """The images of base colour, normals and roughness, None for those that there are not."""
    if texture is None:
        return []
    maps = (texture.png, name, True), (texture.normal_png, f"{name} Normal", False)
    maps += ((texture.roughness_png, f"{name} Roughness", False),)
    return [_note(made, bpy.data.images, build_texture(*each)) if each[0] else None for each in maps]


def _collection_for(context, scene) -> bpy.types.Collection:
    """The active collection, as Add has it, where a new object would be seen; else the scene's own."""
    active = context.view_layer.active_layer_collection
    usable = scene == context.scene and active.is_visible and not active.exclude and not active.collection.library
    return active.collection if usable else scene.collection


def _describe(body, human: Reconstruction, name: str) -> None:
    """What the checks want to know later."""
    about = body.pifu
    about.is_human, about.photo = True, name
    about.topology = human.summary.topology
    about.height_m = human.summary.height_m
    keys = human.shape_keys
    if keys and keys.values.any():
        for name, value in zip(keys.names, keys.values.tolist(), strict=True):
            strength = about.expression.add()
            strength.name, strength.value = name, value


def _note(made: list, library, block):
    made.append((library, block))
    return block


def _select(view_layer, body) -> None:
    for other in view_layer.objects:
        other.select_set(other in (body, body.parent), view_layer=view_layer)
    body.select_set(True, view_layer=view_layer)
    view_layer.objects.active = body

# SPDX-License-Identifier: GPL-3.0-or-later
"""A scene that holds nothing but a copy of a person, in the unit of a file.

Exporters scale objects where a file's unit is another than the scene's, and bones scaled by 100 break what other
programs do with them. Here meshes, bones and their movements themselves are scaled, and no object is.
"""

from contextlib import contextmanager

import bpy
from mathutils import Matrix

from ..person.human import Human


@contextmanager
def staged(context, person: Human, factor: float, armature_name: str = ""):
    """The context moved to a new scene with a copy of the person and all that hangs from it, `factor` times as large.

    The copy has the names of the original, its armature `armature_name` if that is told, and stands at the origin. On
    leaving, the scene and the copy are gone and the names are back.
    """
    things = [person.root, *person.root.children_recursive]
    names = [(block, block.name) for thing in things for block in (thing, thing.data) if block and not block.library]
    stage = bpy.data.scenes.new("Export")
    copies: dict = {}
    made: list = []
    try:
        for block, name in names:
            block.name = f"{name} (original)"
        for thing in things:
            copies[thing] = _copy(thing, made, factor)
            stage.collection.objects.link(copies[thing])
        for block, name in names:
            (copies[block] if block in copies else _data_of(block, copies)).name = name
        for copy in copies.values():
            _remap(copy, copies)
        root = copies[person.root]
        root.location = (0, 0, 0)
        if armature_name and root.type == "ARMATURE":
            root.name = armature_name
        with context.temp_override(scene=stage, view_layer=stage.view_layers[0]):
            stage.view_layers[0].update()
            for copy in copies.values():
                copy.select_set(True, view_layer=stage.view_layers[0])
            stage.view_layers[0].objects.active = root
            yield Human(copies[person.body], copies.get(person.armature))
    finally:
        bpy.data.scenes.remove(stage)
        bpy.data.batch_remove(copies.values())
        bpy.data.batch_remove([block for block in made if block])
        for block, name in names:
            block.name = name


def _data_of(data, copies: dict):
    return next(copy.data for thing, copy in copies.items() if thing.data == data)


def _copy(thing, made: list, factor: float):
    """A copy of an object with data and action of its own, scaled about its origin."""
    copy = thing.copy()
    if thing.data:
        copy.data = thing.data.copy()
        made.append(copy.data)
    scale = Matrix.Scale(factor, 4)
    if copy.type == "MESH":
        copy.data.transform(scale, shape_keys=True)
    elif copy.type == "ARMATURE":
        copy.data.transform(scale)
        for bone in copy.pose.bones:
            bone.location *= factor
    copy.location *= factor
    copy.delta_location *= factor
    copy.matrix_parent_inverse.translation *= factor
    if copy.animation_data and copy.animation_data.action:
        copy.animation_data.action = action = copy.animation_data.action.copy()
        made.append(action)
        for curve in _curves(action):
            if curve.data_path.endswith("location"):
                _scale(curve, factor)
    return copy


def _curves(action):
    """The F-curves of an action: up to Blender 4.3 its own, then those of its layers."""
    if not hasattr(action, "layers"):
        return list(action.fcurves)
    strips = (strip for layer in action.layers for strip in layer.strips)
    return [curve for strip in strips for bag in strip.channelbags for curve in bag.fcurves]


def _scale(curve, factor: float) -> None:
    for key in curve.keyframe_points:
        for point in (key.co, key.handle_left, key.handle_right):
            point.y *= factor
    curve.update()


def _remap(copy, copies: dict) -> None:
    """Have a copy hang from, be moved by and look at copies instead of originals."""
    inverse = copy.matrix_parent_inverse.copy()
    if copy.parent in copies:
        copy.parent = copies[copy.parent]
        copy.matrix_parent_inverse = inverse
    else:
        copy.parent = None
    for modifier in copy.modifiers:
        if getattr(modifier, "object", None) in copies:
            modifier.object = copies[modifier.object]
    bones = copy.pose.bones if copy.pose else ()
    for constraint in (*copy.constraints, *(each for bone in bones for each in bone.constraints)):
        if getattr(constraint, "target", None) in copies:
            constraint.target = copies[constraint.target]
    drivers = copy.animation_data.drivers if copy.animation_data else ()
    for target in (each for driver in drivers for variable in driver.driver.variables for each in variable.targets):
        if target.id in copies:
            target.id = copies[target.id]

# SPDX-License-Identifier: GPL-3.0-or-later
"""A scene that holds nothing but a copy of a person, in the unit of a file.

Exporters scale objects where a file's unit is another than the scene's, and bones scaled by 100 break what other
programs do with them. Here meshes, bones and their movements themselves are scaled, and no object is.
"""

import math
from contextlib import contextmanager

import bpy
from mathutils import Matrix

from ..person.curves import curves_of
from ..person.human import Human


@contextmanager
def staged(context, person: Human, factor: float, unit: float, armature_name: str = ""):
    """The context moved to a new scene, with `unit` metres a unit, that holds a copy of the person and all that hangs
    from it, `factor` times as large.

    The copy has the names of the original, its armature `armature_name` if that is told, and stands at the origin. On
    leaving, the scene and the copy are gone and the names are back.
    """
    things = [person.root, *person.root.children_recursive]
    names = {block: block.name for thing in things for block in (thing, thing.data) if block and not block.library}
    stage = bpy.data.scenes.new("Export")
    stage.unit_settings.system, stage.unit_settings.scale_length = "METRIC", unit
    _take_time(stage, context.scene, things)
    copies: dict = {}  # of objects, and of what they hold
    try:
        for block, name in names.items():
            block.name = f"{name} (original)"
        for thing in things:
            _copy(thing, copies, factor)
            stage.collection.objects.link(copies[thing])
        for block, name in names.items():
            copies[block].name = name
        for thing in things:
            _remap(copies[thing], copies)
        root = copies[person.root]
        root.location = (0, 0, 0)
        if armature_name and root.type == "ARMATURE":
            root.name = armature_name
        layer = stage.view_layers[0]
        with context.temp_override(scene=stage, view_layer=layer):
            layer.update()
            for thing in things:
                copies[thing].select_set(True, view_layer=layer)
            layer.objects.active = root
            yield Human(copies[person.body], copies.get(person.armature))
    finally:
        bpy.data.scenes.remove(stage)
        bpy.data.batch_remove(copies.values())
        for block, name in names.items():
            block.name = name


def _take_time(stage, scene, things) -> None:
    """The scene's frames a second, and as its range that of the actions, where there are any: FBX is baked over it."""
    stage.render.fps, stage.render.fps_base = scene.render.fps, scene.render.fps_base
    moved = [thing.animation_data for thing in things if thing.animation_data and thing.animation_data.action]
    ranges = [each.action.frame_range for each in moved] or [(scene.frame_start, scene.frame_end)]
    stage.frame_start = math.floor(min(first for first, _ in ranges))
    stage.frame_end = max(stage.frame_start, math.ceil(max(last for _, last in ranges)))


def _copy(thing, copies: dict, factor: float) -> None:
    """Add a copy of an object with data and action of its own, scaled about its origin, to `copies`."""
    copies[thing] = copy = thing.copy()
    if thing.data and thing.data not in copies:  # else another object has it too
        copies[thing.data] = data = thing.data.copy()
        if copy.type == "MESH":
            data.transform(Matrix.Scale(factor, 4), shape_keys=True)
        elif copy.type == "ARMATURE":
            data.transform(Matrix.Scale(factor, 4))
    if thing.data:
        copy.data = copies[thing.data]
    for bone in copy.pose.bones if copy.pose else ():
        bone.location *= factor
    copy.location *= factor
    copy.delta_location *= factor
    copy.matrix_parent_inverse.translation *= factor
    if copy.animation_data and copy.animation_data.action:
        copies[copy.animation_data.action] = action = copy.animation_data.action.copy()
        copy.animation_data.action = action
        for curve in curves_of(action):
            if curve.data_path.endswith("location"):
                _scale(curve, factor)


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
        for name in ("target", "pole_target"):
            if getattr(constraint, name, None) in copies:
                setattr(constraint, name, copies[getattr(constraint, name)])
    drivers = copy.animation_data.drivers if copy.animation_data else ()
    for target in (each for driver in drivers for variable in driver.driver.variables for each in variable.targets):
        if target.id in copies:
            target.id = copies[target.id]

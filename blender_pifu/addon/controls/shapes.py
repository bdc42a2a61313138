# SPDX-License-Identifier: GPL-3.0-or-later
"""What controls look like: a box round a hand or foot, a ball for a pole, a ring on the ground; not in renders."""

import bpy
import numpy as np

from ..person.armature import KIND, ROLE
from .ik import CONTROL, LIMBS

_RING = 24
_RADIUS = 0.2  # of the ring on the ground, to the person's height
_SHAPE = "pifu_shape"  # on a shape's object: which one it is


def give_shapes(armature: bpy.types.Object) -> None:
    """Give each control and the root its shape. The objects of these are in no scene; all humans share them."""
    boxes, balls = ({getattr(limb, end) for limb in LIMBS} for end in ("control", "pole"))
    for bone in armature.data.bones:
        pose = armature.pose.bones[bone.name]
        if bone.get(KIND) == CONTROL and bone.name in boxes:
            pose.custom_shape = _shape("Box", *_box())
            pose.custom_shape_scale_xyz = (0.7, 1.6, 0.7)
        elif bone.get(KIND) == CONTROL and bone.name in balls:
            pose.custom_shape = _shape("Ball", *_ball())
        elif bone.parent is None and ROLE not in bone:
            pose.custom_shape = _shape("Ring", *_ring())
            _lay_flat(pose, armature)


def _lay_flat(pose, armature) -> None:
    """Have a ring lie on the ground round the feet, whichever way its bone points and however long it is."""
    bones = armature.data.bones
    high = max(bone.tail_local.z for bone in bones) - pose.bone.head_local.z
    pose.use_custom_shape_bone_size = False
    pose.custom_shape_scale_xyz = [_RADIUS * high] * 3
    pose.custom_shape_rotation_euler = pose.bone.matrix_local.to_3x3().inverted().to_euler()


def _shape(name: str, points, edges) -> bpy.types.Object:
    """The object of a shape, new where the file has none yet. Its unit is the length of the bone."""
    for thing in bpy.data.objects:
        if thing.get(_SHAPE) == name and not thing.library:
            return thing
    mesh = bpy.data.meshes.new(f"Control {name}")
    mesh.from_pydata(np.asarray(points, float).tolist(), edges, [])
    thing = bpy.data.objects.new(f"Control {name}", mesh)
    thing[_SHAPE] = name
    return thing


def _box():
    points = [(x, y, z) for x in (-0.5, 0.5) for y in (0, 1) for z in (-0.5, 0.5)]
    pairs = [(a, b) for a in range(8) for b in range(a)]
    return points, [(a, b) for a, b in pairs if bin(a ^ b).count("1") == 1]


def _circle(axis: int):
    angles = np.linspace(0, 2 * np.pi, _RING, endpoint=False)
    return np.insert(np.stack([np.cos(angles), np.sin(angles)], 1), axis, 0.0, axis=1)


def _ball():
    points = np.concatenate([0.5 * _circle(axis) for axis in range(3)])
    return points, [(start + k, start + (k + 1) % _RING) for start in (0, _RING, 2 * _RING) for k in range(_RING)]


def _ring():
    """A circle on the ground with an arrow to where the person looks, -Y."""
    points = np.concatenate([_circle(2), [(0.15, -1.0, 0), (0, -1.3, 0), (-0.15, -1.0, 0)]])
    edges = [(k, (k + 1) % _RING) for k in range(_RING)]
    return points, [*edges, (_RING, _RING + 1), (_RING + 1, _RING + 2)]

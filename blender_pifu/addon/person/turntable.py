# SPDX-License-Identifier: GPL-3.0-or-later
"""A turntable: a camera that goes once round a human, and soft light that stays."""

import math

import bpy
import numpy as np
from mathutils import Vector

from .curves import curves_of
from .human import Human
from .units import metres_per_unit

FRAMES = 120
NAME = "Turntable"
_LENS_MM = 85.0
_MARGIN = 1.15  # of the height, about the human
_LIGHTS = (
    ("Key", 45, 35, 1.0),
    ("Fill", -50, 15, 0.4),
    ("Rim", 170, 40, 0.8),
)  # azimuth, elevation, share of the power
_POWER_W = 120.0  # at one human's height of distance, for one of 1.70 m


def add_turntable(context, person: Human) -> bpy.types.Object:
    """Add camera and lights in a collection "Turntable", the camera turning about the human's middle in 120 frames,
    which become the scene's; one that this scene has already is replaced. Returns the camera, the scene's now."""
    scene = context.scene
    _remove(scene)
    collection = bpy.data.collections.new(NAME)
    scene.collection.children.link(collection)
    low, high = _bounds(context, person)
    size, middle = high - low, (low + high) / 2
    # Whatever is seen while it turns fits: the height, and the circle that the human's plan lies in.
    half = (
        _MARGIN / 2 * max(size[2], math.hypot(size[0], size[1]) * scene.render.resolution_y / scene.render.resolution_x)
    )
    camera = bpy.data.objects.new(f"{NAME} Camera", bpy.data.cameras.new(f"{NAME} Camera"))
    camera.data.lens = _LENS_MM
    camera.data.sensor_fit, camera.data.sensor_height = "VERTICAL", 24.0
    distance = half * _LENS_MM / (camera.data.sensor_height / 2) + math.hypot(size[0], size[1]) / 2
    camera.location, camera.rotation_euler = (0, -distance, 0), (math.pi / 2, 0, 0)
    camera.data.clip_start, camera.data.clip_end = distance / 100, 4 * distance
    pivot = bpy.data.objects.new(f"{NAME} Pivot", None)
    pivot.location, pivot.empty_display_size = middle, 0.1 * size[2]
    camera.parent = pivot
    for thing in (pivot, camera, *_lights(Vector(middle), float(size[2]), metres_per_unit(scene))):
        collection.objects.link(thing)
    scene.frame_start, scene.frame_end = 1, FRAMES
    for frame, turn in ((1, 0.0), (FRAMES + 1, 2 * math.pi)):  # the frame after the last is the first again
        pivot.rotation_euler = (0, 0, turn)
        pivot.keyframe_insert("rotation_euler", index=2, frame=frame)
    _make_even(pivot)
    scene.frame_set(1)
    scene.camera = camera
    return camera


def _bounds(context, person: Human) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest corner (3,) of the human as it is posed, in the world."""
    body = person.body.evaluated_get(context.evaluated_depsgraph_get())
    corners = np.array([body.matrix_world @ Vector(corner) for corner in body.bound_box])
    return corners.min(0), corners.max(0)


def _lights(middle: Vector, height: float, metres: float):
    for name, azimuth, elevation, share in _LIGHTS:
        light = bpy.data.objects.new(f"{NAME} {name}", bpy.data.lights.new(f"{NAME} {name}", "AREA"))
        angle, rise = math.radians(azimuth), math.radians(elevation)
        towards = Vector((math.sin(angle) * math.cos(rise), -math.cos(angle) * math.cos(rise), math.sin(rise)))
        light.location = middle + 1.5 * height * towards
        light.rotation_euler = towards.to_track_quat("Z", "Y").to_euler()
        light.data.size = height
        light.data.energy = share * _POWER_W * (height * metres / 1.7) ** 2 / metres**2
        yield light


def _make_even(pivot) -> None:
    """Turn at one speed."""
    for curve in curves_of(pivot.animation_data.action):
        for key in curve.keyframe_points:
            key.interpolation = "LINEAR"


def _remove(scene) -> None:
    """Take an older turntable of this scene away, with its camera and lights."""
    for collection in [each for each in scene.collection.children if each.name.split(".")[0] == NAME]:
        for thing in list(collection.objects):
            data = thing.data
            bpy.data.objects.remove(thing)
            if data and not data.users:
                (bpy.data.cameras if isinstance(data, bpy.types.Camera) else bpy.data.lights).remove(data)
        bpy.data.collections.remove(collection)

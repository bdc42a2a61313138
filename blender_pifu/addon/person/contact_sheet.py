# SPDX-License-Identifier: GPL-3.0-or-later
"""A contact sheet: one picture of a human from eight sides, as it is posed."""

import math
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix, Vector

from ...protocol import ErrorKind
from ..errors import UserError, cannot_write
from ..files_in_use import replaced_by
from .human import Human, coordinates

COLUMNS, ROWS = 4, 2
VIEW_PX = (480, 640)
_MARGIN = 1.08
_GREY = (0.25, 0.25, 0.25)  # about half as bright as white, for it is linear


def write_contact_sheet(context, person: Human, path: Path) -> Path:
    """Render the human from the front, then turned by 45 degrees each, to a PNG at `path`, to which the ending is added
    where it lacks; returns the file. The scene stays as it was. Raises UserError, and leaves nothing half."""
    if path.suffix.lower() != ".png":
        path = path.with_name(path.name + ".png")
    if replaced := replaced_by(path):
        raise UserError(ErrorKind.OUTPUT, f"The picture would replace {replaced}.", "Choose another name.")
    try:
        with tempfile.TemporaryDirectory(prefix=".sheet-", dir=path.parent) as folder, _stage(context, person) as stage:
            stage.render.filepath = str(Path(folder) / path.name)
            bpy.ops.render.render(write_still=True, scene=stage.name)
            os.replace(stage.render.filepath, path)
    except (OSError, RuntimeError) as error:
        raise cannot_write(path, error) from error
    return path


@contextmanager
def _stage(context, person: Human):
    """A scene of its own with eight copies of the posed human before a camera; gone on leaving."""
    stage = bpy.data.scenes.new("Contact Sheet")
    body = person.body.evaluated_get(context.evaluated_depsgraph_get())
    mesh = bpy.data.meshes.new_from_object(body)
    mesh.transform(body.matrix_world)
    camera, world = bpy.data.cameras.new("Contact Sheet"), bpy.data.worlds.new("Contact Sheet")
    things = []
    try:
        things = [*_copies(mesh), _camera(camera, mesh)]
        for thing in things:
            stage.collection.objects.link(thing)
        stage.camera, stage.world = things[-1], world
        world.color = _GREY
        _set_up(stage, mesh)
        yield stage
    finally:
        bpy.data.batch_remove(things)
        bpy.data.scenes.remove(stage)
        bpy.data.batch_remove([mesh, camera, world])


def _cell(mesh) -> tuple[np.ndarray, float]:
    """Middle (3,) of the human, and how high a view of it must be, whichever way it is turned."""
    points = coordinates(mesh)
    low, high = points.min(0), points.max(0)
    middle = (low + high) / 2
    across = 2 * np.linalg.norm((points - middle)[:, :2], axis=1).max()
    return middle, _MARGIN * max(high[2] - low[2], across * VIEW_PX[1] / VIEW_PX[0])


def _copies(mesh):
    """The human in rows and columns about the origin, each turned by an eighth more."""
    middle, height = _cell(mesh)
    width = height * VIEW_PX[0] / VIEW_PX[1]
    for index in range(COLUMNS * ROWS):
        row, column = divmod(index, COLUMNS)
        place = Vector((width * (column - (COLUMNS - 1) / 2), 0, height * ((ROWS - 1) / 2 - row)))
        copy = bpy.data.objects.new("Contact Sheet", mesh)
        turn = Matrix.Rotation(-2 * math.pi * index / (COLUMNS * ROWS), 4, "Z")
        copy.matrix_world = Matrix.Translation(place) @ turn @ Matrix.Translation(-Vector(middle))
        yield copy


def _camera(camera, mesh) -> bpy.types.Object:
    _, height = _cell(mesh)
    width = height * VIEW_PX[0] / VIEW_PX[1]
    camera.type, camera.sensor_fit = "ORTHO", "HORIZONTAL"
    camera.ortho_scale = COLUMNS * width
    camera.clip_start, camera.clip_end = height / 100, 20 * height
    thing = bpy.data.objects.new("Contact Sheet Camera", camera)
    thing.location, thing.rotation_euler = (0, -10 * height, 0), (math.pi / 2, 0, 0)
    return thing


def _set_up(stage, mesh) -> None:
    """Solid shading with the human's colours, which any Blender draws in a moment."""
    render = stage.render
    render.engine = "BLENDER_WORKBENCH"
    render.resolution_x, render.resolution_y = COLUMNS * VIEW_PX[0], ROWS * VIEW_PX[1]
    render.resolution_percentage = 100
    render.image_settings.file_format, render.image_settings.color_mode = "PNG", "RGB"
    stage.view_settings.view_transform = "Standard"
    shading = stage.display.shading
    shading.light = "STUDIO"
    shading.color_type = "TEXTURE" if mesh.uv_layers else "VERTEX"

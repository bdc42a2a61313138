# SPDX-License-Identifier: GPL-3.0-or-later
"""The last check of a person, kept for the panel for as long as the person is as it was checked."""

import zlib

import bpy
import numpy as np
from bpy.props import CollectionProperty, StringProperty

from ..identity import find, key
from ..person.human import Human, armature_of
from .checks_surface import named_blocks
from .validate import as_json, validate, worst

_UNCHANGING = {"OBJECT", "POSE"}  # modes that leave mesh and rest pose alone
_stamp = 0  # of the person as it was checked


class PIFU_PG_line(bpy.types.PropertyGroup):
    """A line of the last check. Its name is the check's id."""

    label: StringProperty(options={"SKIP_SAVE"})
    state: StringProperty(options={"SKIP_SAVE"})
    value: StringProperty(options={"SKIP_SAVE"})
    fix: StringProperty(options={"SKIP_SAVE"})


class PIFU_PG_report(bpy.types.PropertyGroup):
    """The last check of a person, on the WindowManager. Written by this module alone."""

    body: StringProperty(options={"SKIP_SAVE"})  # `identity.key` of the mesh object, or empty
    state: StringProperty(options={"SKIP_SAVE"})
    json: StringProperty(options={"SKIP_SAVE"})
    lines: CollectionProperty(type=PIFU_PG_line, options={"SKIP_SAVE"})


def check(person: Human) -> PIFU_PG_report:
    """Check a person and keep the report."""
    global _stamp
    lines = validate(person)
    report = _report()
    report.body, report.state, report.json = key(person.body), worst(lines), as_json(person, lines)
    report.lines.clear()
    for line in lines:
        item = report.lines.add()
        item.name, item.label, item.state, item.value, item.fix = line.id, line.label, line.state, line.value, line.fix
    _stamp = _stamp_of(person)
    return report


def is_of(person: Human | None) -> bool:
    """Whether the report that is kept is about this person."""
    return person is not None and _report().body == key(person.body)


def clear() -> None:
    """Keep no report."""
    report = _report()
    if report.body:
        report.body = report.state = report.json = ""
        report.lines.clear()


def on_change(depsgraph: bpy.types.Depsgraph) -> bool:
    """Drop the report where its person is no longer as it was checked; whether it did. Cheap where nothing of it is
    among what `depsgraph` has updated."""
    report = _report()
    if not report.body:
        return False
    body = find(bpy.data.objects, report.body)
    if body is not None and body.users_scene:
        person = Human(body, armature_of(body))
        parts = {key(block) for thing in vars(person).values() if thing for block in (thing, thing.data)}
        if parts.isdisjoint(key(update.id.original) for update in depsgraph.updates):
            return False
        busy = any(thing.mode not in _UNCHANGING for thing in vars(person).values() if thing)
        if not busy and _stamp_of(person) == _stamp:
            return False
    clear()
    return True


def _stamp_of(person: Human) -> int:
    """A number that another place, form, rest pose, name or vertex group of the person changes."""
    mesh = person.body.data
    points = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", points)
    stamp = zlib.crc32(points.tobytes())
    told = [block.name for block in named_blocks(person)] + [group.name for group in person.body.vertex_groups]
    told += [len(mesh.edges), len(mesh.polygons), [layer.name for layer in mesh.uv_layers]]
    told += [list(row) for thing in filter(None, vars(person).values()) for row in thing.matrix_world]
    if person.armature:
        bones = person.armature.data.bones
        told += [(bone.name, bone.use_deform, *bone.head_local, *bone.tail_local) for bone in bones]
    return zlib.crc32(repr(told).encode(), stamp)


def _report() -> PIFU_PG_report:
    return bpy.context.window_manager.pifu_report


CLASSES = (PIFU_PG_line, PIFU_PG_report)

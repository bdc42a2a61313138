# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of photos that wait for their turn. It hangs on the window manager, which no undo step takes back."""

import uuid
from pathlib import Path

import bpy
from bpy.props import BoolProperty, CollectionProperty, EnumProperty, IntProperty, StringProperty

from ...protocol import PICTURES

WAITING, AT_WORK, DONE, FAILED = "WAITING", "AT_WORK", "DONE", "FAILED"
STATES = (
    (WAITING, "Waiting", "Its turn comes yet"),
    (AT_WORK, "At Work", "A human is being made of it"),
    (DONE, "Done", "Its human is in the scene"),
    (FAILED, "Failed", "No human came of it"),
)


class PIFU_PG_queued(bpy.types.PropertyGroup):
    """A photo in the queue; `name` is the file's."""

    uid: StringProperty()  # what it is known by while others are moved
    filepath: StringProperty()
    state: EnumProperty(items=STATES, default=WAITING)
    message: StringProperty()  # of what came of it, or why nothing did
    fix: StringProperty()
    body: StringProperty()  # `identity.key` of the mesh object that came of it


class PIFU_PG_queue(bpy.types.PropertyGroup):
    """Photos in the order of their turn."""

    entries: CollectionProperty(type=PIFU_PG_queued)
    index: IntProperty(name="Photo", description="Photo in the queue")  # of the one that is selected
    stopping: BoolProperty(options={"SKIP_SAVE"})  # after the one at work


def queue() -> PIFU_PG_queue:
    """The queue of this Blender."""
    return bpy.context.window_manager.pifu_queue


def add(paths) -> int:
    """Put files at the end of the queue, those that wait there already left out; returns how many came in."""
    waiting = {entry.filepath for entry in queue().entries if entry.state in (WAITING, AT_WORK)}
    new = [path for path in dict.fromkeys(map(str, paths)) if path not in waiting]
    for path in new:
        entry = queue().entries.add()
        entry.uid, entry.name, entry.filepath = uuid.uuid4().hex, Path(path).name, path
    return len(new)


def pictures_of(folder: Path) -> list[Path]:
    """The files of a folder that the engine reads, by their names. Raises OSError."""
    found = (path for path in folder.iterdir() if path.suffix.lower() in PICTURES and path.is_file())
    return sorted(found, key=lambda path: path.name.lower())


def next_waiting() -> PIFU_PG_queued | None:
    """Whose turn it is."""
    return next((entry for entry in queue().entries if entry.state == WAITING), None)


def find(uid: str) -> PIFU_PG_queued | None:
    """The entry known by `uid`, or None where it has been removed."""
    return next((entry for entry in queue().entries if entry.uid == uid), None)


def count(*states: str) -> int:
    """How many entries are in one of these states."""
    return sum(entry.state in states for entry in queue().entries)


@bpy.app.handlers.persistent
def on_load(*_arguments) -> None:
    """In a file that was opened nothing is at work yet, and humans of before are not there."""
    for entry in queue().entries:
        if entry.state == AT_WORK:
            entry.state = WAITING
        entry.body = ""


CLASSES = (PIFU_PG_queued, PIFU_PG_queue)
HANDLERS = ((bpy.app.handlers.load_post, on_load),)

# SPDX-License-Identifier: GPL-3.0-or-later
"""When what the panel shows is true no longer: another file, an undone step, a person changed or deleted."""

import bpy

from ..checks import report
from ..identity import find
from . import job


def forget() -> None:
    """Show no message and no check of before."""
    job.forget()
    report.clear()


@bpy.app.handlers.persistent
def on_load(*_arguments) -> None:
    """A file was opened."""
    job.carry_over()
    report.clear()


@bpy.app.handlers.persistent
def on_step(*_arguments) -> None:
    """A step was undone or done again."""
    forget()
    job.redraw()


@bpy.app.handlers.persistent
def on_change(_scene, depsgraph) -> None:
    """Something in a scene has changed: perhaps the person that a message or a check is about."""
    changed = report.on_change(depsgraph)
    made = bpy.context.window_manager.pifu.body
    if made:
        body = find(bpy.data.objects, made)
        if body is None or not body.users_scene:
            job.forget()
            changed = True
    if changed:
        job.redraw()


HANDLERS = (
    (bpy.app.handlers.load_post, on_load),
    (bpy.app.handlers.undo_post, on_step),
    (bpy.app.handlers.redo_post, on_step),
    (bpy.app.handlers.depsgraph_update_post, on_change),
)

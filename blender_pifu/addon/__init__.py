# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on: everything that touches bpy. `register(package)` takes the name the add-on is enabled under."""

import bpy

from . import kept, languages
from .checks import report
from .person import human
from .queue import entries
from .queue import operators as queue_operators
from .queue import panel as queue_panel
from .ui import (
    doors,
    export,
    further_photos,
    motion,
    operators,
    panel,
    panel_rig,
    preferences,
    properties,
    recipes,
    rig_operators,
    status_bar,
    this_human,
)
from .work import job, outdated, photo_check, session

CLASSES = (
    *further_photos.CLASSES,
    *properties.CLASSES,
    *human.CLASSES,
    *report.CLASSES,
    preferences.PIFU_AP_preferences,
    *operators.CLASSES,
    *rig_operators.CLASSES,
    *doors.CLASSES,
    *recipes.CLASSES,
    *motion.CLASSES,
    *panel.CLASSES,
    *panel_rig.CLASSES,
    *export.CLASSES,
    *this_human.CLASSES,
    *entries.CLASSES,
    *queue_operators.CLASSES,
    *queue_panel.CLASSES,
)

HANDLERS = (
    (bpy.app.handlers.load_pre, job.on_load),
    (bpy.app.handlers.load_pre, photo_check.on_load),
    *outdated.HANDLERS,
    *entries.HANDLERS,
)


def register(package: str) -> None:
    """Register everything; `package` is the key of the add-on's preferences."""
    preferences.PIFU_AP_preferences.bl_idname = kept.package = package
    for cls in CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.Scene.pifu = bpy.props.PointerProperty(type=properties.PIFU_PG_settings)
    bpy.types.Object.pifu = bpy.props.PointerProperty(type=human.PIFU_PG_human)
    bpy.types.WindowManager.pifu = bpy.props.PointerProperty(type=properties.PIFU_PG_status)
    bpy.types.WindowManager.pifu_queue = bpy.props.PointerProperty(type=entries.PIFU_PG_queue)
    bpy.types.WindowManager.pifu_report = bpy.props.PointerProperty(type=report.PIFU_PG_report)
    languages.register()
    for handlers, handler in HANDLERS:
        handlers.append(handler)
    doors.add_to_menus()
    status_bar.add()


def unregister() -> None:
    """End what is at work and take everything away again."""
    job.abort()
    photo_check.close()
    session.close()
    status_bar.leave()
    doors.leave_menus()
    for handlers, handler in HANDLERS:
        handlers.remove(handler)
    languages.unregister()
    del bpy.types.WindowManager.pifu_report
    del bpy.types.WindowManager.pifu_queue
    del bpy.types.WindowManager.pifu
    del bpy.types.Object.pifu
    del bpy.types.Scene.pifu
    for cls in reversed(CLASSES):
        bpy.utils.unregister_class(cls)

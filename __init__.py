# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender's way in; the add-on is blender_pifu/addon."""


def register():
    from .blender_pifu import addon

    addon.register(__package__)


def unregister():
    from .blender_pifu import addon

    addon.unregister()

# SPDX-License-Identifier: GPL-3.0-or-later
"""The F-curves of actions in every Blender."""

import bpy


def curves_of(action: bpy.types.Action) -> list[bpy.types.FCurve]:
    """All of an action's: up to Blender 4.3 its own, then those of its layers."""
    if not hasattr(action, "layers"):
        return list(action.fcurves)
    strips = (strip for layer in action.layers for strip in layer.strips)
    return [curve for strip in strips for bag in strip.channelbags for curve in bag.fcurves]

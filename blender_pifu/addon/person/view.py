# SPDX-License-Identifier: GPL-3.0-or-later
"""How a new person is looked at: framed, and with its colours also in Solid shading."""

import bpy
from mathutils import Matrix


def show(windows, body: bpy.types.Object) -> None:
    """Frame the selected person in the largest 3D View of each window that shows its scene, and have Solid shading show
    colours there where it shows none."""
    if bpy.app.background:
        return
    for window in windows:
        area = largest_view(window.screen)
        if area is None or body.name not in window.view_layer.objects:
            continue
        _show_colors(area.spaces.active.shading, body)
        region = next(region for region in area.regions if region.type == "WINDOW")
        with bpy.context.temp_override(window=window, area=area, region=region):
            if bpy.ops.view3d.view_selected.poll() and area.spaces.active.region_3d.view_perspective != "CAMERA":
                bpy.ops.view3d.view_selected()


def largest_view(screen: bpy.types.Screen) -> bpy.types.Area | None:
    """The largest 3D View of a screen, if it has any."""
    areas = [area for area in screen.areas if area.type == "VIEW_3D"]
    return max(areas, key=lambda area: area.width * area.height, default=None)


def hide_default_cube(view_layer, body: bpy.types.Object) -> bool:
    """Hide the cube that a new file begins with, untouched, where the person stands inside it; whether it was there."""
    cube = view_layer.objects.get("Cube")
    if cube is None or cube.type != "MESH" or cube == body or cube.hide_get(view_layer=view_layer):
        return False
    untouched = cube.matrix_world == Matrix.Identity(4) and len(cube.data.vertices) == 8 and not cube.modifiers
    untouched = untouched and all(abs(value) == 1 for vertex in cube.data.vertices for value in vertex.co)
    if not untouched or max(map(abs, (body.parent or body).location)) > 1:
        return False
    cube.hide_set(True, view_layer=view_layer)
    return True


def _show_colors(shading, body) -> None:
    """One grey for all, which Blender begins with, hides a texture; what the artist has chosen stays."""
    if shading.type == "SOLID" and shading.color_type in ("MATERIAL", "SINGLE"):
        shading.color_type = "TEXTURE" if body.data.uv_layers else "VERTEX"

# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a new person stands whose place others have taken."""

import bpy

from .human import Human, armature_of

_APART = 1.1  # of two widths' mean


def neighbour(scene: bpy.types.Scene, new: bpy.types.Object) -> bpy.types.Object | None:
    """The mesh object of the person beside whom a new one finds room: the end of the row of those who stand at the 3D
    cursor; None where that place is free."""
    at, row = scene.cursor.location, []
    for body in scene.objects:
        if body.type == "MESH" and body.pifu.is_human and body != new and not body.hide_get():
            place = Human(body, armature_of(body)).root.matrix_world.translation
            if abs(place.y - at.y) < body.dimensions.x:
                row.append((place.x - at.x, body))
    found, reach = None, 0.0
    for x, body in sorted(row, key=lambda each: each[0]):
        apart = _APART * (body.dimensions.x + new.dimensions.x) / 2
        if abs(x - reach) < 0.9 * apart:
            found, reach = body, x + apart
    return found


def stand_beside(new: bpy.types.Object, other: bpy.types.Object) -> None:
    """To the left of the other, as far away as both are wide; both face the same way."""
    root = Human(new, armature_of(new)).root
    root.location = Human(other, armature_of(other)).root.matrix_world.translation
    root.location.x += _APART * (other.dimensions.x + new.dimensions.x) / 2

# SPDX-License-Identifier: GPL-3.0-or-later
"""The expression of a person's face: none, or the photo's."""

import bpy

from ..person.human import Human

NEUTRAL, PHOTO = "NEUTRAL", "PHOTO"
FACES = (
    (NEUTRAL, "Neutral Face", "All of the face's shape keys at 0"),
    (PHOTO, "Photo's Expression", "The face's shape keys as the photo shows the face"),
)


def keys_of(person: Human | None) -> list[bpy.types.ShapeKey]:
    """The person's shape keys, without the basis."""
    shape_keys = person.body.data.shape_keys if person else None
    return list(shape_keys.key_blocks)[1:] if shape_keys else []


def knows_photo(person: Human) -> bool:
    """Whether the photo's expression is known."""
    return len(person.body.pifu.expression) > 0


def put_face(person: Human, face: str) -> None:
    """Set the values of the person's expressions to those of `face`, NEUTRAL or PHOTO. Shape keys of other names, which
    the artist made, stay."""
    shown = {strength.name: strength.value for strength in person.body.pifu.expression}
    for key in keys_of(person):
        if not shown or key.name in shown:
            key.value = shown.get(key.name, 0.0) if face == PHOTO else 0.0

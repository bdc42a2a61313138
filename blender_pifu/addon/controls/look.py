# SPDX-License-Identifier: GPL-3.0-or-later
"""Bone collections and colours: trunk, arms, legs and fingers, by what moves them."""

import bpy

from ...body_axes import FINGERS
from ..person.armature import KIND, ROLE
from .ik import CONTROL

_ARM, _LEG = ("shoulder", "upper_arm", "forearm", "hand"), ("thigh", "shin", "foot", "toe")
# Collection -> colour of its bones; in the order of the list. What nobody moves by hand is hidden.
_COLORS = {
    "Root": "THEME09",
    "Torso": "THEME09",
    "Arms FK": "THEME03",
    "Arms IK": "THEME01",
    "Legs FK": "THEME03",
    "Legs IK": "THEME01",
    "Fingers": "THEME04",
    "Helpers": "THEME10",
}
_HIDDEN = ("Helpers",)


def sort_bones(armature: bpy.types.Object) -> None:
    """Put each bone into its collection and give it that one's colour; other collections stay as they are."""
    collections = armature.data.collections
    for bone in armature.data.bones:
        name = _collection(bone)
        if bone.collections:
            continue
        collection = collections.get(name) or collections.new(name)
        collection.is_visible = name not in _HIDDEN
        collection.assign(bone)
        bone.color.palette = _COLORS[name]
    for place, name in enumerate(name for name in _COLORS if name in collections):
        collections.move(collections.find(name), place)


def _collection(bone) -> str:
    kind, role = bone.get(KIND), bone.get(ROLE, "").removesuffix(".L").removesuffix(".R")
    if kind == CONTROL:
        return "Arms IK" if bone.name.startswith(("hand", "elbow")) else "Legs IK"
    if kind or not role:
        return "Helpers" if kind or bone.parent else "Root"
    if role.startswith(FINGERS):
        return "Fingers"
    return "Arms FK" if role in _ARM else "Legs FK" if role in _LEG else "Torso"

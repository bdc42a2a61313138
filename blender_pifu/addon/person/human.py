# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept with a person's mesh object, and how to find the person of what is active."""

from dataclasses import dataclass

import bpy
import numpy as np
from bpy.props import BoolProperty, CollectionProperty, FloatProperty, StringProperty
from mathutils import Vector

from ...protocol import ErrorKind
from ..errors import UserError
from .armature import KIND, LIMB, ROLE


class PIFU_PG_strength(bpy.types.PropertyGroup):
    """How far the photo shows the expression of that name."""

    value: FloatProperty()


class PIFU_PG_human(bpy.types.PropertyGroup):
    """On an Object; saved with the file."""

    is_human: BoolProperty()
    photo: StringProperty()  # the name that everything of the person has
    topology: StringProperty()
    height_m: FloatProperty()  # asked for; 0 if unknown
    made: StringProperty()  # how, as JSON: settings, photos, weights, licence, version, seconds
    expression: CollectionProperty(type=PIFU_PG_strength)  # the photo's; empty where that is not known


@dataclass(frozen=True)
class Human:
    """A person in the scene: the mesh object, and the armature object that moves it, if any."""

    body: bpy.types.Object
    armature: bpy.types.Object | None

    @property
    def root(self) -> bpy.types.Object:
        """The object that the others of the person hang from."""
        return self.armature or self.body


def find_person(context) -> Human | None:
    """The person whose mesh or armature is active, or the only one of the active object's collections."""
    active = context.view_layer.objects.active
    if active is None:
        return None
    near = [active, *active.children, *(other for group in active.users_collection for other in group.objects)]
    bodies = dict.fromkeys(other for other in near if other.type == "MESH" and other.pifu.is_human)
    return Human(body := next(iter(bodies)), armature_of(body)) if bodies else None


def armature_of(body: bpy.types.Object) -> bpy.types.Object | None:
    """The armature object of the first armature modifier."""
    return next((modifier.object for modifier in body.modifiers if modifier.type == "ARMATURE"), None)


def coordinates(mesh: bpy.types.Mesh) -> np.ndarray:
    """Vertices (V, 3) float64 in the mesh's space."""
    points = np.empty(3 * len(mesh.vertices), np.float32)
    mesh.vertices.foreach_get("co", points)
    return points.reshape(-1, 3).astype(np.float64)


def joints(armature: bpy.types.Object) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Heads and tails (canonical bone -> (3,)) of the rest pose in the armature's space, whatever the bones' names.

    A tail is where the limb ends, also of a bone that does not run along it. Of a canonical bone that the bone set has
    parted the whole is meant.
    """
    heads: dict[str, np.ndarray] = {}
    tails: dict[str, np.ndarray] = {}
    for bone in armature.data.bones:  # parents come first
        if (role := bone.get(ROLE)) and KIND not in bone:
            heads.setdefault(role, np.array(bone.head_local))
            tails[role] = np.array(bone.tail_local)
            if LIMB in bone:
                tails[role] = bone.head_local + bone.length * (bone.matrix_local.to_3x3() @ Vector(bone[LIMB]))
                tails[role] = np.array(tails[role])
    return heads, tails


def own_joints(armature: bpy.types.Object) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], dict[str, str]]:
    """Heads and tails as `joints`, and `role_parents`. Raises UserError where the bones are not the person's own."""
    heads, tails = joints(armature)
    if not heads:
        raise UserError(ErrorKind.POSE, "These bones are not the person's own.", "Take the bones made with it.")
    return heads, tails, role_parents(armature)


def role_parents(armature: bpy.types.Object) -> dict[str, str]:
    """Canonical bone -> the canonical bone that it hangs from, "" for none; parents first."""
    parents: dict[str, str] = {}
    for bone in armature.data.bones:
        if role := bone.get(ROLE):
            above = (parent.get(ROLE, "") for parent in bone.parent_recursive)
            parents.setdefault(role, next((name for name in above if name not in ("", role)), ""))
    return parents


def group_weights(body: bpy.types.Object) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(vertex, group, weight) of every entry of the vertex groups, in the order of vertices."""
    rows, groups, weights = [], [], []
    for vertex in body.data.vertices:
        for entry in vertex.groups:
            rows.append(vertex.index)
            groups.append(entry.group)
            weights.append(entry.weight)
    return np.array(rows, np.int64), np.array(groups, np.int64), np.array(weights, np.float64)


CLASSES = (PIFU_PG_strength, PIFU_PG_human)

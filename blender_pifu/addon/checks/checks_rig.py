# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of the skeleton and of the weights by which it moves the mesh."""

import bpy
import numpy as np

from ..person.armature import ROLE
from ..person.human import Human, coordinates, group_weights
from ..person.influences import MOST_INFLUENCES, idle_bones
from ..person.units import metres_per_unit
from .check import WARNING, MeshMeasures, judge

LEAST_BONES = 15
_STIRRED_M = 1e-4


def check_rig(person: Human, measures: MeshMeasures):
    """Bones, rest pose and weights; without an armature only that there is none."""
    if person.armature is None:
        yield judge("bones", "Skeleton", True, "no armature", 0, worse=WARNING)
        return
    bones = person.armature.data.bones
    roles = {bone.get(ROLE) for bone in bones if bone.use_deform} - {None}
    yield judge("bones", "Skeleton", len(roles) < LEAST_BONES, f"{len(roles)} deforming", len(roles))
    stir = rest_movement(person)
    value = f"moves {stir * 1000:.3f} mm"
    yield judge("rest", "Rest pose", not stir <= _STIRRED_M, value, stir)
    groups = person.body.vertex_groups
    strange = [group.name for group in groups if not (group.name in bones and bones[group.name].use_deform)]
    value = ", ".join(strange[:3]) + " ..." * (len(strange) > 3) if strange else "all of bones"
    yield judge("groups", "Vertex groups", bool(strange), value, len(strange), "Remove Other Groups")
    idle = [bone.name for bone in idle_bones(person)]
    value = f"{len(idle)} move nothing" if idle else "all move something"
    yield judge("idle", "Deforming bones", bool(idle), value, len(idle), "Turn Deform Off", WARNING)
    yield from _check_weights(person, len(measures.points), strange)


def _check_weights(person: Human, count: int, strange: list[str]):
    rows, groups, weights = group_weights(person.body)
    deforms = np.array([group.name not in strange for group in person.body.vertex_groups] + [False])
    keep = deforms[groups] & (weights > 0) if len(rows) else np.zeros(0, bool)
    rows, weights = rows[keep], weights[keep]
    bare = int(count - len(np.unique(rows)))
    yield judge("unweighted", "Weights", bare > 0, f"{bare} without", bare, "Take From Neighbours")
    sums = np.bincount(rows, weights, minlength=count)
    off = float(np.abs(sums[sums > 0] - 1).max(initial=0))
    yield judge("sums", "Weight sums", off > 1e-4, f"off by {off:.2g}", off, "Normalise Weights")
    most = int(np.bincount(rows, minlength=1).max(initial=0))
    yield judge("influences", "Influences", most > MOST_INFLUENCES, f"at most {most}", most, "Limit to 4")


def rest_movement(person: Human) -> float:
    """Metres that the armature modifier moves a vertex at most when every bone is at rest; infinite if it adds some."""
    data, layer = person.armature.data, bpy.context.view_layer
    modifiers = [modifier for modifier in person.body.modifiers if modifier.type == "ARMATURE"]
    pose, shown = data.pose_position, [modifier.show_viewport for modifier in modifiers]
    seen = []
    try:
        data.pose_position = "REST"
        for on in (True, False):
            for modifier in modifiers:
                modifier.show_viewport = on
            layer.update()
            evaluated = person.body.evaluated_get(bpy.context.evaluated_depsgraph_get())
            seen.append(coordinates(evaluated.data))
    finally:
        data.pose_position = pose
        for modifier, on in zip(modifiers, shown, strict=True):
            modifier.show_viewport = on
        layer.update()
    if seen[0].shape != seen[1].shape:
        return float("inf")
    return float(np.linalg.norm(seen[0] - seen[1], axis=1).max(initial=0)) * metres_per_unit(bpy.context.scene)

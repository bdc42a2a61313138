# SPDX-License-Identifier: GPL-3.0-or-later
"""Poses a person by the weights and makes that the rest pose: mesh, expressions, armature and texture stay together."""

from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Matrix, Vector

from ...body_axes import FINGERS
from ...protocol import ErrorKind
from ..checks.fixes import apply_transforms, move
from ..controls.furnish import furnish, has_controls
from ..errors import UserError
from ..person.armature import HELPS, LIMB, ROLE, bone_set_of, connect, editing
from ..person.bones import rest_axes
from ..person.human import Human, coordinates, group_weights, joints, role_parents
from ..person.motion import put_away
from ..person.rigify import is_generated
from ..person.units import metres_per_unit
from .poses import turns

_LEAST = {"upper_arm.L", "upper_arm.R", "forearm.L", "forearm.R", "thigh.L", "thigh.R", "shin.L", "shin.R"}
_SOLE = 0.04  # of the height: what lies in it are the feet, between which the origin is
_TORN, _TORN_M = 4.0, 0.02
_POSED = ("upper_arm", "forearm", "thigh", "shin", "toe", *FINGERS)  # what takes another program's rest pose
_BENT = np.radians(0.5)  # of elbows and knees where inverse kinematics is to bend them further
_NEAR = 3  # steps along the skeleton: armpits and crotches stretch without being torn


@dataclass(frozen=True)
class Torn:
    """Edges that the new pose stretches beyond use: what was one piece in the photo and should be two.

    edges: how many; parts: the pairs of canonical bones far from each other that they join, most edges first.
    """

    edges: int
    parts: tuple[tuple[str, str], ...]


def repose(context, person: Human, pose: str) -> Torn:
    """Make A-pose ("A") or T-pose ("T") the rest pose, feet on the ground. Raises UserError where it cannot.

    Every bone of a bone set moves along, deforming or not; poses of the bones are cleared, and their action is taken
    off. Where that is the rest pose of the program that the bones are for, limbs and axes of the bones become those of
    that program.
    """
    if is_generated(person.armature):
        raise UserError(
            ErrorKind.POSE, "Rigify's controls hold these bones.", "Pose the metarig before generating the rig."
        )
    heads, tails, parents = *joints(person.armature), role_parents(person.armature)
    if not _LEAST <= set(heads):
        raise UserError(
            ErrorKind.POSE,
            "These bones are not the person's own, or arms or legs are missing.",
            "Take the bones made with it.",
        )
    apply_transforms(person)
    heads, tails = joints(person.armature)
    rest = rest_axes(bone_set_of(person.armature), pose)
    controls = has_controls(person.armature)
    ways = _ways(person.armature, rest)
    moves = _moves(person.armature, turns(pose, heads, tails, parents, ways, _BENT if controls else 0.0))
    before = coordinates(person.body.data)
    weights = _weights(person)
    _move_mesh(person.body, weights, moves)
    put_away(person.armature)
    for bone in person.armature.pose.bones:
        bone.matrix_basis.identity()
    with editing(context, context.scene, person.armature) as bones:
        joined = [bone for bone in bones if bone.use_connect]  # Rigify wants some apart that touch
        for bone in bones:
            bone.use_connect = False
        for bone in bones:
            bone.matrix = Matrix(moves[bone.name]) @ bone.matrix
        limbs = _take_axes(bones, person.armature, moves, tails, rest)
        connect(joined)
    for bone in person.armature.data.bones:
        bone.pop(LIMB, None)
        if bone.name in limbs:
            bone[LIMB] = limbs[bone.name]
    furnish(context, context.scene, person.armature, controls)
    torn = _torn(person, weights, before)
    _put_on_ground(person)
    if person.body.pifu.height_m:  # who stood bent in the photo is taller now, as long as the limbs are
        person.body.pifu.height_m = np.ptp(coordinates(person.body.data)[:, 2]) * metres_per_unit(context.scene)
    return torn


def _ways(armature, rest: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Where canonical bones of limbs shall point (3,) so that they run along the axes they are to have."""
    roles = {bone[ROLE]: rest[bone.name][:, 1] for bone in armature.data.bones if ROLE in bone and bone.name in rest}
    return {role: along for role, along in roles.items() if role.startswith(_POSED)}


def _take_axes(edit_bones, armature, moves, tails, rest: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Turn edit bones about their heads to the axes (3, 3) of `rest`; returns bone -> where its limb runs in them."""
    limbs = {}
    for name, axes in rest.items():
        if name not in edit_bones:
            continue
        bone, role = edit_bones[name], armature.data.bones[name][ROLE]
        end = Matrix(moves[name]) @ Vector(tails[role])
        limbs[name] = axes.T @ np.array((end - bone.head).normalized())
        bone.matrix = Matrix.LocRotScale(bone.head, Matrix(axes), None)
    return limbs


def straighten(person: Human) -> None:
    """What mends soles, knees and elbows: A-pose as the new rest pose. Raises UserError where it cannot."""
    repose(bpy.context, person, "A")


def _moves(armature, rotations: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Bone of the armature -> how it moves (4, 4), in armature space."""
    moves: dict[str, np.ndarray] = {}
    led: dict[str, np.ndarray] = {}  # extra bones above all others go where the joint goes at which they stand
    for bone in armature.data.bones:
        above = moves[bone.parent.name] if bone.parent else np.eye(4)
        head = np.array(bone.head_local)
        role = bone.get(ROLE)
        turn = rotations[role] if role else above[:3, :3]
        if bone.get(HELPS) in rotations:
            turn = _halfway(above[:3, :3], rotations[bone[HELPS]])
        own = np.eye(4)
        own[:3, :3] = turn
        own[:3, 3] = above[:3, :3] @ head + above[:3, 3] - turn @ head
        moves[bone.name] = own
    joint = {bone.name: np.array(bone.head_local) for bone in armature.data.bones if bone.get(ROLE)}
    for bone in armature.data.bones:
        if bone.name in joint or any(parent.get(ROLE) for parent in bone.parent_recursive):
            continue
        head = np.array(bone.head_local)
        at = min(joint, key=lambda name: np.linalg.norm(joint[name] - head))
        if np.linalg.norm(joint[at] - head) * metres_per_unit(bpy.context.scene) < 1e-3:
            led[bone.name] = moves[at]
    return moves | led


def _halfway(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """The rotation (3, 3) half-way between two."""
    quaternion = Matrix(first).to_quaternion().slerp(Matrix(second).to_quaternion(), 0.5)
    return np.array(quaternion.to_matrix())


def _weights(person: Human) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """(vertex, bone's number, weight) of every entry that deforms, as a vertex sums to 1, and the bones' names."""
    rows, groups, weights = group_weights(person.body)
    bones = person.armature.data.bones
    names = [group.name for group in person.body.vertex_groups]
    deforms = np.array([name in bones and bones[name].use_deform for name in names])
    keep = deforms[groups] & (weights > 0)
    rows, groups, weights = rows[keep], groups[keep], weights[keep]
    return rows, groups, weights / np.bincount(rows, weights)[rows], names


def _move_mesh(body, weights, moves: dict[str, np.ndarray]) -> None:
    """Linear blend skinning of the vertices and of every shape key, as the armature modifier does it."""
    rows, groups, shares, names = weights
    blended = np.zeros((len(body.data.vertices), 12))
    of_group = np.stack([moves.get(name, np.eye(4))[:3].ravel() for name in names])
    for column in range(12):
        blended[:, column] = np.bincount(rows, shares * of_group[groups, column], minlength=len(blended))
    blended = blended.reshape(-1, 3, 4)
    blended[np.bincount(rows, minlength=len(blended)) == 0] = np.eye(4)[:3]
    keys = body.data.shape_keys.key_blocks if body.data.shape_keys else ()
    for points in (body.data.vertices, *(key.data for key in keys)):
        old = np.empty(3 * len(blended), np.float32)
        points.foreach_get("co", old)
        new = np.einsum("vij,vj->vi", blended[:, :, :3], old.reshape(-1, 3)) + blended[:, :, 3]
        points.foreach_set("co", new.astype(np.float32).ravel())
    body.data.update()


def _torn(person: Human, weights, before: np.ndarray) -> Torn:
    mesh = person.body.data
    edges = np.empty(2 * len(mesh.edges), np.int32)
    mesh.edges.foreach_get("vertices", edges)
    edges = edges.reshape(-1, 2)
    old, new = (np.linalg.norm(p[edges[:, 0]] - p[edges[:, 1]], axis=1) for p in (before, coordinates(mesh)))
    found = np.flatnonzero((new > _TORN * old) & (new * metres_per_unit(bpy.context.scene) > _TORN_M))
    rows, groups, shares, names = weights
    order = np.lexsort((shares, rows))
    strongest = np.zeros(len(mesh.vertices), np.int64)
    strongest[rows[order]] = groups[order]  # the last, the strongest, stays
    bones = person.armature.data.bones
    parents = role_parents(person.armature)
    pairs: dict[tuple[str, str], int] = {}
    for pair in strongest[edges[found]].tolist():
        first, second = sorted(_role(bones[names[group]]) for group in pair)
        if _steps(first, second, parents) > _NEAR or {first[-2:], second[-2:]} == {".L", ".R"}:
            pairs[first, second] = pairs.get((first, second), 0) + 1
    return Torn(sum(pairs.values()), tuple(sorted(pairs, key=pairs.get, reverse=True)))


def _role(bone) -> str:
    """The canonical bone that a bone is, is a part of or lies beside, "" for none."""
    return bone.get(ROLE) or bone.get(HELPS, "")


def _steps(first: str, second: str, parents: dict[str, str]) -> int:
    """From bone to bone along the skeleton."""
    ways = []
    for bone in (first, second):
        way = [bone]
        while way[-1]:
            way.append(parents.get(way[-1], ""))
        ways.append(way)
    return min(ways[0].index(bone) + ways[1].index(bone) for bone in ways[0] if bone in ways[1])


def _put_on_ground(person: Human) -> None:
    points = coordinates(person.body.data)
    low = points[:, 2].min()
    feet = points[points[:, 2] <= low + _SOLE * np.ptp(points[:, 2]), :2]
    middle = (feet.min(0) + feet.max(0)) / 2
    move(person, Matrix.Translation((-middle[0], -middle[1], -low)))


def describe(torn: Torn) -> str:
    """For the artist: what the photo had fused, where there is something torn."""
    pairs = ", ".join(f"{first} and {second}" for first, second in torn.parts[:3])
    return f"{torn.edges} edges are stretched: the photo showed as one {pairs}."


POSES = (
    ("A", "A-Pose", "Arms 45 degrees down, legs a little apart"),
    ("T", "T-Pose", "Arms level, legs a little apart"),
)

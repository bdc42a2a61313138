# SPDX-License-Identifier: GPL-3.0-or-later
"""A-pose and T-pose: how each canonical bone turns from the pose of the photo. numpy only; Blender space.

Each limb is turned by the smallest rotation to where it shall point, and about itself only so that elbow and knee then
bend forward and backward; palms look down, hands are relaxed.
"""

import numpy as np

from ...body_axes import FINGERS, UP, body_left, flexion_axes, forward_of, palm_of, unit

ARM_BELOW_LEVEL_DEG = {"A": 45.0, "T": 0.0}
LEG_OUT_DEG = 5.0
FOOT_OUT_DEG = 7.0
# Where the bones of a finger point in a hand that does nothing: along the hand, to the thumb's side, to the palm.
_RELAXED = {
    "thumb": ((0.37, 0.64, 0.67), (0.71, 0.48, 0.52), (0.79, 0.18, 0.59)),
    "index": ((0.93, 0.14, 0.34), (0.77, 0.08, 0.64), (0.63, 0.07, 0.77)),
    "middle": ((0.90, -0.13, 0.43), (0.75, -0.05, 0.65), (0.58, -0.07, 0.81)),
    "ring": ((0.86, -0.28, 0.42), (0.68, -0.16, 0.71), (0.49, -0.17, 0.85)),
    "little": ((0.77, -0.36, 0.53), (0.51, -0.20, 0.84), (0.38, -0.18, 0.91)),
}
_MOST_TWIST = np.radians(60)  # more wrings the mesh at the shoulder or hip


def directions(pose: str) -> dict[str, np.ndarray]:
    """Where the limbs of a pose ("A" or "T") point: canonical bone -> (3,), unit."""
    down, out = np.radians(ARM_BELOW_LEVEL_DEG[pose]), np.radians(LEG_OUT_DEG)
    result = {}
    for side, sign in ((".L", 1.0), (".R", -1.0)):
        arm = np.array([sign * np.cos(down), 0.0, -np.sin(down)])
        leg = np.array([sign * np.sin(out), 0.0, -np.cos(out)])
        result |= {bone + side: arm for bone in ("upper_arm", "forearm", "hand")}
        result |= {bone + side: leg for bone in ("thigh", "shin")}
    return result


def turns(pose: str, heads, tails, parents: dict[str, str], ways=None, bent: float = 0.0) -> dict[str, np.ndarray]:
    """Canonical bone -> rotation (3, 3) from the rest pose to the pose, in world axes. The person then faces -Y.

    heads, tails: canonical bone -> (3,); parents: canonical bone -> that of its parent or "", parents first; ways:
    where limbs, fingers and toes shall point (canonical bone -> (3,), unit) instead of as in `directions`; bent:
    radians by which elbows and knees that `ways` does not name are bent, as inverse kinematics moves no straight limb.
    """
    ways = ways or {}
    wanted = directions(pose) | {name: way for name, way in ways.items() if not name.startswith((*FINGERS, "toe"))}
    axes = flexion_axes(heads, tails)
    along = {name: unit(tails[name] - heads[name]) for name in heads}
    left = body_left(heads)
    upright = np.stack([left, -forward_of(left), UP])  # rows: what becomes X, Y, Z
    result: dict[str, np.ndarray] = {}
    for name, parent in parents.items():
        before = result.get(parent, upright)
        side = name[-2:] if name[-2:] in (".L", ".R") else ""
        bone = name.removesuffix(side)
        if bone == "foot" and "toe" + side in along:
            result[name] = _flat(along[name], along["toe" + side], _heading(side, ways), before)
        elif name in wanted:
            way = wanted[name]
            if bone in ("forearm", "shin") and name not in ways:
                way = rotation(unit(before @ axes[name]), bent) @ way
            turn = between(before @ along[name], way) @ before
            if bone in ("upper_arm", "thigh"):
                forward = np.array([0.0, -1.0 if bone == "upper_arm" else 1.0, 0.0])
                twist = _twist(turn @ axes[name], np.cross(wanted[name], forward), wanted[name])
                turn = rotation(wanted[name], twist) @ turn
            result[name] = turn
        else:
            result[name] = before
    for side in (".L", ".R"):
        _palm_down(result, heads, along, side)
    fingers = _relaxed_ways(result, heads, along) | ways
    for name in parents:
        if name in fingers and name.startswith(FINGERS):
            before = result[parents[name]]
            result[name] = between(before @ along[name], fingers[name]) @ before
    return result


def _heading(side: str, ways) -> np.ndarray:
    """Where the toes of a side shall point on the ground (3,), unit."""
    if "toe" + side in ways:
        return unit(ways["toe" + side] * [1, 1, 0])
    out = np.radians(FOOT_OUT_DEG) * (1 if side == ".L" else -1)
    return np.array([np.sin(out), -np.cos(out), 0.0])


def _relaxed_ways(rotations, heads, along) -> dict[str, np.ndarray]:
    """Where fingers shall point (canonical bone -> (3,), unit) in hands turned so: nobody's rest pose is a fist."""
    ways = {}
    for side in (".L", ".R"):
        palm = palm_of(heads, along, side)
        if palm is None:
            continue
        ahead = unit(along["hand" + side])
        aside = heads["index_1" + side] - heads["little_1" + side]
        aside = unit(aside - (aside @ ahead) * ahead - (aside @ palm) * palm)
        frame = rotations["hand" + side] @ np.stack([ahead, aside, palm], 1)
        for finger, bones in _RELAXED.items():
            ways |= {f"{finger}_{joint}{side}": unit(frame @ way) for joint, way in enumerate(bones, 1)}
    return ways


def _palm_down(rotations, heads, along, side: str) -> None:
    """Turn a hand with its fingers about itself until the palm looks down, the forearm half as far, as arms do."""
    palm = palm_of(heads, along, side)
    if palm is None:
        return
    arm = rotations["hand" + side] @ along["hand" + side]
    angle = _twist(rotations["hand" + side] @ palm, -UP, arm)
    for name in rotations:
        if name.endswith(side) and name.startswith(("hand", *FINGERS)):
            rotations[name] = rotation(arm, angle) @ rotations[name]
    forearm = rotations["forearm" + side] @ along["forearm" + side]
    rotations["forearm" + side] = rotation(forearm, angle / 2) @ rotations["forearm" + side]


def between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The smallest rotation (3, 3) from direction a to b."""
    axis = np.cross(a, b)
    sine = np.linalg.norm(axis)
    if sine < 1e-9:
        if a @ b > 0:
            return np.eye(3)
        axis = np.cross(a, UP if abs(a[2]) < 0.9 else np.array([1.0, 0.0, 0.0]))
    return rotation(unit(axis), np.arctan2(sine, a @ b))


def rotation(axis: np.ndarray, angle: float) -> np.ndarray:
    """Rotation (3, 3) by `angle` radians about the unit `axis` (Rodrigues' formula)."""
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def _twist(now: np.ndarray, wanted: np.ndarray, about: np.ndarray) -> float:
    """Radians about `about` that bring direction `now` to `wanted`, within _MOST_TWIST."""
    now, wanted = (unit(vector - (vector @ about) * about) for vector in (now, wanted))
    angle = np.arctan2(np.cross(now, wanted) @ about, now @ wanted)
    return float(np.clip(angle, -_MOST_TWIST, _MOST_TWIST))


def _flat(foot: np.ndarray, toe: np.ndarray, heading: np.ndarray, before: np.ndarray) -> np.ndarray:
    """The turn of a foot that lays its sole on the ground, toes where they head."""
    aside = np.cross(toe, foot)  # to the left, for the foot falls forward
    if np.linalg.norm(aside) < 0.15:
        return between(before @ toe, heading) @ before
    aside = unit(aside)
    now = np.stack([toe, aside, np.cross(toe, aside)], 1)
    level = np.cross(UP, heading)
    return np.stack([heading, level, np.cross(heading, level)], 1) @ now.T

# SPDX-License-Identifier: GPL-3.0-or-later
"""Poses as people take them for a photo: mostly standing and frontal with straight knees, some walking, some hard.

Limbs are placed by where they point, not by joint angles: each bone is turned by the smallest rotation from where its
parent leaves it to the wanted direction, so no preset depends on the rest pose.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from .body import Body
from .hands import draw_hand

UP, FORWARD = np.array([0.0, 0, 1]), np.array([0.0, -1, 0])
SPINE = ("spine05", "spine04", "spine03", "spine02", "spine01")
KINDS = {"stand": 0.66, "step": 0.17, "hard": 0.17}


@dataclass(frozen=True)
class Pose:
    """`rotations: (104, 3, 3)` for `Body.bone_transforms`, and its class ("stand", "step", "hard")."""

    rotations: np.ndarray
    kind: str


def degrees(rng: np.random.Generator, mean: float, sigma: float) -> float:
    """A normal angle cut at two sigmas, in radians."""
    return np.radians(mean + sigma * np.clip(rng.normal(), -2, 2))


def turn(axis: np.ndarray, angle: float) -> np.ndarray:
    """(3, 3) rotation by `angle` radians about `axis`."""
    return Rotation.from_rotvec(angle * axis / np.linalg.norm(axis)).as_matrix()


def between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The smallest rotation (3, 3) that turns direction a into b."""
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    axis = np.cross(a, b)
    sine, cosine = np.linalg.norm(axis), float(a @ b)
    if sine < 1e-8:
        return np.eye(3) if cosine > 0 else turn(np.cross(a, [0.3, 0.5, 0.8]), np.pi)
    return turn(axis, np.arctan2(sine, cosine))


class Rigging:
    """Accumulates rotations bone by bone, parents first."""

    def __init__(self, body: Body, heads: np.ndarray):
        self.body, self.heads = body, heads
        self.rotations = np.tile(np.eye(3), (len(body.bones), 1, 1))

    def frame(self, bone: str) -> np.ndarray:
        """The turned frame (3, 3) a bone stands in."""
        chain, b = np.eye(3), self.body.bone[bone]
        while b >= 0:
            chain, b = self.rotations[b] @ chain, self.body.parents[b]
        return chain

    def rest_direction(self, bone: str, end: str) -> np.ndarray:
        return self.heads[self.body.bone[end]] - self.heads[self.body.bone[bone]]

    def rotate(self, bone: str, rotation: np.ndarray) -> None:
        """Turn a bone, about world axes of the rest pose, on top of what it has."""
        b = self.body.bone[bone]
        self.rotations[b] = rotation @ self.rotations[b]

    def point(self, bone: str, end: str, direction: np.ndarray) -> None:
        """Turn `bone` so that it points along `direction` (world), by the smallest rotation."""
        frame = self.frame(bone)
        self.rotate_world(bone, between(frame @ self.rest_direction(bone, end), direction))

    def rotate_world(self, bone: str, rotation: np.ndarray) -> None:
        """Turn a bone by a rotation given in posed world axes."""
        b = self.body.bone[bone]
        parent = self.frame(self.body.bones[self.body.parents[b]]) if self.body.parents[b] >= 0 else np.eye(3)
        self.rotations[b] = parent.T @ rotation @ parent @ self.rotations[b]

    def position(self, bone: str) -> np.ndarray:
        """Where a bone's head is now."""
        b = self.body.bone[bone]
        parent = self.body.parents[b]
        if parent < 0:
            return self.heads[b]
        name = self.body.bones[parent]
        return self.position(name) + self.frame(name) @ (self.heads[b] - self.heads[parent])


def sample_kind(rng: np.random.Generator) -> str:
    """Draw a pose's class: the first thing `sample_pose` does."""
    return str(rng.choice(list(KINDS), p=list(KINDS.values())))


def sample_pose(body: Body, heads: np.ndarray, rng: np.random.Generator) -> Pose:
    """Draw a pose for a body whose bone heads in rest are `heads: (104, 3)` metres."""
    kind = sample_kind(rng)
    rig = Rigging(body, heads)
    _trunk(rig, rng, kind)
    _legs(rig, rng, kind)
    arms = _draw_arms(rng, kind)
    for side, preset in zip(("L", "R"), arms, strict=True):
        _arm(rig, rng, side, preset)
        _hand(rig, rng, side, preset)
    root = body.bone["root"]
    yaw = degrees(rng, 0, 18) if rng.random() > (0.4 if kind == "hard" else 0.08) else rng.uniform(-np.pi, np.pi)
    camera = turn(np.array([1.0, 0, 0]), degrees(rng, 0, 5)) @ turn(FORWARD, degrees(rng, 0, 2))
    rig.rotations[root] = camera @ turn(UP, yaw) @ rig.rotations[root]
    return Pose(rig.rotations, kind)


def _trunk(rig: Rigging, rng: np.random.Generator, kind: str) -> None:
    spread = 3.0 if kind == "hard" else 1.2
    for bone in SPINE:
        bend = Rotation.from_euler("xyz", [degrees(rng, 0.5, spread) for _ in range(3)]).as_matrix()
        rig.rotate(bone, bend)
    look = [degrees(rng, 2, 4), degrees(rng, 0, 3), degrees(rng, 0, 8)]
    for bone in ("neck01", "head"):
        rig.rotate(bone, Rotation.from_euler("xyz", look).as_matrix())


def _legs(rig: Rigging, rng: np.random.Generator, kind: str) -> None:
    """Hip: flexion forward and abduction outward; knee: flexion backward; all in the pelvis frame."""
    relaxed = int(rng.integers(2))  # which leg does not carry the weight
    crouch = rng.uniform(50, 105) if kind == "hard" and rng.random() < 0.4 else 0.0
    stride = rng.uniform(6, 24) * rng.choice([-1, 1]) if kind == "step" else 0.0
    # Feet under the hips; together; well apart.
    abduction = (degrees(rng, 4, 2.5), degrees(rng, -0.5, 1), degrees(rng, 10, 4))[rng.choice(3, p=[0.66, 0.2, 0.14])]
    for i, side in enumerate(("L", "R")):
        sign = 1 if side == "L" else -1
        flexion = np.degrees(degrees(rng, 0, 2.0))
        knee = abs(np.degrees(degrees(rng, 0, 2.0)))
        if kind == "stand" and i == relaxed and rng.random() < 0.3:
            flexion, knee = rng.uniform(4, 14), rng.uniform(8, 28)
        elif kind == "step":
            flexion += sign * stride
            knee += rng.uniform(2, 10) if sign * stride > 0 else rng.uniform(4, 28)
        elif crouch:
            flexion, knee = crouch + rng.uniform(-12, 12), crouch + rng.uniform(-15, 25)
        elif kind == "hard":
            flexion, knee = rng.uniform(-20, 75), rng.uniform(0, 80)
            if knee < flexion * 0.5 and rng.random() < 0.7:
                knee = flexion * 0.5
        out = abduction + (rng.uniform(0, 0.35) if kind == "hard" else 0.0)
        thigh = np.array([sign * np.sin(out), -np.sin(np.radians(flexion)), -np.cos(np.radians(flexion))])
        bent = np.radians(flexion - knee)
        shin = np.array([sign * np.sin(out) * 0.9, -np.sin(bent), -np.cos(bent)])
        toes_out = sign * degrees(rng, 8, 8)
        rig.rotate(f"upperleg01.{side}", turn(UP, toes_out * 0.6))
        rig.point(f"upperleg01.{side}", f"lowerleg01.{side}", thigh)
        rig.point(f"lowerleg01.{side}", f"foot.{side}", shin)
        level = turn(UP, toes_out) @ turn(np.array([1.0, 0, 0]), max(0.0, -bent) * rng.uniform(0, 0.9))
        foot = rig.frame(f"foot.{side}")
        rig.rotate_world(f"foot.{side}", level @ foot.T)


ARMS = {  # preset: how often, both arms alike or not
    "hang": 0.40,
    "near": 0.12,
    "hip": 0.07,
    "pocket": 0.09,
    "front": 0.08,
    "behind": 0.05,
    "crossed": 0.05,
    "a_pose": 0.05,
    "t_pose": 0.03,
    "bent": 0.06,
    "raised": 0.03,
}


def _draw_arms(rng: np.random.Generator, kind: str) -> tuple[str, str]:
    names, odds = list(ARMS), np.array(list(ARMS.values()))
    if kind == "hard":
        odds = odds + 0.1
    odds = odds / odds.sum()
    first, second = (str(name) for name in rng.choice(names, 2, p=odds))
    if first == "crossed" or second == "crossed":
        return "crossed", "crossed"
    return (first, first) if rng.random() < 0.6 else (first, second)


def _arm(rig: Rigging, rng: np.random.Generator, side: str, preset: str) -> None:
    sign = 1 if side == "L" else -1
    trunk = rig.frame("spine01")
    upper, lower, wrist = f"upperarm01.{side}", f"lowerarm01.{side}", f"wrist.{side}"
    lift = {"t_pose": 12, "raised": 25}.get(preset, 0) + np.degrees(degrees(rng, 0, 3))
    rig.rotate(f"clavicle.{side}", turn(FORWARD, -sign * np.radians(lift)))
    lean = degrees(rng, 0, 6)

    def toward(outward: float, forward: float) -> np.ndarray:
        """A direction `outward` degrees from straight down, `forward` degrees to the front."""
        a, f = np.radians(outward), np.radians(forward)
        return trunk @ np.array([sign * np.sin(a), -np.cos(a) * np.sin(f), -np.cos(a) * np.cos(f)])

    hips = rig.position(f"upperleg01.{side}")
    targets = {
        "hip": hips
        + trunk @ np.array([sign * rng.uniform(0.05, 0.09), rng.uniform(-0.05, 0.02), rng.uniform(0.06, 0.14)]),
        "pocket": hips
        + trunk @ np.array([sign * rng.uniform(0.06, 0.10), rng.uniform(-0.07, 0.0), rng.uniform(-0.02, 0.06)]),
        "front": hips
        + trunk @ np.array([-sign * rng.uniform(0.02, 0.09), rng.uniform(-0.16, -0.12), rng.uniform(0.0, 0.2)]),
        "behind": hips
        + trunk @ np.array([-sign * rng.uniform(0.03, 0.09), rng.uniform(0.14, 0.18), rng.uniform(0.0, 0.1)]),
        "crossed": rig.position("spine02")
        + trunk @ np.array([-sign * rng.uniform(0.06, 0.11), -0.19 - 0.02 * sign, rng.uniform(0.0, 0.06)]),
    }
    if preset in targets:
        reach(rig, side, targets[preset], trunk @ np.array([sign * 0.8, 0.55 if preset != "crossed" else 0.1, -0.35]))
        return
    outward, forward, bend = {
        "hang": (8 + abs(rng.normal(0, 6)), rng.normal(-3, 7), abs(rng.normal(12, 9))),
        "near": (rng.uniform(3, 8), rng.normal(0, 4), rng.uniform(2, 25)),
        "a_pose": (rng.uniform(25, 50), rng.normal(0, 6), abs(rng.normal(5, 8))),
        "t_pose": (rng.uniform(70, 95), rng.normal(0, 6), abs(rng.normal(4, 6))),
        "bent": (rng.uniform(5, 30), rng.normal(0, 20), rng.uniform(50, 125)),
        "raised": (rng.uniform(100, 165), rng.normal(5, 15), rng.uniform(0, 70)),
    }[preset]
    direction = toward(outward, forward) + lean * 0.3 * (trunk @ FORWARD)
    rig.point(upper, lower, direction)
    side_swing = rng.normal(0, 0.25)
    hinge = np.cross(
        direction, trunk @ (FORWARD if outward < 60 else UP) + side_swing * (trunk @ np.array([sign, 0, 0]))
    )
    rig.point(lower, wrist, turn(hinge, np.radians(bend)) @ direction)


def reach(rig: Rigging, side: str, target: np.ndarray, pole: np.ndarray) -> None:
    """Two-bone inverse kinematics: wrist to `target`, elbow towards `pole`."""
    upper, lower, wrist = f"upperarm01.{side}", f"lowerarm01.{side}", f"wrist.{side}"
    shoulder = rig.position(upper)
    a, b = (np.linalg.norm(rig.rest_direction(*pair)) for pair in ((upper, lower), (lower, wrist)))
    line = target - shoulder
    distance = np.clip(np.linalg.norm(line), abs(a - b) + 0.02, 0.995 * (a + b))
    line = line / np.linalg.norm(line)
    along = (a * a + distance * distance - b * b) / (2 * distance)
    aside = pole - (pole @ line) * line
    aside *= np.sqrt(max(a * a - along * along, 0)) / np.linalg.norm(aside)
    elbow = shoulder + along * line + aside
    rig.point(upper, lower, elbow - shoulder)
    rig.point(lower, wrist, shoulder + distance * line - elbow)


def _hand(rig: Rigging, rng: np.random.Generator, side: str, preset: str) -> None:
    """Fingers bend about the line on which they are bent in rest and spread about the palm's normal; the wrist turns
    about the forearm."""
    forearm = rig.rest_direction(f"lowerarm01.{side}", f"wrist.{side}")
    sign = 1 if side == "L" else -1
    twist = degrees(rng, 0, 22) * sign
    rig.rotate(f"lowerarm02.{side}", turn(forearm, 0.5 * twist))
    rig.rotate(f"wrist.{side}", turn(forearm, 0.5 * twist) @ turn(np.cross(forearm, UP), degrees(rng, 0, 10)))
    bends, spread = (np.radians(angles) for angles in draw_hand(rng, preset))
    knuckles = [rig.heads[rig.body.bone[f"finger{finger}-1.{side}"]] for finger in (2, 5)]
    wrist = rig.heads[rig.body.bone[f"wrist.{side}"]]
    palm = np.cross(knuckles[0] - wrist, knuckles[1] - wrist)
    for finger in range(1, 6):
        heads = [rig.heads[rig.body.bone[f"finger{finger}-{joint}.{side}"]] for joint in (1, 2, 3)]
        hinge = np.cross(heads[1] - heads[0], heads[2] - heads[1])
        rig.rotate(f"finger{finger}-1.{side}", turn(palm, -spread[finger - 1]))
        for joint in (1, 2, 3):
            rig.rotate(f"finger{finger}-{joint}.{side}", turn(hinge, bends[finger - 1, joint - 1]))

# SPDX-License-Identifier: GPL-3.0-or-later
"""What hands hold before the body: phones, cups, boxes, tablets; and the arms that hold it."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..body import Body
from ..pose import Rigging, reach, turn
from .accessories import Solid, box, tube

# How often each is held, given that something is; then how far the four fingers bend, degrees a joint.
THINGS = {"phone": (0.34, 38), "cup": (0.24, 46), "bottle": (0.1, 48), "box": (0.16, 8), "tablet": (0.16, 22)}
BOTH = ("box", "tablet")
FOREARM_TURN = np.radians(80)  # most a forearm turns about itself


@dataclass(frozen=True)
class Hold:
    """`kind` of THINGS; `sides` of the hands that hold it ("L", "R"); `half (3,)` metres: half sizes of the thing."""

    kind: str
    sides: tuple[str, ...]
    half: np.ndarray


def draw_hold(rng: np.random.Generator) -> Hold:
    """A random thing."""
    kind = str(rng.choice(list(THINGS), p=[share for share, _ in THINGS.values()]))
    half = {
        "phone": lambda: np.array([rng.uniform(0.034, 0.039), 0.0045, rng.uniform(0.068, 0.08)]),
        "cup": lambda: np.array([1, 1, 0]) * rng.uniform(0.033, 0.043) + [0, 0, rng.uniform(0.04, 0.075)],
        "bottle": lambda: np.array([1, 1, 0]) * rng.uniform(0.03, 0.036) + [0, 0, rng.uniform(0.09, 0.12)],
        "box": lambda: np.array([rng.uniform(0.09, 0.2), rng.uniform(0.06, 0.15), rng.uniform(0.05, 0.16)]),
        "tablet": lambda: np.array([rng.uniform(0.09, 0.16), rng.uniform(0.004, 0.015), rng.uniform(0.08, 0.13)]),
    }[kind]()
    sides = ("L", "R") if kind in BOTH else (str(rng.choice(["L", "R"])),)
    return Hold(kind, sides, half)


def hold_pose(body: Body, heads: np.ndarray, rotations: np.ndarray, hold: Hold, rng) -> np.ndarray:
    """The rotations (104, 3, 3) of a pose with the arms of `hold.sides` bent before the body."""
    rig = Rigging(body, heads)
    rig.rotations = rotations.copy()
    trunk = rig.frame("spine01")
    height = rng.uniform(-0.02, 0.16) if hold.kind in BOTH else rng.uniform(-0.02, 0.24)
    ahead = rng.uniform(0.24, 0.34) + (hold.half[1] if hold.kind == "box" else 0)
    for side in hold.sides:
        sign = 1 if side == "L" else -1
        _straighten(rig, side)
        aside = hold.half[0] + 0.03 if hold.kind in BOTH else rng.uniform(0.0, 0.14)
        middle = rig.position("spine03")
        target = middle + trunk @ np.array([sign * aside, -ahead + 0.08 * (hold.kind in BOTH), height])
        reach(rig, side, target, trunk @ np.array([sign * 0.7, 0.5, -0.6]))
        inward = trunk @ np.array([-sign, 0.0, 0.0])
        if hold.kind == "phone":
            inward = trunk @ np.array([-0.5 * sign, 0.75, 0.35])  # its screen to the face
        _face_palm(rig, side, inward)
        _bend_fingers(rig, side, THINGS[hold.kind][1], rng)
    return rig.rotations


def _straighten(rig: Rigging, side: str) -> None:
    """An arm as in rest."""
    first = rig.body.bone[f"clavicle.{side}"]
    below = {first}
    for b, parent in enumerate(rig.body.parents):
        if parent in below:
            below.add(b)
    rig.rotations[sorted(below)] = np.eye(3)


def knuckles(points: np.ndarray, body: Body, side: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of bone heads `points (104, 3)`: the wrist, the way along the hand and the way out of the palm, unit."""
    wrist, along, out = _hand(points, body, side)
    return wrist, along, _palm_sign(body) * out


def _hand(points: np.ndarray, body: Body, side: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    at = {finger: points[body.bone[f"finger{finger}-1.{side}"]] for finger in (2, 3, 5)}
    wrist = points[body.bone[f"wrist.{side}"]]
    along = at[3] - wrist
    out = np.cross(at[2] - wrist, at[5] - wrist) * (1 if side == "L" else -1)
    return wrist, along / np.linalg.norm(along), out / np.linalg.norm(out)


@lru_cache(maxsize=1)
def _palm_sign(body: Body) -> float:
    """1 or -1: fingers at rest are bent a little towards the palm."""
    a, b, c = (body.mean_heads[body.bone[f"finger3-{joint}.L"]] for joint in (1, 2, 3))
    bend = (c - b) / np.linalg.norm(c - b) - (b - a) / np.linalg.norm(b - a)
    return float(np.sign(bend @ _hand(body.mean_heads, body, "L")[2]))


def _face_palm(rig: Rigging, side: str, wanted: np.ndarray) -> None:
    """Turn forearm and wrist about the forearm until the palm looks along `wanted` as far as it can."""
    body = rig.body
    points = np.stack([rig.position(name) for name in body.bones])
    wrist, _, out = knuckles(points, body, side)
    axis = wrist - points[body.bone[f"lowerarm01.{side}"]]
    axis /= np.linalg.norm(axis)
    flat, goal = (v - (v @ axis) * axis for v in (out, wanted))
    angle = np.arctan2(axis @ np.cross(flat, goal), flat @ goal)
    angle = float(np.clip(angle, -FOREARM_TURN, FOREARM_TURN))
    rig.rotate_world(f"lowerarm02.{side}", turn(axis, 0.5 * angle))
    rig.rotate_world(f"wrist.{side}", turn(axis, 0.5 * angle))


def _bend_fingers(rig: Rigging, side: str, bend: float, rng) -> None:
    for finger in range(1, 6):
        heads = [rig.heads[rig.body.bone[f"finger{finger}-{joint}.{side}"]] for joint in (1, 2, 3)]
        hinge = np.cross(heads[1] - heads[0], heads[2] - heads[1])
        amount = np.radians((0.4 if finger == 1 else 1.0) * bend * rng.uniform(0.85, 1.15))
        for joint in (1, 2, 3):
            rig.rotate(f"finger{finger}-{joint}.{side}", turn(hinge, amount))


def held_solids(body: Body, joints: np.ndarray, hold: Hold, towards: np.ndarray, rng) -> list[Solid]:
    """The thing in the hands, posed; `joints (104, 3)` bone heads, `towards (3, 3)`: rows left, ahead, up of the
    trunk."""
    grips, ways = [], []
    for side in hold.sides:
        wrist, along, out = knuckles(joints, body, side)
        gap = hold.half[0] if hold.kind in ("cup", "bottle") else 0.012
        grips.append(wrist + 0.085 * along + (0.012 + gap) * out)
        ways.append((along, out))
    color = np.clip(rng.uniform(0.05, 0.95) * rng.normal(1, 0.25, 3), 0.03, 0.97)
    if hold.kind in BOTH:
        axes = np.stack([towards[0], towards[1], towards[2]])
        across = grips[0] - grips[1]
        half = hold.half.copy()
        half[0] = max(0.5 * abs(float(across @ axes[0])) + 0.004, 0.03)
        lean = rng.uniform(-0.1, 0.5) if hold.kind == "tablet" else 0.0
        axes = axes @ turn(towards[0], lean).T
        color = np.array([0.62, 0.46, 0.3]) * rng.uniform(0.7, 1.2) if rng.random() < 0.4 else color
        middle = 0.5 * (grips[0] + grips[1]) + 0.5 * half[1] * towards[1]
        return [Solid(*box(middle, axes, half, rng.uniform(9, 16)), color, float(rng.uniform(0, 0.4)))]
    along, out = ways[0]
    across = np.cross(out, along)
    if hold.kind == "phone":
        axes = np.stack([across, out, along])
        centre = grips[0] + 0.03 * along
        case = Solid(*box(centre, axes, hold.half, 9), color * rng.choice([0.2, 1.0]), 0.5)
        lit = np.array([0.5, 0.6, 0.75]) * rng.uniform(0.05, 1.3)
        screen = box(centre + out * 0.002, axes, hold.half * [0.93, 0.8, 0.95], 9)
        return [case, Solid(*screen, np.clip(lit, 0, 1), 0.7)]
    up = across * np.sign(across @ towards[2])
    return _vessel(hold, grips[0], up, out, color, rng)


def _vessel(hold: Hold, centre, up, aside, color, rng) -> list[Solid]:
    """A cup with a lid and a sleeve, a mug, or a bottle with a neck."""
    tall, radius = hold.half[2], hold.half[0]
    if hold.kind == "bottle":
        heights = np.array([-1, -0.98, 0.45, 0.7, 0.8, 1.0])
        widths = np.array([0.9, 1, 1, 0.5, 0.38, 0.38]) * radius
    else:
        taper = rng.uniform(0.72, 1.0)
        heights, widths = np.array([-1, -0.97, 0, 0.97, 1.0]), np.array([taper * 0.95, taper, 0.5 + taper / 2, 1, 0.97])
        widths = widths * radius
    path = centre + heights[:, None] * tall * up
    side = np.tile(aside, (len(path), 1))
    solids = [Solid(*tube(path, widths, widths, side, False), color, float(rng.uniform(0.1, 0.7)))]
    top = rng.uniform(0.1, 0.9, 3) if rng.random() < 0.5 else np.full(3, 0.92)
    lid = centre + np.array([[0.99], [1.0], [1.09], [1.1]]) * tall * up
    scale = widths[-1] * np.array([1.06, 1.08, 1.0, 0.9])
    solids.append(Solid(*tube(lid, scale, scale, side[:4], False), top, 0.3))
    return solids

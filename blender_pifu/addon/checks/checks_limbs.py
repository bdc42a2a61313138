# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of how the person stands: both soles on the ground, knees and elbows bent as joints bend. By the rest pose."""

import bpy
import numpy as np

from ...body_axes import UP, body_left, forward_of, unit
from ..person.human import Human, joints
from ..person.units import metres_per_unit
from .check import WARNING, MeshMeasures, judge

STRAIGHTEN, STRAIGHTENED = "To A-Pose", ("sole_left", "sole_right", "knees", "elbows")
MOST_RAISED, MOST_DIP_DEG = 0.02, 12.0  # of the height, from the lowest point to a sole; toes below the heel or above
STEP, MOST_STEP_DEG = 0.08, 50.0  # of the height, by which who walks has a foot behind the other; its heel is lifted so
BACKWARD_DEG, SIDEWAYS_DEG, KNEE_DEG, ELBOW_DEG = 8.0, 15.0, 150.0, 155.0  # what joints allow
WIDE, BIN, HIGH = 0.05, 0.009, 0.045  # of the height: round the foot's line, along it, and from its lowest point up
_SIDES = ((".L", "left", "Left sole"), (".R", "right", "Right sole"))


def check_limbs(person: Human, measures: MeshMeasures):
    """Soles, knees and elbows; nothing where the bones are not there."""
    if person.armature is None:
        return
    world = np.array(person.armature.matrix_world)[:3] * metres_per_unit(bpy.context.scene)
    heads, tails = (
        {name: world[:, :3] @ place + world[:, 3] for name, place in places.items()}
        for places in joints(person.armature)
    )
    forward = forward_of(body_left(heads))
    apart = (heads["foot.L"] - heads["foot.R"]) @ forward if {"foot.L", "foot.R"} <= heads.keys() else 0.0
    for side, word, label in _SIDES:
        if "foot" + side in heads:
            raised, dip = sole(measures.points, heads["foot" + side], tails.get("toe" + side, tails["foot" + side]))
            height, ahead = np.ptp(measures.points[:, 2]), apart if side == ".L" else -apart
            bad = raised > MOST_RAISED * height
            bad |= not -MOST_DIP_DEG < dip < (MOST_STEP_DEG if ahead < -STEP * height else MOST_DIP_DEG)
            value = f"{raised * 100:.1f} cm up, {abs(dip):.0f}\u00b0 {'down' if dip > 0 else 'up'}"
            yield judge(f"sole_{word}", label, bad, value, raised, STRAIGHTEN, WARNING)
    for id_, label, bends, most in (("knees", "Knees", knee, KNEE_DEG), ("elbows", "Elbows", elbow, ELBOW_DEG)):
        found = [bends(heads, tails, side) for side, *_ in _SIDES]
        found = [angles for angles in found if angles]
        if found:
            bent, wrong = max(bent for bent, _ in found), max(wrong for _, wrong in found)
            value = f"bent {bent:.0f}\u00b0, wrongly {wrong:.0f}\u00b0"
            yield judge(id_, label, bent > most or wrong > BACKWARD_DEG, value, wrong, STRAIGHTEN, WARNING)


def sole(points: np.ndarray, ankle: np.ndarray, toe: np.ndarray) -> tuple[float, float]:
    """Metres from the lowest of points (V, 3) up to a foot's own lowest, and degrees by which its sole falls towards
    the toes."""
    height, along = np.ptp(points[:, 2]), unit((toe - ankle) * (1, 1, 0))
    off = points - ankle
    share = np.clip(off @ along, 0, np.linalg.norm((toe - ankle)[:2]))
    near = np.linalg.norm((off - share[:, None] * along)[:, :2], axis=1) < WIDE * height
    near &= points[:, 2] < ankle[2]
    if not near.any():
        return float(ankle[2] - points[:, 2].min()), 0.0
    foot, place = points[near], np.floor(off[near] @ along / (BIN * height)).astype(int)
    foot, place = foot[keep := foot[:, 2] < foot[:, 2].min() + HIGH * height], place[keep]
    low = np.full(np.ptp(place) + 1, np.inf)
    np.minimum.at(low, place - place.min(), foot[:, 2])
    bins = np.flatnonzero(np.isfinite(low))[1:-1]  # heel and toes are round
    slope = np.polyfit(bins * BIN * height, low[bins], 1)[0] if len(bins) > 3 else 0.0
    return float(foot[:, 2].min() - points[:, 2].min()), float(-np.degrees(np.arctan(slope)))


def knee(heads, tails, side: str) -> tuple[float, float] | None:
    """Degrees by which a knee is bent, and by which it is so as knees do not: forward beyond straight, or, beyond what
    is given to everybody, to the side."""
    if not {"thigh" + side, "shin" + side} <= heads.keys():
        return None
    left = body_left(heads)
    toes = tails.get("foot" + side, tails["shin" + side]) - heads.get("foot" + side, tails["shin" + side])
    forward = unit(toes * (1, 1, 0)) if np.linalg.norm(toes[:2]) > 1e-6 else forward_of(left)
    thigh, shin = (unit(tails[bone + side] - heads[bone + side]) for bone in ("thigh", "shin"))
    forward = unit(forward - (forward @ thigh) * thigh)
    aside = np.degrees(np.arcsin(np.clip(abs(shin @ np.cross(thigh, forward)), 0, 1))) - SIDEWAYS_DEG
    return _bend(thigh, shin), max(0.0, float(np.degrees(np.arcsin(np.clip(shin @ forward, -1, 1)))), aside)


def elbow(heads, tails, side: str) -> tuple[float, float] | None:
    """Degrees by which an elbow is bent, and by which it is so as elbows do not, however the arm is turned: back and
    outward at once."""
    if not {"upper_arm" + side, "forearm" + side} <= heads.keys():
        return None
    outward = body_left(heads) * (1 if side == ".L" else -1)
    upper, lower = (unit(tails[bone + side] - heads[bone + side]) for bone in ("upper_arm", "forearm"))
    aside = lower - (lower @ upper) * upper
    if upper @ UP > -0.5:  # raised: back and outward are not told so
        return _bend(upper, lower), 0.0
    back = min(-(aside @ forward_of(body_left(heads))), aside @ outward)
    return _bend(upper, lower), max(0.0, float(np.degrees(np.arcsin(np.clip(back, -1, 1)))))


def _bend(a, b):
    return float(np.degrees(np.arccos(np.clip(a @ b, -1, 1))))

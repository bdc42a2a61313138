# SPDX-License-Identifier: GPL-3.0-or-later
"""Forearms that cross before the trunk lie one before the other: fitted to one surface, they lie at one depth."""

from dataclasses import replace

import numpy as np

from ..body.bones import INDEX, PARENTS, SIDES
from ..body.fit import Fit
from ..body.model import load_body
from .cloth import with_turned_bone

APART_M = 0.068  # of a 1.7 m body, between the axes of forearms where they cross
MOST_MOVED_M = 0.06  # that an elbow is brought forward or back
NEAR = -0.05, 1.15  # along forearms, from elbow to wrist, where they may cross


def one_before_other(fit: Fit) -> Fit:
    """The fit with the elbows of crossed arms turned about the lines from shoulders to wrists, which stay, until the
    forearms pass each other; before is the one that is, or whose hand alone is seen."""
    body = load_body()
    heads = fit.rows[body.head_rows].astype(np.float64)
    elbows, wrists = (np.stack([heads[INDEX[bone + side]] for side in SIDES]) for bone in ("forearm", "hand"))
    along = wrists - elbows
    system = np.stack([along[0, :2], -along[1, :2]], 1)
    if abs(np.linalg.det(system)) < 1e-9:
        return fit
    share = np.linalg.solve(system, (elbows[1] - elbows[0])[:2])
    if not ((share > NEAR[0]) & (share < NEAR[1])).all():
        return fit
    depth = (elbows + share[:, None] * along)[:, 2]
    seen = [side not in fit.hidden for side in SIDES]
    front = seen.index(True) if sum(seen) == 1 else int(depth.argmax())
    short = APART_M - (depth[front] - depth[1 - front]) / fit.metre
    if short <= 0:
        return fit
    for which, side in enumerate(SIDES):
        moved = min(short / 2 / max(1 - share[which], 0.3), MOST_MOVED_M) * (1 if which == front else -1)
        fit = _elbow_moved(fit, side, moved * fit.metre)
    return fit


def _elbow_moved(fit, side, nearer):
    """The fit with an elbow brought so many field units nearer to the camera, its wrist and hand where they were."""
    body = load_body()
    heads = fit.rows[body.head_rows].astype(np.float64)
    shoulder, elbow, wrist = (heads[INDEX[bone + side]] for bone in ("upper_arm", "forearm", "hand"))
    axis = (wrist - shoulder) / max(float(np.linalg.norm(wrist - shoulder)), 1e-9)
    moves = float(np.cross(axis, elbow - shoulder)[2])  # the elbow, towards the camera, a radian
    reach = float(np.linalg.norm(np.cross(axis, elbow - shoulder)))
    if abs(moves) < 0.5 * reach or reach < 1e-9:
        return fit  # it would go up or down instead
    moved = with_turned_bone(body, fit, "upper_arm" + side, np.clip(nearer / moves, -0.5, 0.5) * axis)
    hand = INDEX["hand" + side]
    before, after = (body.chain(one.pose, body.rest(one.pose.shape)[body.head_rows])[0] for one in (fit, moved))
    rotations = moved.pose.rotations.clone()
    rotations[hand] = after[PARENTS[hand]].T @ before[hand]
    pose = replace(moved.pose, rotations=rotations)
    return replace(moved, pose=pose, rows=body.pose(pose).numpy())

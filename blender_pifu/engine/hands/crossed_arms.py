# SPDX-License-Identifier: GPL-3.0-or-later
"""Arms before the trunk lie one before the other: fitted to one surface, they lie at one depth."""

from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from ..body.bones import INDEX, PARENTS, SIDES
from ..body.fit import Fit
from ..body.model import load_body
from ..layout.crossings import crossing_pairs
from .cloth import with_turned_bone
from .finger_chain import ANGLES, ARM, FingerChain
from .finger_fit import fit_arm
from .hand_landmarks import KNUCKLES, WRIST
from .wrist import HandSkin

APART_M = 0.068  # of a 1.7 m body, between the axes of forearms where they cross
MOST_MOVED_M = 0.06  # that an elbow is brought forward or back
NEAR = -0.05, 1.15  # along forearms, from elbow to wrist, where they may cross
STEP_M, STEPS, NEAR_M = 0.02, 9, 0.03  # by which a hand is brought before the other arm, where they are so near
KEPT = WRIST, KNUCKLES[0], KNUCKLES[-1]  # points of a hand that stay where they are across


def one_before_other(fit: Fit) -> Fit:
    """The fit with the elbows of crossed arms turned about the lines from shoulders to wrists, which stay, until the
    forearms pass each other; before is the one that is, or whose hand alone is read."""
    shares = crossing(fit)
    if shares is None:
        return fit
    elbows, wrists = _ends(fit)
    depth = (elbows + shares[:, None] * (wrists - elbows))[:, 2]
    read = [side in fit.hands for side in SIDES]
    front = read.index(True) if sum(read) == 1 else int(depth.argmax())
    short = APART_M - (depth[front] - depth[1 - front]) / fit.metre
    if short <= 0:
        return fit
    for which, side in enumerate(SIDES):
        moved = min(short / 2 / max(1 - shares[which], 0.3), MOST_MOVED_M) * (1 if which == front else -1)
        fit = _elbow_moved(fit, side, moved * fit.metre)
    return fit


def _ends(fit):
    """Elbows and wrists, each (2, 3), field space."""
    heads = fit.rows[load_body().head_rows].astype(np.float64)
    return (np.stack([heads[INDEX[bone + side]] for side in SIDES]) for bone in ("forearm", "hand"))


def crossing(fit: Fit) -> np.ndarray | None:
    """(2,) shares of the way from elbow to wrist at which the forearms cross in the picture; None where they do not."""
    elbows, wrists = _ends(fit)
    along = (wrists - elbows)[:, :2]
    system = np.stack([along[0], -along[1]], 1)
    if abs(np.linalg.det(system)) < 1e-9:
        return None
    shares = np.linalg.solve(system, (elbows[1] - elbows[0])[:2])
    return shares if ((shares > NEAR[0]) & (shares < NEAR[1])).all() else None


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
    return _with_arm(fit, moved.pose, side)


def _with_arm(fit, pose, side):
    """The fit with upper arm and forearm as in a pose; the hand stays turned as it is."""
    body, hand = load_body(), INDEX["hand" + side]
    rotations, arm = fit.pose.rotations.clone(), [INDEX[bone + side] for bone in ARM]
    rotations[arm] = pose.rotations[arm]
    posed = replace(fit.pose, rotations=rotations)
    before, after = (body.chain(one, body.rest_of(one)[body.head_rows])[0] for one in (fit.pose, posed))
    rotations[hand] = after[PARENTS[hand]].T @ before[hand]
    return replace(fit, pose=posed, rows=body.pose(posed).numpy())


def tangled(fit: Fit) -> list[str]:
    """The sides whose hand passes through the other forearm, of arms that cross."""
    if crossing(fit) is None:
        return []
    hands = {side: HandSkin(fit, side) for side in SIDES}
    skin, near = hands[SIDES[0]].skin, NEAR_M * fit.metre
    both = (SIDES, SIDES[::-1])
    return [side for side, other in both if _cross(skin, hands[side].mine, hands[other].forearm, near)]


def apart(fit: Fit) -> Fit:
    """The fit with a hand, where one passes through the other or its forearm, brought forward until it does not: that
    of the arm which is before the other there. A hand is not brought before a forearm that its own passes behind; where
    nothing helps, all stays."""
    moved, front = fit, _before(fit)
    for _ in range(STEPS if front else 0):
        moved = _nearer(moved, front)
        if _before(moved) is None:
            return moved
    return fit


def _before(fit):
    """The side whose arm is to be brought forward, None where nothing is."""
    hands = {side: HandSkin(fit, side) for side in SIDES}
    skin = hands[SIDES[0]].skin
    deep = {side: float(skin[hand.mine, 2].mean()) for side, hand in hands.items()}
    left, right = (hands[side].mine for side in SIDES)
    if _cross(skin, left, right, NEAR_M * fit.metre):
        return max(SIDES, key=lambda side: deep[side])
    for side, other in (SIDES, SIDES[::-1]):
        if _cross(skin, hands[side].mine, hands[other].forearm, NEAR_M * fit.metre):
            there = cKDTree(skin[hands[other].forearm]).query(skin[hands[side].mine])[1]
            if deep[side] < skin[hands[other].forearm][there, 2].mean():
                return other
            if crossing(fit) is None:
                return side
    return None


def _nearer(fit, side):
    """The fit with a hand a step nearer to the camera, across and turned as it is."""
    chain, fingers = FingerChain(load_body(), fit.pose, side), np.zeros(ANGLES)
    places = chain.points(fingers[None])[0, list(KEPT), :2]
    return _with_arm(fit, chain.posed(fit_arm(chain, fingers, places, list(KEPT), fit.metre, STEP_M)), side)


def _cross(skin, one, other, near):
    """Whether a part of some skin (V, 3), `one (V,)`, passes through another, which it cannot farther off than near."""
    if cKDTree(skin[one]).query(skin[other])[0].min() > near:
        return False
    first, second = (load_body().triangles[mask[load_body().triangles].all(1)] for mask in (one, other))
    pairs = crossing_pairs(skin, np.concatenate([first, second])) >= len(first)
    return bool((pairs[:, 0] != pairs[:, 1]).any())

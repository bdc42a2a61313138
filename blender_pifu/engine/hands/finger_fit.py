# SPDX-License-Identifier: GPL-3.0-or-later
"""Inverse kinematics: the angles of arm and fingers that put a body's hand where a photo's landmarks are.

Bounded least squares. The picture says where points lie across, the network's world points how deep they lie against
each other; how far the hand as a whole is from the camera stays what the body's fit says.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares

from ..body.bones import FINGERS
from .finger_chain import ANGLES, BENDS, SIDEWAYS, FingerChain, span_of
from .hand_landmarks import KNUCKLES, POINTS, TIPS, WRIST

# Radians: bend of the first joint, sideways, bend of the second and third; least and greatest.
LIMITS = {
    "thumb": ((-0.5, 0.9), (-0.6, 0.6), (-0.3, 1.1), (-0.3, 1.3)),
    "finger": ((-0.4, 1.5), (-0.35, 0.35), (-0.05, 1.8), (-0.05, 1.2)),
}
# Upper arm, forearm and hand: twist, and about two axes square to it; how far from the fit each usually is.
ARM_SPREAD = np.radians([3, 2.5, 2.5, 40, 7, 7, 10, 28, 16])
ARM_MOST = np.radians([15, 25, 25, 110, 25, 25, 25, 75, 40])
POINT_SPREAD_M, DEPTH_SHARE = 0.006, 0.7  # of a landmark; what its depth counts for
BODY_SPREAD_M = 0.012  # of the body's landmarks of a hand
WRIST_SPREAD_M = 0.005  # of the wrist's depth, from that of the fit: left to itself an arm came off its sleeve by 10 cm
SIDEWAYS_SPREAD, THIRD_SPREAD, SECOND_SPREAD = 0.3, 0.5, 0.35  # radians
THIRD_BY_SECOND, SECOND_BY_FIRST = 0.6, 0.5  # how far joints bend together
FINGER_M = 0.0135  # from the middle of one finger to that of the next where they touch
TOUCH_SPREAD_M = 0.002
TWISTS = (0.0, -1.2, 1.2)  # of the forearm, from which the best is sought
SIZES = 0.75, 1.35  # of a body's hand against the photo's, that are believed


@dataclass(frozen=True)
class FingerFit:
    """angles (ANGLES,) radians, see `FingerChain`; across_m, off_m: mean distance of the 21 points from the photo's, in
    the picture and in space but for the depth of the whole, metres of a 1.7 m body; size: of the body's hand against
    the photo's."""

    angles: np.ndarray
    across_m: float
    off_m: float
    size: float


def target_points(places: np.ndarray, world: np.ndarray) -> np.ndarray:
    """(21, 3) field space: x, y as in the photo, z as the network says, in the same unit, of mean 0.

    places: (21, 2) field space; world: (21, 3) as of `HandLandmarks`.
    """
    across, flat = places - places.mean(0), world[:, :2] - world[:, :2].mean(0)
    ratio = np.sqrt((across**2).sum() / max((flat**2).sum(), 1e-12))
    return np.column_stack([places, ratio * (world[:, 2] - world[:, 2].mean())])


def fit_fingers(chain: FingerChain, target: np.ndarray, metre: float, lifted: float = 0.0) -> FingerFit:
    """The angles for points `target (21, 3)` as of `target_points`; metre: field units of one; lifted: metres that the
    wrist is to be nearer to the camera than in the chain's pose. Deterministic."""
    size = float(np.clip(chain.span / max(span_of(target), 1e-9), *SIZES))
    palm = target[[WRIST, *KNUCKLES]].mean(0)
    problem = _Problem(chain, palm + size * (target - palm), metre, lifted)
    starts = [problem.solve(problem.start(twist), 6) for twist in TWISTS]
    found = problem.solve(min(starts, key=lambda one: one.cost).x, 40).x
    off = problem.off(found[None])[0]
    across, apart = np.linalg.norm(off[:, :2], axis=1), np.linalg.norm(off, axis=1)
    return FingerFit(found, float(across[1:].mean()), float(apart[1:].mean()), size)


def fit_arm(
    chain: FingerChain, angles: np.ndarray, places: np.ndarray, points: list[int], metre: float, nearer: float
) -> np.ndarray:
    """Angles (ANGLES,) whose fingers are as in those given, and whose arm brings some of the hand's points to places
    (N, 2) in field space, and the wrist nearer to the camera by so many metres."""
    depth = chain.points(angles[None])[0, WRIST, 2] + nearer * metre

    def off(arms):
        found = chain.points(np.concatenate([arms, np.repeat(angles[None, len(ARM_MOST) :], len(arms), 0)], 1))
        across = (found[:, points, :2] - places) / metre / BODY_SPREAD_M
        deep = (found[:, WRIST, 2, None] - depth) / metre / BODY_SPREAD_M
        return np.concatenate([across.reshape(len(arms), -1), deep, arms / ARM_SPREAD], 1)

    def slopes(arm):
        step = 1e-5
        found = off(np.concatenate([arm[None], arm + step * np.eye(len(arm))]))
        return (found[1:] - found[0]).T / step

    start = np.zeros(len(ARM_MOST))
    found = least_squares(lambda arm: off(arm[None])[0], start, slopes, bounds=(-ARM_MOST, ARM_MOST), max_nfev=20)
    return np.concatenate([found.x, angles[len(ARM_MOST) :]])


class _Problem:
    def __init__(self, chain: FingerChain, target, metre, lifted):
        self._chain, self._target, self._metre = chain, target, metre
        weight = np.ones(POINTS)
        weight[list(TIPS)], weight[WRIST], weight[1] = 1.2, 0.6, 0.6
        self._weight = np.column_stack([weight, weight, DEPTH_SHARE * weight]) / POINT_SPREAD_M
        limits = np.array([*LIMITS["thumb"], *[limit for _ in FINGERS[1:] for limit in LIMITS["finger"]]])
        self._least = np.concatenate([-ARM_MOST, limits[:, 0]])
        self._most = np.concatenate([ARM_MOST, limits[:, 1]])
        self._depth = chain.points(np.zeros((1, ANGLES)))[0, WRIST, 2] + lifted * metre

    def start(self, twist):
        """(ANGLES,) half-open fingers, and the forearm turned."""
        angles = np.zeros(ANGLES)
        angles[BENDS] = 0.2
        angles[3] = twist
        return angles

    def solve(self, start, steps):
        return least_squares(
            lambda x: self.residuals(x[None])[0], start, self._slopes, bounds=(self._least, self._most),
            max_nfev=steps, x_scale=0.3, ftol=1e-4, xtol=1e-4,
        )  # fmt: skip

    def off(self, angles):
        """(N, 21, 3) metres from the target, but for the depth of the whole."""
        off = (self._chain.points(angles) - self._target) / self._metre
        off[..., 2] -= off[:, 1:, 2].mean(1, keepdims=True)
        return off

    def residuals(self, angles):
        """(N, R) in standard deviations, of angles (N, ANGLES)."""
        points = self._chain.points(angles)
        off = (points - self._target) / self._metre
        off[..., 2] -= off[:, 1:, 2].mean(1, keepdims=True)
        deeper = (points[:, WRIST, 2] - self._depth) / self._metre
        bends = angles[:, BENDS[1:]]
        parts = [
            (off * self._weight).reshape(len(angles), -1),
            angles[:, :9] / ARM_SPREAD,
            deeper[:, None] / WRIST_SPREAD_M,
            angles[:, SIDEWAYS] / SIDEWAYS_SPREAD,
            (bends[..., 2] - THIRD_BY_SECOND * bends[..., 1]) / THIRD_SPREAD,
            np.maximum(SECOND_BY_FIRST * bends[..., 0] - bends[..., 1], 0) / SECOND_SPREAD,
            self._touching(points) / TOUCH_SPREAD_M,
        ]
        return np.concatenate(parts, 1)

    def _touching(self, points):
        """(N, 3 x 3) metres that neighbouring fingers are too near each other, at the middles of their bones."""
        joints = points[:, 5:].reshape(len(points), 4, 4, 3)
        middles = (joints[:, :, 1:] + joints[:, :, :-1]) / 2
        ends = joints[:, :, 1:]
        near = [_apart(middles[:, k], np.concatenate([middles[:, k + 1], ends[:, k + 1]], 1)) for k in range(3)]
        return np.maximum(FINGER_M - np.concatenate(near, 1) / self._metre, 0)

    def _slopes(self, angles):
        """(R, ANGLES), all differences at once."""
        step = 1e-5
        found = self.residuals(np.concatenate([angles[None], angles + step * np.eye(ANGLES)]))
        return (found[1:] - found[0]).T / step


def _apart(points, others):
    """(N, A) distance of each of points (N, A, 3) from the nearest of others (N, B, 3)."""
    return np.linalg.norm(points[:, :, None] - others[:, None], axis=-1).min(2)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Eyeballs and teeth of people of generation 4, painted where they are seen."""

import numpy as np

from ..looks import to_linear

RADIUS = 0.0158  # metres, of an eyeball
IRIS_M = 0.0059
# sRGB; how often: dark brown, brown, hazel, green, blue, grey.
IRISES = np.array(
    [
        [0.16, 0.09, 0.05],
        [0.33, 0.19, 0.09],
        [0.42, 0.30, 0.14],
        [0.36, 0.42, 0.27],
        [0.30, 0.43, 0.58],
        [0.42, 0.47, 0.5],
    ]
)
ODDS = {"dark": (0.75, 0.25, 0, 0, 0, 0), "light": (0.12, 0.3, 0.15, 0.1, 0.22, 0.11)}
MOST_TURN = np.radians(28)
TEETH_M = 0.0085  # width of a tooth


class Eyes:
    """Both eyes of a person. Called with where on the eyeball a point lies, seen from its centre: y ahead along the
    gaze, in radii of the ball."""

    mapped = False

    def __init__(self, rng: np.random.Generator, dark: bool):
        odds = ODDS["dark" if dark else "light"]
        self.iris = np.clip(IRISES[rng.choice(len(IRISES), p=odds)] * rng.uniform(0.75, 1.25, 3), 0, 1)
        self.inner = np.clip(self.iris * rng.uniform(0.8, 1.5) + rng.uniform(0, 0.12, 3) * [1, 0.6, 0.2], 0, 1)
        self.size = IRIS_M / RADIUS * rng.uniform(0.96, 1.06)
        self.pupil = rng.uniform(0.22, 0.5)  # of the iris' radius
        self.white = np.array([0.86, 0.83, 0.80]) * rng.uniform(0.9, 1.05)
        self.bloodshot = rng.uniform(0, 0.25)
        self._fibres = rng.random((16, 128)).astype(np.float32)
        self.base = to_linear(self.white)

    def __call__(self, points: np.ndarray, part: np.ndarray) -> np.ndarray:
        """Linear (P, 3)."""
        ray = points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-9)
        away = np.where(ray[:, 1] > 0, np.hypot(ray[:, 0], ray[:, 2]), 1.0) / self.size  # 1 at the iris' edge
        turn = np.arctan2(ray[:, 2], ray[:, 0]) / (2 * np.pi)
        ring = np.clip(away * 15, 0, 15).astype(int)
        fibre = self._fibres[ring // 3, (turn * 128).astype(int) % 128]
        mix = np.clip(1.5 - 2 * np.maximum(away - self.pupil, 0) / (1 - self.pupil), 0, 1)[:, None]
        iris = self.iris + mix * (self.inner - self.iris)
        iris = iris * (0.72 + 0.56 * fibre)[:, None] * (1 - 0.6 * _step(away, 0.82, 1.0))[:, None]
        iris = iris * (1 - 0.95 * (1 - _step(away, self.pupil, self.pupil + 0.06)))[:, None]
        red = self.bloodshot * np.clip(np.abs(ray[:, 0]) * 1.4 - 0.35, 0, 1)
        shade = 1 - 0.3 * np.clip(ray[:, 2] * 2.2, 0, 1) - 0.25 * np.clip(np.abs(ray[:, 0]) * 1.3 - 0.4, 0, 1)
        white = self.white * shade[:, None] * (1 - red[:, None] * np.array([0.05, 0.5, 0.5]))
        color = iris + _step(away, 0.96, 1.06)[:, None] * (white - iris)
        return to_linear(color)


def look_along(forward: np.ndarray) -> np.ndarray:
    """The rotation (3, 3) into a gaze's frame, rows right, ahead, up, of a gaze `forward (3,)` in the head's rest axes;
    no further from straight ahead than eyes turn."""
    straight = np.array([0.0, -1.0, 0.0])
    forward = forward / np.linalg.norm(forward)
    angle = np.arccos(np.clip(forward @ straight, -1, 1))
    if angle > MOST_TURN:
        aside = forward - (forward @ straight) * straight
        aside /= max(np.linalg.norm(aside), 1e-9)
        forward = np.cos(MOST_TURN) * straight + np.sin(MOST_TURN) * aside
    right = np.cross(forward, [0, 0, 1.0])
    right /= np.linalg.norm(right)
    return np.stack([right, forward, np.cross(right, forward)])


class Teeth:
    """Teeth and gums. Called with points of the mean body; `upper`, `lower`: z of the teeth's edges there, metres."""

    mapped = False

    def __init__(self, rng: np.random.Generator, upper: float, lower: float, middle: float):
        self.white = np.array([0.88, 0.84, 0.75]) * rng.uniform(0.82, 1.08) * rng.normal(1, 0.02, 3)
        self.gum = np.array([0.66, 0.36, 0.36]) * rng.uniform(0.7, 1.05)
        self.upper, self.lower, self.middle = upper, lower, middle
        self.base = to_linear(self.white)

    def __call__(self, points: np.ndarray, part: np.ndarray) -> np.ndarray:
        """Linear (P, 3)."""
        height = np.where(points[:, 2] > self.middle, points[:, 2] - self.upper, self.lower - points[:, 2])
        arc = np.arctan2(points[:, 0], -(points[:, 1] + 0.095)) * 0.035  # along the row, metres
        gap = np.abs(arc / TEETH_M % 1 - 0.5)  # 0 in the middle of a tooth
        gap = 1 - 0.45 * _step(gap, 0.42, 0.5)
        root = _step(height + 0.0022 * (gap - 0.7), 0.0085, 0.0100)[:, None]
        deep = np.clip(1.15 - 16 * np.abs(points[:, 0]), 0.35, 1)
        color = self.white * gap[:, None] + root * (self.gum - self.white * gap[:, None])
        return to_linear(color * deep[:, None])


def _step(value: np.ndarray, low: float, high: float) -> np.ndarray:
    share = np.clip((value - low) / (high - low), 0, 1)
    return share * share * (3 - 2 * share)

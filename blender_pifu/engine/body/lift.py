# SPDX-License-Identifier: GPL-3.0-or-later
"""From landmarks in the photo to points in the body: their depth is taken from the surface, not from the network.

The network's own depth decides only which stretch of solid is meant where several lie behind one another.
"""

from dataclasses import dataclass

import numpy as np

from ..reading.landmarks import Landmark as L

# Metres of solid between a landmark and the skin before and behind it.
REACH = {"face": 0.02, "shoulder": 0.055, "elbow": 0.045, "hand": 0.03, "hip": 0.11, "knee": 0.06, "foot": 0.04}
KIND = ["face"] * 11 + ["shoulder"] * 2 + ["elbow"] * 2 + ["hand"] * 8 + ["hip"] * 2 + ["knee"] * 2 + ["foot"] * 6
SURE, UNSURE, BLIND = 0.025, 0.07, 0.2  # metres, spread of the depth
OFF_BODY = 0.4  # trust in a landmark that the surface does not reach
DEPTH_SHARE = 0.3  # of the network's depth that is believed: it exaggerates


@dataclass(frozen=True)
class Landmarks3D:
    """points: (33, 3) field space; visibility: (33,) 0..1, how far each is believed; depth_spread: (33,) metres;
    guess: (33, 3) field space, as the network gave them, its depth shrunk and shifted to the surface's.
    """

    points: np.ndarray
    visibility: np.ndarray
    depth_spread: np.ndarray
    guess: np.ndarray


def lift(
    points: np.ndarray, visibility: np.ndarray, vertices: np.ndarray, faces: np.ndarray, metre: float
) -> Landmarks3D:
    """Landmarks3D of network landmarks `points (33, 3)` field space by a closed mesh; metre: field units of one."""
    stretches = solid_stretches(vertices, faces, points[:, :2])
    guess = points * (1, 1, DEPTH_SHARE)
    guess[:, 2] += _shift(guess, stretches)
    lifted, spread, trust = guess.copy(), np.full(len(points), BLIND), visibility.copy()
    for index, found in enumerate(stretches):
        if not len(found):
            trust[index] *= OFF_BODY
            continue
        back, front = min(found, key=lambda s: max(s[0] - guess[index, 2], guess[index, 2] - s[1], 0))
        reach = REACH[KIND[index]] * metre
        sure = front - back < 2.6 * reach
        inner = (back + reach, front - reach)
        lifted[index, 2] = (back + front) / 2 if sure else np.clip(guess[index, 2], *inner)
        spread[index] = SURE if sure else UNSURE
    return Landmarks3D(lifted, trust, spread, guess)


def _shift(points, stretches):
    """What brings the network's depths, which count from the hips, to those of the surface."""
    shifts = [
        np.mean(found[-1]) - points[index, 2]
        for index in (L.LEFT_HIP, L.RIGHT_HIP, L.LEFT_SHOULDER, L.RIGHT_SHOULDER)
        if len(found := stretches[index])
    ]
    return float(np.mean(shifts)) if shifts else 0.0


def solid_stretches(vertices: np.ndarray, faces: np.ndarray, lines: np.ndarray) -> list[np.ndarray]:
    """Where lines along z through lines (N, 2) run inside a closed mesh: for each (S, 2) of back and front z, from the
    back on."""
    corners = vertices[faces]
    low, high = corners[..., :2].min(1), corners[..., :2].max(1)
    stretches = []
    for x, y in np.asarray(lines, np.float64) + (1.3e-7, 0.7e-7):  # a hair's breadth aside: through no edge
        near = (low[:, 0] < x) & (high[:, 0] > x) & (low[:, 1] < y) & (high[:, 1] > y)
        a, b, c = corners[near].astype(np.float64).transpose(1, 0, 2) - (x, y, 0)
        u, v, w = _cross(b, c), _cross(c, a), _cross(a, b)
        hit = ((u > 0) & (v > 0) & (w > 0)) | ((u < 0) & (v < 0) & (w < 0))
        z = np.sort((u * a[:, 2] + v * b[:, 2] + w * c[:, 2])[hit] / (u + v + w)[hit])
        stretches.append(z[: len(z) // 2 * 2].reshape(-1, 2))
    return stretches


def _cross(p, q):
    return p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]

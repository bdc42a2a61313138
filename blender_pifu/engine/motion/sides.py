# SPDX-License-Identifier: GPL-3.0-or-later
"""Left and right of landmarks that the network now and then takes for each other, as legs that cross."""

import numpy as np

from ..reading.landmarks import MIRRORED
from ..reading.landmarks import Landmark as L

LEGS = tuple(range(L.LEFT_KNEE, L.RIGHT_FOOT + 1))
ARMS = tuple(range(L.LEFT_ELBOW, L.RIGHT_THUMB + 1))
TRUNK = (*range(L.LEFT_ELBOW), L.LEFT_HIP, L.RIGHT_HIP)
DOUBT = 0.002  # of a frame that is turned round, against squared jumps in heights of the body


def steady(marks: np.ndarray, solid: np.ndarray, seen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Landmarks (T, 33, 3) and (T, 33, 3) as of `Track`, with left and right of trunk and head, of the legs, or of the
    arms exchanged where they then jump less. Most frames stay as they are."""
    for group in (TRUNK, LEGS, ARMS):
        turned = _turned_round(marks, solid, seen, group)
        order = np.arange(33)
        order[list(group)] = np.array(MIRRORED)[list(group)]
        marks = np.where(turned[:, None, None], marks[:, order], marks)
        solid = np.where(turned[:, None, None], solid[:, order], solid)
    return marks, solid


def _turned_round(marks, solid, seen, group) -> np.ndarray:
    """(T,) bool: frames in which left and right of a group are to be exchanged, by the path of least jumps."""
    frames = np.flatnonzero(seen)
    size = np.median(np.ptp(marks[frames, :, 1], axis=1)) + 1e-6
    flat = np.concatenate([marks[frames, :, :2] / size, solid[frames] / 1.7], 2)[:, list(group)]
    order = np.array([group.index(L(MIRRORED[mark])) for mark in group])
    both = np.stack([flat, flat[:, order]], 1)  # (n, 2, m, 5)
    sure = np.sqrt(marks[frames][:, list(group), 2])
    cost, path = np.array([0.0, DOUBT]), []
    for k in range(1, len(frames)):
        # From either state (rows) to either (columns).
        weight = (sure[k] * sure[k - 1])[None, None, :, None]
        jump = (weight * (both[k][None] - both[k - 1][:, None]) ** 2).sum(3).mean(2)
        whole = cost[:, None] + jump / (frames[k] - frames[k - 1]) + np.array([0.0, DOUBT])
        path.append(whole.argmin(0))
        cost = whole.min(0)
    states = [int(cost.argmin())]
    for back in reversed(path):
        states.append(int(back[states[-1]]))
    turned = np.zeros(len(marks), bool)
    turned[frames] = np.array(states[::-1], bool)
    if turned[frames].mean() > 0.5:
        turned[frames] = ~turned[frames]
    return turned

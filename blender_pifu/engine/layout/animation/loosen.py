# SPDX-License-Identifier: GPL-3.0-or-later
"""Folds of a posed body that pass through themselves, at armpits and groins, smoothed away."""

import numpy as np

from ...surface.mesh import neighbour_mean
from ..crossings import crossing_faces

ROUNDS = 6


def loosen(vertices: np.ndarray, faces: np.ndarray, triangles: np.ndarray, soft: np.ndarray) -> np.ndarray:
    """Vertices (V, 3) float32 with crossings of `triangles (T, 3)` smoothed; faces: (F, 4) of the whole; soft (V,)
    bool: which may move, the others being features."""
    mean = neighbour_mean(faces, len(vertices))
    among = triangles[soft[triangles].all(1)]
    vertices = vertices.astype(np.float64)
    for turn in range(ROUNDS):
        crossing = crossing_faces(vertices, among)
        if not crossing.any():
            break
        near = np.zeros(len(vertices))
        near[among[crossing]] = 1
        for _ in range(1 + turn // 2):  # and what lies round them
            near = np.maximum(near, mean @ near > 0)
        chosen = (near > 0) & soft
        for _ in range(3):
            vertices[chosen] = (0.5 * vertices + 0.5 * (mean @ vertices))[chosen]
    return vertices.astype(np.float32)

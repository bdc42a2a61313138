# SPDX-License-Identifier: GPL-3.0-or-later
"""Turned hems: near its edges cloth gets a lining a little below it, so that no edge is as thin as a mesh."""

from dataclasses import dataclass

import numpy as np

from .solver import mesh_normals


@dataclass(frozen=True)
class Lined:
    """`vertices (V, 3)`, `faces (T, 3)`; `source (V,)`: the vertex of the cloth each one is of."""

    vertices: np.ndarray
    faces: np.ndarray
    source: np.ndarray


def lined(vertices: np.ndarray, faces: np.ndarray, rings: int, thickness: float) -> Lined:
    """Cloth `vertices (V, 3)`, `faces (T, 3)` with a lining over `rings` rings of faces from every edge inwards; it
    lies `thickness` metres below at the edge and meets the cloth at its end."""
    sides = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    low = np.sort(sides, axis=1).astype(np.int64)
    _, edge, count = np.unique(low[:, 0] << 32 | low[:, 1], return_inverse=True, return_counts=True)
    rim = sides[count[edge.ravel()] == 1]
    ring = np.full(len(vertices), rings)
    ring[rim] = 0
    for k in range(1, rings):
        touched = np.zeros(len(vertices), bool)
        touched[faces[(ring[faces] == k - 1).any(1)]] = True
        ring[touched & (ring > k)] = k
    inner = np.flatnonzero(ring < rings)
    twin = np.arange(len(vertices))
    twin[inner] = len(vertices) + np.arange(len(inner))
    depth = thickness * np.clip(1.5 * (1 - ring[inner] / rings), 0, 1)
    below = vertices[inner] - depth[:, None] * mesh_normals(vertices, faces)[inner]
    turned = twin[faces[(ring[faces] < rings).any(1)][:, ::-1]]
    a, b = rim.T
    wall = np.concatenate([np.stack([b, a, twin[a]], 1), np.stack([b, twin[a], twin[b]], 1)])
    return Lined(
        np.concatenate([vertices, below]).astype(np.float32),
        np.concatenate([faces, turned, wall]).astype(np.int32),
        np.r_[np.arange(len(vertices)), inner],
    )

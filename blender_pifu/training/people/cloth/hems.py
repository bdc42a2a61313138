# SPDX-License-Identifier: GPL-3.0-or-later
"""Turned hems: near its edges cloth gets a lining a little below it, so that no edge is as thin as a mesh."""

from dataclasses import dataclass

import numpy as np

from .solver import mesh_normals

END_M = 0.0004  # how far below the cloth a lining ends


@dataclass(frozen=True)
class Lined:
    """`vertices (V, 3)`, `faces (T, 3)`; `source (V,)`: the vertex of the cloth each one is of."""

    vertices: np.ndarray
    faces: np.ndarray
    source: np.ndarray


def lined(vertices: np.ndarray, faces: np.ndarray, rings: int, thickness: float) -> Lined:
    """Cloth `vertices (V, 3)`, `faces (T, 3)` with a lining over `rings` rings of faces from every edge inwards; it
    lies `thickness` metres below at the edge and comes close to the cloth at its end. Cloth, wall at the edge and
    lining share no vertices, so each has normals of its own."""
    rim = _rim(faces)
    ring = np.full(len(vertices), rings + 1)
    ring[rim] = 0
    for k in range(1, rings + 1):
        touched = np.zeros(len(vertices), bool)
        touched[faces[(ring[faces] == k - 1).any(1)]] = True
        ring[touched & (ring > k)] = k
    strip = faces[(ring[faces] <= rings).all(1)]
    inner, edge = np.unique(strip), np.unique(rim)
    depth = np.full(len(vertices), END_M)
    depth[inner] = np.maximum(thickness * np.clip(1.5 * (1 - ring[inner] / rings), 0, 1), END_M)
    below = vertices - depth[:, None] * mesh_normals(vertices, faces)
    a, b = (np.searchsorted(edge, ends) for ends in rim.T)
    count = np.cumsum([len(vertices), len(inner), len(edge)])
    wall = np.concatenate([np.stack([b, a, a + len(edge)], 1), np.stack([b, a + len(edge), b + len(edge)], 1)])
    return Lined(
        np.concatenate([vertices, below[inner], vertices[edge], below[edge]]).astype(np.float32),
        np.concatenate([faces, count[0] + np.searchsorted(inner, strip[:, ::-1]), count[1] + wall]).astype(np.int32),
        np.concatenate([np.arange(len(vertices)), inner, edge, edge]),
    )


def _rim(faces: np.ndarray) -> np.ndarray:
    """Sides (B, 2) that only one face has, as it runs."""
    sides = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    keys = sides.min(1).astype(np.int64) << 32 | sides.max(1)
    _, edge, count = np.unique(keys, return_inverse=True, return_counts=True)
    return sides[count[edge.ravel()] == 1]

# SPDX-License-Identifier: GPL-3.0-or-later
"""Meshes without units: triangles from quads, midpoint subdivision, smoothing."""

import numpy as np
from scipy import sparse


def triangulate(faces: np.ndarray) -> np.ndarray:
    """Split quads, `faces: (F, 4) int` with -1 in the last place of a triangle, into triangles (T, 3) int32."""
    quads = faces[faces[:, 3] >= 0]
    return np.concatenate([faces[:, :3], quads[:, [0, 2, 3]]]).astype(np.int32)


def compact(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Renumber `faces` onto the vertices they use: (faces, indices of those vertices in the old numbering)."""
    used, renumbered = np.unique(faces, return_inverse=True)
    return renumbered.reshape(faces.shape).astype(np.int32), used


class Subdivision:
    """Midpoint subdivision of one triangle topology, applied to any array given on its vertices."""

    def __init__(self, faces: np.ndarray, vertex_count: int, levels: int):
        self.edges: list[np.ndarray] = []
        for _ in range(levels):
            sides = np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
            keys, side_edge = np.unique(sides[:, 0].astype(np.int64) * 2**32 + sides[:, 1], return_inverse=True)
            self.edges.append(np.stack([keys >> 32, keys & 0xFFFFFFFF], axis=1).astype(np.int32))
            ab, bc, ca = (vertex_count + side_edge.reshape(-1, 3)).T
            a, b, c = faces.T
            faces = np.stack([a, ab, ca, ab, b, bc, ca, bc, c, ab, bc, ca], axis=1).reshape(-1, 3).astype(np.int32)
            vertex_count += len(keys)
        self.faces, self.vertex_count = faces, vertex_count

    def __call__(self, values: np.ndarray) -> np.ndarray:
        for edges in self.edges:
            values = np.concatenate([values, 0.5 * (values[edges[:, 0]] + values[edges[:, 1]])])
        return values


def neighbour_mean(faces: np.ndarray, vertex_count: int) -> sparse.csr_matrix:
    """The (V, V) matrix that replaces each vertex's value by the mean of its neighbours'."""
    i, j = faces[:, [0, 1, 2]].ravel(), faces[:, [1, 2, 0]].ravel()
    ones = np.ones(2 * len(i), np.float32)
    shape = (vertex_count, vertex_count)
    adjacency = sparse.csr_matrix((ones, (np.r_[i, j], np.r_[j, i])), shape=shape)
    adjacency.data[:] = 1
    degree = np.maximum(np.asarray(adjacency.sum(1)).ravel(), 1)
    return sparse.diags((1 / degree).astype(np.float32)) @ adjacency

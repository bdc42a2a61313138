# SPDX-License-Identifier: GPL-3.0-or-later
"""The nearest point of a dense mesh, on the sheet that faces the same way."""

import numpy as np
from scipy.spatial import cKDTree

# So much farther (field units; 3 cm on an adult) counts a vertex whose normal is square to the asked one.
TURN = 0.03


class DenseSurface:
    """A closed triangle mesh to be asked for nearest points. vertices, normals (V, 3), faces (F, 3), field space."""

    def __init__(self, vertices: np.ndarray, faces: np.ndarray, normals: np.ndarray):
        self.vertices, self.faces, self.normals = vertices.astype(np.float64), faces, normals
        self._tree = cKDTree(np.column_stack([vertices, TURN / np.sqrt(2) * normals]))
        corners = faces.ravel()
        order = np.argsort(corners, kind="stable")
        start = np.searchsorted(corners[order], np.arange(len(vertices) + 1))
        width = int(np.diff(start).max())
        # Faces round each vertex; rows are filled up with the first one.
        places = start[:-1, None] + np.minimum(np.arange(width), np.diff(start)[:, None] - 1)
        self._around = (order // 3)[places]

    def nearest_vertex(self, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """Indices (N,) of the vertices nearest to points (N, 3) with normals (N, 3)."""
        return self._tree.query(np.column_stack([points, TURN / np.sqrt(2) * normals]))[1]

    def nearest(self, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """Nearest points (N, 3) float64 in the faces round the nearest vertex."""
        around = self._around[self.nearest_vertex(points, normals)]
        rows, width = around.shape
        corners = self.vertices[self.faces[around.ravel()]]
        found = closest_in_triangle(np.repeat(points, width, axis=0), corners).reshape(rows, width, 3)
        best = ((found - points[:, None]) ** 2).sum(2).argmin(1)
        return found[np.arange(rows), best]


def closest_in_triangle(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Nearest points (N, 3) in triangles corners (N, 3, 3) to points (N, 3)."""
    a, b, c = corners.transpose(1, 0, 2).astype(np.float64)
    normal = np.cross(b - a, c - a)
    scale = np.maximum(np.einsum("ni,ni->n", normal, normal), 1e-300)
    flat = points - normal * (np.einsum("ni,ni->n", points - a, normal) / scale)[:, None]
    inside = np.ones(len(points), bool)
    best, least = flat.copy(), np.full(len(points), np.inf)
    for start, end in ((a, b), (b, c), (c, a)):
        edge = end - start
        inside &= np.einsum("ni,ni->n", np.cross(edge, flat - start), normal) >= 0
        along = np.einsum("ni,ni->n", points - start, edge) / np.maximum(np.einsum("ni,ni->n", edge, edge), 1e-300)
        place = start + edge * along.clip(0, 1)[:, None]
        distance = ((points - place) ** 2).sum(1)
        nearer = distance < least
        best[nearer], least[nearer] = place[nearer], distance[nearer]
    return np.where(inside[:, None], flat, best)

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
        self._triangles = _Triangles(self.vertices[faces])

    def nearest_vertex(self, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """Indices (N,) of the vertices nearest to points (N, 3) with normals (N, 3)."""
        return self._tree.query(np.column_stack([points, TURN / np.sqrt(2) * normals]))[1]

    def nearest(self, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """Nearest points (N, 3) float64 in the faces round the nearest vertex."""
        return self._triangles.nearest(points, self._around[self.nearest_vertex(points, normals)])

    def away(self, points: np.ndarray, normals: np.ndarray, share: float) -> float:
        """How far the `share` of points (N, 3) with normals (N, 3) lies away from this at least that is the farthest:
        the quantile 1 - share of the distances. Only points whose nearest vertex is far can be among them."""
        vertex = self.nearest_vertex(points, normals)
        most = np.linalg.norm(points - self.vertices[vertex], axis=1)
        order = np.argsort(-most, kind="stable")
        asked = min(len(points), max(64, int(8 * share * len(points))))
        while True:
            far = order[:asked]
            near = self._triangles.nearest(points[far], self._around[vertex[far]])
            apart = np.zeros(len(points))
            apart[far] = np.linalg.norm(near - points[far], axis=1)
            found = np.quantile(apart, [1 - share, max(0.0, 1 - share - 2 / len(points))])
            if asked == len(points) or found[1] >= most[order[asked]]:
                return float(found[0])
            asked = min(len(points), 4 * asked)


class _Triangles:
    """Triangles, corners (T, 3, 3), with what does not depend on the point that is asked for."""

    def __init__(self, corners: np.ndarray):
        self._corner, (one, two) = corners[:, 0], (corners[:, k] - corners[:, 0] for k in (1, 2))
        self._sides = np.concatenate([one, two], 1).reshape(-1, 2, 3)
        products = [np.einsum("ti,ti->t", *pair) for pair in ((one, one), (one, two), (two, two))]
        self._products = np.stack(products, 1)

    def nearest(self, points: np.ndarray, candidates: np.ndarray) -> np.ndarray:
        """Nearest points (N, 3) to points (N, 3), each in one of its candidates (N, C), indices of triangles.

        A place in a triangle is corner + v one + w two. What is compared are squares of distances, less that of the
        triangle's corner: a quadratic form in v and w.
        """
        apart = points[:, None] - self._corner[candidates]
        along = np.einsum("ncki,nci->nck", self._sides[candidates], apart)
        form = np.ascontiguousarray(self._products[candidates].transpose(2, 0, 1))
        v, w, gain = _in_triangle(np.ascontiguousarray(along[..., 0]), np.ascontiguousarray(along[..., 1]), *form)
        rows = np.arange(len(points))
        best = (np.einsum("nci,nci->nc", apart, apart) + gain).argmin(1)
        shares = np.stack([v[rows, best], w[rows, best]], 1)
        chosen = candidates[rows, best]
        return self._corner[chosen] + np.einsum("nk,nki->ni", shares, self._sides[chosen])


def _in_triangle(d1, d2, aa, ab, bb):
    """The shares v and w of a triangle's two sides at the nearest place to a point, and what that place gains against
    the corner in squared distance. d1, d2: products of the sides with the way from the corner to the point; aa, ab, bb:
    of the sides among themselves."""

    def gain(v, w):
        return v * (v * aa - 2 * d1) + w * (w * bb - 2 * d2 + 2 * v * ab)

    area = np.maximum(aa * bb - ab * ab, 1e-300)
    v, w = (bb * d1 - ab * d2) / area, (aa * d2 - ab * d1) / area
    inside = (v >= 0) & (w >= 0) & (v + w <= 1)
    across = ((d2 - d1 + aa - ab) / np.maximum(aa + bb - 2 * ab, 1e-300)).clip(0, 1)
    first, second = (d1 / np.maximum(aa, 1e-300)).clip(0, 1), (d2 / np.maximum(bb, 1e-300)).clip(0, 1)
    best_v, best_w, least = 1 - across, across, gain(1 - across, across)
    for edge_v, edge_w in ((first, np.zeros_like(first)), (np.zeros_like(second), second)):
        found = gain(edge_v, edge_w)
        nearer = found < least
        best_v, best_w, least = (
            np.where(nearer, new, old) for new, old in ((edge_v, best_v), (edge_w, best_w), (found, least))
        )
    v, w = np.where(inside, v, best_v), np.where(inside, w, best_w)
    return v, w, np.where(inside, gain(v, w), least)

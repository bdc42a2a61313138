# SPDX-License-Identifier: GPL-3.0-or-later
"""Which faces of a mesh cut through others."""

import numpy as np
from scipy.spatial import cKDTree

from ..surface.mesh import split_quads

CHUNK = 1_000_000


def crossing_faces(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(T,) bool: triangles (T, 3) that another one with no common vertex passes through."""
    corners = vertices[triangles].astype(np.float64)
    centers = corners.mean(1)
    reach = np.sqrt(((corners - centers[:, None]) ** 2).sum(2).max(1))
    crossed = np.zeros(len(triangles), bool)
    # Large triangles are rare: pairs are looked for within the usual reach, and from each large one on its own.
    usual = np.quantile(reach, 0.99)
    tree = cKDTree(centers)
    pairs = [tree.query_pairs(2 * usual, output_type="ndarray")]
    for index in np.flatnonzero(reach > usual).tolist():
        near = np.array(tree.query_ball_point(centers[index], reach[index] + reach.max()), np.int64)
        pairs.append(np.column_stack([np.full(len(near), index), near]))
    pairs = np.concatenate(pairs)
    low, high = corners.min(1), corners.max(1)
    for start in range(0, len(pairs), CHUNK):
        one, two = pairs[start : start + CHUNK].T
        boxes = ((low[one] <= high[two]) & (low[two] <= high[one])).all(1)
        one, two = one[boxes], two[boxes]
        apart = ~(triangles[one][:, :, None] == triangles[two][:, None, :]).any((1, 2))
        one, two = one[apart], two[apart]
        for first, second in ((one, two), (two, one)):
            for edge in range(3):
                hit = _pierces(corners[first][:, edge], corners[first][:, (edge + 1) % 3], corners[second])
                crossed[first[hit]] = crossed[second[hit]] = True
    return crossed


def _pierces(start, end, corners):
    """Whether segments (N, 3)-(N, 3) pass through the inside of triangles (N, 3, 3)."""
    a, b, c = corners.transpose(1, 0, 2)

    def volume(p, q, r, s):
        return np.einsum("ni,ni->n", np.cross(q - p, r - p), s - p)

    through = volume(a, b, c, start) * volume(a, b, c, end) < 0
    sides = np.stack([volume(start, end, a, b), volume(start, end, b, c), volume(start, end, c, a)])
    return through & ((sides > 0).all(0) | (sides < 0).all(0))


def crossings_by_new(points: np.ndarray, faces: np.ndarray, new: int, near: np.ndarray) -> int:
    """How many triangles more pass through each other where points are `near (N,)` bool, now that there are faces
    (F, 3|4) from number `new` on."""
    triangles, corners = split_quads(faces)
    is_new = corners[:, 0] // faces.shape[1] >= new
    some = near[triangles].any(1)
    crossed, own = (crossing_faces(points, triangles[part]).sum() for part in (some, some & ~is_new))
    return int(crossed) - int(own)

# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a reconstruction is from the truth: distances between surfaces and agreement of solids."""

import numpy as np
from scipy.spatial import cKDTree

SURFACE_POINTS = 30000


def sample_surface(vertices: np.ndarray, faces: np.ndarray, count: int, rng: np.random.Generator):
    """Points (count, 3) and unit normals (count, 3) spread evenly over `vertices (V, 3)`, `faces (F, 3)`."""
    corners = vertices[faces].astype(np.float64)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.linalg.norm(normals, axis=1)
    chosen = rng.choice(len(faces), count, p=area / area.sum())
    points = np.einsum("nk,nkc->nc", rng.dirichlet([1, 1, 1], count), corners[chosen])
    return points, normals[chosen] / np.maximum(area[chosen], 1e-20)[:, None]


def surface_distances(ours, truth) -> dict[str, float]:
    """Of two (points, normals) pairs in one unit: `p2s` mean distance of our points to the truth, `chamfer` mean of
    both directions, `normal_consistency` mean absolute cosine of the normals at nearest points."""
    (points, normals), (true_points, true_normals) = ours, truth
    to_truth, nearest_true = cKDTree(true_points).query(points)
    to_ours, nearest_ours = cKDTree(points).query(true_points)
    cosine = np.concatenate(
        [
            np.abs(np.einsum("nc,nc->n", normals, true_normals[nearest_true])),
            np.abs(np.einsum("nc,nc->n", true_normals, normals[nearest_ours])),
        ]
    )
    return {
        "chamfer": float((to_truth.mean() + to_ours.mean()) / 2),
        "p2s": float(to_truth.mean()),
        "normal_consistency": float(cosine.mean()),
    }


def intersection_over_union(ours: np.ndarray, truth: np.ndarray) -> float:
    """Of two bool arrays."""
    union = np.count_nonzero(ours | truth)
    return float(np.count_nonzero(ours & truth) / union) if union else 1.0

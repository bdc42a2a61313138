# SPDX-License-Identifier: GPL-3.0-or-later
"""Which points lie inside a person: generalised winding numbers, which take open garments and overlapping layers.

Jacobson et al. 2013, "Robust inside-outside segmentation using generalized winding numbers"; the fast evaluation is that
of Barill et al. 2018, from libigl.
"""

import igl
import numpy as np


def winding(vertices: np.ndarray, faces: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Generalised winding number (N,) of `points: (N, 3)` about a triangle soup."""
    return igl.fast_winding_number(
        np.ascontiguousarray(vertices, np.float64), np.ascontiguousarray(faces, np.int32), np.ascontiguousarray(points, np.float64)
    )


def inside(vertices: np.ndarray, faces: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(N,) bool."""
    return winding(vertices, faces, points) > 0.5


def occupancy_points(
    vertices: np.ndarray,
    faces: np.ndarray,
    rng: np.random.Generator,
    *,
    near: float,
    fine: float,
    n_near: int,
    n_fine: int,
    n_uniform: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Points about the outer surface, within `near` and `fine` (standard deviations, field units), and uniform in the cube
    [-1, 1]; returns points (N, 3) float32 in random order and whether each is inside, (N,) uint8."""
    surface = _outer_surface(vertices, faces, rng, n_near + n_fine)
    spread = np.r_[np.full(n_near, near), np.full(n_fine, fine)][:, None]
    uniform = rng.uniform(-1, 1, (n_uniform, 3))
    points = np.concatenate([surface + spread * rng.normal(size=surface.shape), uniform])
    points = points[rng.permutation(len(points))].astype(np.float32)
    return points, inside(vertices, faces, points).astype(np.uint8)


def _outer_surface(vertices: np.ndarray, faces: np.ndarray, rng: np.random.Generator, count: int) -> np.ndarray:
    """`count` points of triangles that part inside from outside within the crop, by area; covered layers are left out."""
    corners = vertices[faces].astype(np.float64)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.linalg.norm(normals, axis=1)
    area = area * (np.abs(corners[:, :, :2].mean(1)) < 1).all(1)
    candidates = int(1.4 * count)
    chosen = rng.choice(len(faces), candidates, p=area / area.sum())
    points = np.einsum("nk,nkc->nc", rng.dirichlet([1, 1, 1], candidates), corners[chosen])
    unit = normals[chosen] / np.maximum(area[chosen], 1e-12)[:, None]
    surface = points[np.abs(winding(vertices, faces, points + 2e-3 * unit)) < 0.5]  # nothing lies over it
    return surface[rng.choice(len(surface), count, replace=len(surface) < count)]

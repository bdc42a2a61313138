# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a reconstruction is from the truth: distances between surfaces, agreement of solids, and what is seen of
either from four sides."""

import igl
import numpy as np

from ....engine.surface.mesh import vertex_normals
from ...data.render import seen_normals_map
from ...data.truth import sample_surface
from ...native.raster import see

SURFACE_POINTS = 10000
VIEW_PX = 256
ONE_ONLY_DEG = 90.0  # error of a pixel that one silhouette covers and the other does not

Mesh = tuple[np.ndarray, np.ndarray]  # vertices (V, 3), faces (F, 3)


def surface_distances(ours: Mesh, truth: Mesh) -> dict[str, float]:
    """In the meshes' unit: `p2s` mean distance of our points to the true surface, `chamfer` mean of both directions,
    `normal_consistency` mean absolute cosine between a point's normal and that of the nearest face. Distances are to
    the other's triangles, not to samples of it, so that a mesh is at no distance from itself."""
    to_truth, there = _distances(ours, truth)
    to_ours, back = _distances(truth, ours)
    return {
        "chamfer": float((to_truth.mean() + to_ours.mean()) / 2),
        "p2s": float(to_truth.mean()),
        "normal_consistency": float(np.concatenate([there, back]).mean()),
    }


def _distances(source: Mesh, target: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Of points spread over `source`: distance to `target`, and absolute cosine of the normals."""
    points, normals = sample_surface(*source, SURFACE_POINTS, np.random.default_rng(0))
    vertices, faces = target[0].astype(np.float64), np.ascontiguousarray(target[1], np.int32)
    squared, nearest = igl.point_mesh_squared_distance(points, vertices, faces)[:2]
    a, b, c = vertices[faces[nearest]].transpose(1, 0, 2)
    faced = np.cross(b - a, c - a)
    faced /= np.maximum(np.linalg.norm(faced, axis=1, keepdims=True), 1e-20)
    return np.sqrt(squared), np.abs(np.einsum("nc,nc->n", normals, faced))


def intersection_over_union(ours: np.ndarray, truth: np.ndarray) -> float:
    """Of two bool arrays."""
    union = np.count_nonzero(ours | truth)
    return float(np.count_nonzero(ours & truth) / union) if union else 1.0


def normal_views(vertices: np.ndarray, faces: np.ndarray, alpha: np.ndarray | None = None) -> np.ndarray:
    """Normals seen from the front, the person's left, the back and the right: (4, VIEW_PX, VIEW_PX, 3) float32, 0 where
    nothing is, of a mesh in field space. Backs are seen in their fronts' pixels."""
    views = {}
    for first, quarter in ((0, False), (1, True)):
        turned = np.stack([-vertices[:, 2], vertices[:, 1], vertices[:, 0]], 1) if quarter else vertices
        turned = np.ascontiguousarray(turned, np.float32)
        normals = vertex_normals(turned, faces)
        for offset, facing, side in zip((0, 2), (1, -1), see(turned, faces, VIEW_PX, alpha), strict=True):
            views[first + offset] = seen_normals_map(side, turned, normals, facing, VIEW_PX)
    return np.stack([views[k] for k in range(4)])


def angle_deg(ours: np.ndarray, truth: np.ndarray) -> float:
    """Mean angle, degrees, between normals (N, 3) of any length."""
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(truth, axis=1)
    cosine = (ours * truth).sum(1) / np.maximum(lengths, 1e-6)
    return float(np.degrees(np.arccos(cosine.clip(-1, 1))).mean())


def views_error_deg(ours: np.ndarray, truth: np.ndarray) -> float:
    """Mean angle, degrees, between two `normal_views` over the union of their silhouettes; where only one has anything,
    `ONE_ONLY_DEG`."""
    here, there = (np.abs(views).sum(-1) > 0 for views in (ours, truth))
    cosine = np.einsum("vhwc,vhwc->vhw", ours, truth)
    angle = np.degrees(np.arccos(np.clip(cosine, -1, 1)))
    return float(np.where(here & there, angle, ONE_ONLY_DEG)[here | there].mean())

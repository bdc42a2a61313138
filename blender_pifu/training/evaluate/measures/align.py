# SPDX-License-Identifier: GPL-3.0-or-later
"""Lay one mesh over another of the same person: rotation, translation and one scale for all axes; or points over a mesh
without a scale.

Iterated closest points, point to plane (Chen and Medioni 1992), with the scale as a seventh unknown; pairs are sought
from both sides, since from one side alone a mesh shrinks into the other.
"""

from dataclasses import dataclass

import igl
import numpy as np
from scipy.spatial import cKDTree
from scipy.spatial.transform import Rotation

from ...data.truth import sample_surface

SAMPLES, PAIRS = 20000, 4000
ROUNDS, ENOUGH = 60, 1e-10
CLOSE = 3e-4  # field units and radians of a step: the mean distance no longer changes by a hundredth of a millimetre
FAR = 3.0  # pairs further apart than so many medians have no say: a missing hand, a bag


@dataclass(frozen=True)
class Similarity:
    """x -> scale * rotation @ x + shift."""

    scale: float
    rotation: np.ndarray  # (3, 3)
    shift: np.ndarray  # (3,)

    def __call__(self, points: np.ndarray) -> np.ndarray:
        """(N, 3) -> (N, 3) float64."""
        return self.scale * points @ self.rotation.T + self.shift

    def inverse(self) -> "Similarity":
        return Similarity(1 / self.scale, self.rotation.T, -self.rotation.T @ self.shift / self.scale)

    def after(self, first: "Similarity") -> "Similarity":
        """Both in one: `first`, then this."""
        return Similarity(self.scale * first.scale, self.rotation @ first.rotation, self(first.shift[None])[0])


def align(ours: tuple[np.ndarray, np.ndarray], truth: tuple[np.ndarray, np.ndarray]) -> Similarity:
    """The similarity that lays `ours` over `truth`, each (vertices (V, 3), faces (F, 3)), y up: first the same height
    and middle, then closest points. The meshes must be turned alike to within some 30 degrees."""
    low, high = ours[0].min(0).astype(float), ours[0].max(0).astype(float)
    true_low, true_high = truth[0].min(0).astype(float), truth[0].max(0).astype(float)
    scale = (true_high[1] - true_low[1]) / (high[1] - low[1])
    found = Similarity(scale, np.eye(3), (true_low + true_high) / 2 - scale * (low + high) / 2)
    points, normals = sample_surface(*ours, SAMPLES, np.random.default_rng(0))
    true_points, true_normals = sample_surface(*truth, SAMPLES, np.random.default_rng(0))
    tree, true_tree = cKDTree(points), cKDTree(true_points)
    for _ in range(ROUNDS):
        moved = found(points[:PAIRS])
        nearest = true_tree.query(moved)[1]
        ours_nearest = tree.query(found.inverse()(true_points[:PAIRS]))[1]
        from_, to = (
            np.concatenate([moved, found(points[ours_nearest])]),
            np.concatenate([true_points[nearest], true_points[:PAIRS]]),
        )
        planes = np.concatenate([true_normals[nearest], true_normals[:PAIRS]])
        own = np.concatenate([normals[:PAIRS], normals[ours_nearest]]) @ found.rotation.T
        step = _step(from_, to, planes, own)
        found = step.after(found)
        if np.abs(step.rotation - np.eye(3)).max() + abs(step.scale - 1) < ENOUGH:
            break
    return found


def align_rigidly(points: np.ndarray, mesh: tuple[np.ndarray, np.ndarray]) -> Similarity:
    """The rotation and shift that lay points (N, 3) over the part of a mesh next to them; as `align`, from one side."""
    vertices, faces = mesh[0].astype(np.float64), np.ascontiguousarray(mesh[1], np.int32)
    a, b, c = vertices[faces].transpose(1, 0, 2)
    normals = np.cross(b - a, c - a)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)
    found = Similarity(1.0, np.eye(3), np.zeros(3))
    for _ in range(ROUNDS):
        moved = found(points.astype(np.float64))
        _, nearest, targets = igl.point_mesh_squared_distance(moved, vertices, faces)[:3]
        step = _step(moved, targets, normals[nearest], normals[nearest], scaled=False)
        found = step.after(found)
        if np.abs(step.rotation - np.eye(3)).max() + np.abs(step.shift).max() < CLOSE:
            break
    return found


def _step(points, targets, planes, own, scaled: bool = True) -> Similarity:
    """One Gauss-Newton step: least squares of the distances along the targets' normals."""
    gap = np.linalg.norm(targets - points, axis=1)
    near = (gap <= FAR * np.median(gap) + 1e-12) & (np.einsum("nc,nc->n", planes, own) > 0)
    points, targets, planes = points[near], targets[near], planes[near]
    centre = points.mean(0)
    arm = points - centre
    larger = np.einsum("nc,nc->n", arm, planes)[:, None] if scaled else np.zeros((len(arm), 0))
    system = np.column_stack([np.cross(arm, planes), planes, larger])
    answer = np.linalg.lstsq(system, np.einsum("nc,nc->n", targets - points, planes), rcond=None)[0]
    rotation = Rotation.from_rotvec(answer[:3]).as_matrix()
    scale = float(np.exp(np.clip(answer[6], -0.2, 0.2))) if scaled else 1.0
    return Similarity(scale, rotation, centre + answer[3:6] - scale * rotation @ centre)

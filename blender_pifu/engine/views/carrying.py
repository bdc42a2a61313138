# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry a surface from one posed body to another: every point keeps its place against the skin next to it."""

import numpy as np
from scipy.spatial import cKDTree

from ..body.fit import thinned
from ..body.model import BodyModel, Pose, load_body

SKIN_STEP_M = 0.015  # between the points of the skin that surfaces hang on
NEIGHBOURS = 12
SOFT_M = 0.02


def carry(points: np.ndarray, source: tuple[Pose, np.ndarray], target: tuple[Pose, np.ndarray]) -> np.ndarray:
    """Points (N, 3) about the body `source` as they lie about the body `target`.

    source, target: pose and rows (R, 3) of a body in the space of the points, and of the result. The points' places are
    told in the frames of the skin near by and mean over these, as in linear blend skinning but from skin to skin: what
    the bodies differ in thickness goes away with their pose.
    """
    body = load_body()
    (source_pose, source_rows), (target_pose, target_rows) = source, target
    metre = float(source_pose.scale)
    chosen = thinned(body.mean[: body.skin_vertices].numpy(), SKIN_STEP_M)
    turns = _frames(body, target_pose, chosen) @ _frames(body, source_pose, chosen).transpose(0, 2, 1)
    size = float(target_pose.scale) / metre
    apart, near = cKDTree(source_rows[chosen]).query(points, k=NEIGHBOURS)
    share = 1 / (apart**2 + (SOFT_M * metre) ** 2) ** 2
    share /= share.sum(1, keepdims=True)
    here, there = source_rows[chosen], target_rows[chosen]
    placed = np.zeros(points.shape)
    for k in range(NEIGHBOURS):
        index = near[:, k]
        offset = np.einsum("nij,nj->ni", turns[index], points - here[index])
        placed += share[:, k, None] * (there[index] + size * offset)
    return placed


def _frames(body: BodyModel, pose: Pose, rows: np.ndarray) -> np.ndarray:
    """(n, 3, 3) rotations of skin from rest."""
    frames, _ = body.chain(pose, body.rest_of(pose)[body.head_rows])
    mixed = (body.weights[rows] @ frames.reshape(-1, 9)).reshape(-1, 3, 3).numpy()
    left, _, right = np.linalg.svd(mixed)
    return left @ right

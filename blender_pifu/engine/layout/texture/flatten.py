# SPDX-License-Identifier: GPL-3.0-or-later
"""One chart laid flat, its lengths kept as well as can be."""

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import splu

ROUNDS = 12


def project(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """The chart (V, 2) as seen along its mean normal; upright where that is level."""
    normal = np.cross(
        vertices[triangles[:, 1]] - vertices[triangles[:, 0]], vertices[triangles[:, 2]] - vertices[triangles[:, 0]]
    ).sum(0)
    normal /= max(np.linalg.norm(normal), 1e-12)
    right = np.cross([0.0, 1.0, 0.0] if abs(normal[1]) < 0.9 else [0.0, 0.0, -1.0], normal)
    right /= np.linalg.norm(right)
    return vertices @ np.stack([right, np.cross(normal, right)], 1)


def rectangle(corners: np.ndarray) -> np.ndarray:
    """UVs (3|4, 2) of one face's corners (3|4, 3) that cannot lie over themselves: a rectangle, or half of one."""
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    width, height = np.maximum((sides[0] + sides[2]) / 2, 1e-9), np.maximum((sides[1] + sides[-1]) / 2, 1e-9)
    return np.array([[0, 0], [width, 0], [width, height], [0, height]])[: len(corners)]


def unfold(vertices: np.ndarray, triangles: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The chart (V, 2) with its triangles as undistorted as possible: Liu et al. 2008, "A Local/Global Approach to Mesh
    Parameterization" (as rigid as possible). vertices (V, 3), triangles (T, 3), start (V, 2)."""
    corners = vertices[triangles]
    flat = _in_plane(corners)
    count = len(vertices)
    rows, columns, entries = [], [], []
    cotangents = np.empty((len(triangles), 3))
    for k in range(3):
        one, two = flat[:, (k + 1) % 3] - flat[:, k], flat[:, (k + 2) % 3] - flat[:, k]
        area = np.abs(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0])
        cotangents[:, k] = ((one * two).sum(1) / np.maximum(area, 1e-12)).clip(0.05, 20)
        i, j = triangles[:, (k + 1) % 3], triangles[:, (k + 2) % 3]
        rows += [i, j, i, j]
        columns += [j, i, i, j]
        entries += [-cotangents[:, k], -cotangents[:, k], cotangents[:, k], cotangents[:, k]]
    matrix = coo_matrix((np.concatenate(entries), (np.concatenate(rows), np.concatenate(columns))), (count, count))
    pin = coo_matrix(([1.0], ([triangles[0, 0]], [triangles[0, 0]])), (count, count))
    solver = splu((matrix + pin).tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    place = start.astype(np.float64)
    for _ in range(ROUNDS):
        spread = np.zeros((len(triangles), 2, 2))
        for k in range(3):
            was = flat[:, (k + 1) % 3] - flat[:, (k + 2) % 3]
            now = place[triangles[:, (k + 1) % 3]] - place[triangles[:, (k + 2) % 3]]
            spread += cotangents[:, k, None, None] * now[:, :, None] * was[:, None, :]
        # The nearest rotation to a 2 x 2 matrix, in closed form.
        cosine, sine = spread[:, 0, 0] + spread[:, 1, 1], spread[:, 1, 0] - spread[:, 0, 1]
        length = np.maximum(np.hypot(cosine, sine), 1e-12)
        cosine, sine = cosine / length, sine / length
        right = np.zeros((count, 2))
        right[triangles[0, 0]] += place[triangles[0, 0]]
        for k in range(3):
            i, j = triangles[:, (k + 1) % 3], triangles[:, (k + 2) % 3]
            was = flat[:, (k + 1) % 3] - flat[:, (k + 2) % 3]
            turned = np.stack([cosine * was[:, 0] - sine * was[:, 1], sine * was[:, 0] + cosine * was[:, 1]], 1)
            for axis in range(2):
                pull = cotangents[:, k] * turned[:, axis]
                right[:, axis] += np.bincount(i, pull, count) - np.bincount(j, pull, count)
        place = solver.solve(right)
    return place


def _in_plane(corners):
    """Each triangle (T, 3, 3) in its own plane, (T, 3, 2), seen from outside."""
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    length = np.maximum(np.linalg.norm(one, axis=1), 1e-12)
    flat = np.zeros((len(corners), 3, 2))
    flat[:, 1, 0] = length
    flat[:, 2, 0] = (one * two).sum(1) / length
    flat[:, 2, 1] = np.linalg.norm(np.cross(one, two), axis=1) / length
    return flat

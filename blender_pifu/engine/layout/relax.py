# SPDX-License-Identifier: GPL-3.0-or-later
"""Lay the vertices of a light mesh on the dense one, evenly."""

import numpy as np

from ..surface.mesh import neighbour_mean, split_quads, vertex_normals
from .closest import DenseSurface
from .crossings import crossing_faces

ROUNDS, STEP = 6, 0.5


def settle(vertices: np.ndarray, faces: np.ndarray, dense: DenseSurface, rounds: int = ROUNDS) -> np.ndarray:
    """Vertices (V, 3) float32 on the dense surface (a DenseSurface), each moved towards the middle of its neighbours
    along the surface only. faces: (F, 4) with -1 as the fourth of a triangle."""
    triangles, _ = split_quads(faces)
    mean = neighbour_mean(faces, len(vertices))
    vertices = vertices.astype(np.float64)
    for _ in range(rounds):
        normals = vertex_normals(vertices, triangles)
        move = STEP * (mean @ vertices - vertices)
        move -= normals * np.einsum("vi,vi->v", move, normals)[:, None]
        vertices = dense.nearest(vertices + move, normals)
    return vertices.astype(np.float32)


def unfold(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Vertices (V, 3) of which those come apart that are opposite corners of a quad of faces (F, 4) and were settled on
    one place: it would have no area."""
    quads = faces[faces[:, 3] >= 0]
    ends = np.concatenate([quads[:, [0, 2]], quads[:, [1, 3]]])
    ends = ends[(vertices[ends[:, 0]] == vertices[ends[:, 1]]).all(1)]
    if not len(ends):
        return vertices
    moved, mean = vertices.copy(), neighbour_mean(faces, len(vertices))
    moved[ends.ravel()] = (0.75 * vertices + 0.25 * (mean @ vertices))[ends.ravel()]
    return moved


def untangle(vertices: np.ndarray, faces: np.ndarray, most: int = 8) -> np.ndarray:
    """Smooth away places where faces (F, 4) pass through others, as far as `most` rounds lead."""
    triangles, _ = split_quads(faces)
    mean = None
    for turn in range(most):
        crossing = crossing_faces(vertices, triangles)
        if not crossing.any():
            break
        mean = neighbour_mean(faces, len(vertices)) if mean is None else mean
        moved = np.zeros(len(vertices))
        moved[triangles[crossing]] = 1
        for _ in range(1 + turn // 2):  # and what lies round them
            moved = np.maximum(moved, mean @ moved > 0)
        chosen = moved > 0
        vertices = vertices.copy()
        for _ in range(3):
            vertices[chosen] = (0.5 * vertices + 0.5 * (mean @ vertices))[chosen]
    return vertices

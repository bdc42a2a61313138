# SPDX-License-Identifier: GPL-3.0-or-later
"""Normals of a dense surface, by its faces, and of a light mesh, as Blender has them.

The field's slope at lattice points does not serve: its logit bends within a cell, more along the normal than across it,
and such normals swing from one layer of the lattice to the next. They showed as rings and were two to three times
further off than the faces'.
"""

import numpy as np

from .mesh import mean_round, vertex_normals


def smooth_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit normals (V, 3) float32 of a dense mesh, vertices (V, 3) and triangles (F, 3): the mean over the faces round
    each vertex of the mean at their corners, which evens out how the lattice cuts the surface."""
    corners, of_faces = faces.astype(np.intp), []
    for values in vertex_normals(vertices, corners).T.astype(np.float64):
        a, b, c = values.take(corners.T)
        of_faces.append(a + b + c)
    return mean_round(of_faces, corners, len(vertices))


def angle_weighted_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit normals (V, 3) float64 of a smooth mesh as Blender computes them: of the faces (F, 3|4) round each vertex,
    weighted by their angles there."""
    normals = np.zeros((len(vertices), 3))
    width = faces.shape[1]
    triangular = faces[:, -1] < 0 if width == 4 else np.ones(len(faces), bool)
    for mine in (faces[triangular][:, :3], faces[~triangular]):
        if not len(mine):
            continue
        places = vertices[mine].astype(np.float64)
        before, after = np.roll(places, 1, 1) - places, np.roll(places, -1, 1) - places
        if mine.shape[1] == 4:
            of_face = np.cross(places[:, 2] - places[:, 0], places[:, 3] - places[:, 1])
        else:
            of_face = np.cross(places[:, 1] - places[:, 0], places[:, 2] - places[:, 0])
        weighted = (angles_between(before, after)[..., None] * unit(of_face)[:, None]).reshape(-1, 3)
        for axis in range(3):
            normals[:, axis] += np.bincount(mine.ravel(), weighted[:, axis], len(vertices))
    return unit(normals)


def angles_between(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Angles (...,) between ways (..., 3), radians."""
    return np.arccos((unit(one) * unit(other)).sum(-1).clip(-1, 1))


def unit(ways: np.ndarray) -> np.ndarray:
    """Ways (..., 3) of length 1; 0 stays 0."""
    return ways / np.maximum(np.linalg.norm(ways, axis=-1, keepdims=True), 1e-20)

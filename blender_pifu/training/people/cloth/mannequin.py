# SPDX-License-Identifier: GPL-3.0-or-later
"""What cloth rests on: the body without head and fingers, and shoes, in any pose."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import sparse

from ..body import Body, skin
from ..clothes.fabric import part_weights
from .solver import Surface, mesh_normals

LONG_M = 0.009  # edges of the body that are longer get a point in their middle
UNTOUCHED = ("finger", "head", "eye", "neck03")  # bones of what no cloth comes near
LEFT_LEG, RIGHT_LEG = 3, 4  # see `fabric.PARTS`


@dataclass(frozen=True)
class Shoes:
    """`rest (V, 3)` metres, `weights (V, 104)`, `faces (T, 3)`."""

    rest: np.ndarray
    weights: np.ndarray
    faces: np.ndarray


class Mannequin:
    """A body with rest vertices `rest (19158, 3)`, and shoes if it wears any."""

    def __init__(self, body: Body, rest: np.ndarray, shoes: Shoes | None):
        self.used, self.faces, self.points, group = _touchable(body)
        self.rest, self.weights, self.shoes = rest[self.used], body.weights[self.used], shoes
        if shoes is not None:
            group = np.concatenate([group, np.where(shoes.rest[:, 0] > 0, LEFT_LEG, RIGHT_LEG)])
        self.group = group.astype(np.uint8)

    def posed(self, transforms: np.ndarray) -> Surface:
        """In the pose of `transforms (104, 3, 4)`."""
        base = skin(self.rest, self.weights, transforms)
        points, normals = self.points @ base, self.points @ mesh_normals(base, self.faces)
        if self.shoes is not None:
            worn = skin(self.shoes.rest, self.shoes.weights, transforms)
            points = np.concatenate([points, worn])
            normals = np.concatenate([normals, mesh_normals(worn, self.shoes.faces)])
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
        return Surface(np.ascontiguousarray(points, np.float32), np.ascontiguousarray(normals, np.float32), self.group)


@lru_cache(maxsize=1)
def _touchable(body: Body) -> tuple[np.ndarray, np.ndarray, sparse.csr_matrix, np.ndarray]:
    """Base vertices used, faces among them, the matrix from these to points, and the body part of each point."""
    far = [b for b, name in enumerate(body.bones) if name.startswith(UNTOUCHED)]
    faces = body.group_faces("body")
    faces = faces[~np.isin(body.weights.argmax(1)[faces], far).all(1)]
    used, faces = np.unique(faces, return_inverse=True)
    faces = faces.reshape(-1, 3).astype(np.int32)
    at = body.mean_vertices[used]
    edges = np.unique(np.sort(faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1), axis=0)
    edges = edges[np.linalg.norm(at[edges[:, 0]] - at[edges[:, 1]], axis=1) > LONG_M]
    count, mids = len(used), len(edges)
    rows = np.r_[np.arange(count), np.repeat(count + np.arange(mids), 2)]
    values = np.r_[np.ones(count), np.full(2 * mids, 0.5)]
    matrix = sparse.csr_matrix((values, (rows, np.r_[np.arange(count), edges.ravel()])), (count + mids, count))
    group = (matrix @ (body.weights[used] @ part_weights(body))).argmax(1)
    return used, faces, matrix.astype(np.float32), group

# SPDX-License-Identifier: GPL-3.0-or-later
"""What the drawn normals of the seen side have finer than the dense surface, whose lattice is coarser than their
pixels: folds, hems, buttons."""

import cv2
import numpy as np

from ...color.painting import Side
from ...crop_space import blurred_within
from ..painted_mesh import PaintedMesh
from .dense_normals import DenseNormals
from .texels import cover

FINE_M = 0.015  # metres, standard deviation of the blur that leaves no detail: what is broader is the surface's own
ON_EDGE = 0.1  # pixels
SEEN_PX = 512  # in which the dense surface is looked at: as fine as its lattice is as a rule
MOST = 0.5  # length that what is added to a unit normal approaches at most: at outlines both differ widely


class FineNormals:
    """What is added to the normals of a dense surface where the camera sees it."""

    def __init__(self, drawn: np.ndarray, matte: np.ndarray, dense: PaintedMesh, spacing: float, metre: float):
        """drawn: unit normals (n, n, 3) of the photo's pixels; matte (n, n) 0..1; dense: the surface, field space, cut
        with lattice step `spacing`, field units; metre: field units of one."""
        seen = seen_normals(dense, min(len(drawn), SEEN_PX))
        if len(seen) < len(drawn):
            seen = cv2.resize(seen, matte.shape, interpolation=cv2.INTER_LINEAR)
        there = ((np.abs(seen).sum(-1) > 0) & (matte > 0.5)).astype(np.float32)
        lacking = (drawn - seen) * there[..., None]
        reach = FINE_M * metre * len(drawn) / 2
        lacking -= blurred_within(lacking, there, reach)
        length = np.linalg.norm(lacking, axis=-1, keepdims=True)
        lacking *= there[..., None] * MOST * np.tanh(length / MOST) / np.maximum(length, 1e-6)
        self._side = Side(dense.vertices, dense.faces, spacing, np.dstack([lacking, matte]).astype(np.float32), 1)

    def added(self, points: np.ndarray, normals: np.ndarray, share: np.ndarray) -> np.ndarray:
        """Unit normals (N, 3) of places (N, 3), field space, with what is added, as far as share (N,) 0..1 says."""
        share = share * self._side.trust(points, normals)
        fine = normals.copy()
        seen = np.flatnonzero(share > 0)
        fine[seen] += share[seen, None] * self._side.colors(points[seen])
        return fine / np.maximum(np.linalg.norm(fine, axis=1, keepdims=True), 1e-9)


def seen_normals(dense: PaintedMesh, size: int) -> np.ndarray:
    """(size, size, 3) float32 unit normals of what is seen of triangles from the front, 0 where nothing is; smoothed as
    the normal map has them."""
    faces = dense.faces[dense.normals[dense.faces, 2].max(1) > 0]
    # Pixels' centres may lie on the very edges of its lattice.
    found = cover((dense.vertices[faces][..., :2] + 1) / 2, size, ON_EDGE)
    depth = np.einsum("nk,nk->n", found.weights, dense.vertices[faces[found.face], 2])
    nearest = np.full(size * size, -1)
    order = np.argsort(depth, kind="stable")  # what is nearest is written last
    nearest[found.texel[order]] = order
    there = np.flatnonzero(nearest >= 0)
    corners, weights = faces[found.face[nearest[there]]], found.weights[nearest[there]]
    places, normals = (np.einsum("nk,nkc->nc", weights, each[corners]) for each in (dense.vertices, dense.normals))
    seen = np.zeros((size * size, 3), np.float32)
    seen[there] = DenseNormals(dense)(places, normals)
    return seen.reshape(size, size, 3)

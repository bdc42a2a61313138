# SPDX-License-Identifier: GPL-3.0-or-later
"""Which way the dense surface looks, near any place of a lighter mesh."""

import numpy as np
from scipy.spatial import cKDTree

from ...smooth_step import even_step
from ..painted_mesh import PaintedMesh

NEAREST = 6  # vertices that a normal is a mean of
FAR = (0.008, 0.016)  # field units from the dense surface: from which on less of it is taken, and then nothing
APART = (0.35, 0.6)  # cosine between both normals, below and up to which it is another sheet, and surely is none


class DenseNormals:
    """The normals of a dense surface, as means of a few of its vertices'."""

    def __init__(self, dense: PaintedMesh):
        self._tree, self._normals = cKDTree(dense.vertices), dense.normals

    def __call__(self, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """Unit normals (N, 3) of the surface near points (N, 3), field space, or `normals (N, 3)`, those of the lighter
        mesh, where it is too far, or another sheet."""
        normals = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
        away, nearest = self._tree.query(points, NEAREST)
        share = np.square(1 - np.square(away / np.maximum(away[:, -1:], 1e-9))) + 1e-9
        theirs = self._normals[nearest].astype(np.float64)
        share *= even_step(np.einsum("nkc,nc->nk", theirs, normals), *APART)
        mean = np.einsum("nk,nkc->nc", share, theirs)
        length = np.linalg.norm(mean, axis=1)
        mean /= np.maximum(length, 1e-9)[:, None]
        sure = (1 - even_step(away[:, 0], *FAR)) * (length > 1e-6)
        mixed = normals + sure[:, None] * (mean - normals)
        return mixed / np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-9)

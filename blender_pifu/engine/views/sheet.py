# SPDX-License-Identifier: GPL-3.0-or-later
"""Smooth moves of a surface: nodes on it that move, their neighbours alike, and what lies between them in between."""

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix, diags
from scipy.spatial import cKDTree

from ..body.fit import thinned

NODE_M = 0.025  # between nodes
NEIGHBOURS = 8  # of a node, over the surface, that move alike
SHARED = 6  # nodes that a place between them moves with


class Sheet:
    """Nodes of a surface, vertices (V, 3) with unit normals (V, 3); metre: field units of one."""

    def __init__(self, vertices: np.ndarray, normals: np.ndarray, metre: float):
        chosen = thinned(vertices, NODE_M * metre)
        self.nodes, self.normals = vertices[chosen].astype(np.float64), normals[chosen].astype(np.float64)
        self._metre, self._tree = metre, cKDTree(self.nodes)

    def __len__(self) -> int:
        return len(self.nodes)

    def shares(self, points: np.ndarray, normals: np.ndarray) -> csr_matrix:
        """(N, nodes): how much points (N, 3) near the surface, which looks along normals (N, 3), move with each
        node."""
        apart, near = self._tree.query(points, k=SHARED)
        alike = np.einsum("nkc,nc->nk", self.normals[near], normals).clip(0.05)
        return self._mixed(near, alike / (apart / self._metre + 1e-3) ** 2)

    def nearest_shares(self, points: np.ndarray) -> csr_matrix:
        """As `shares`, where it is not known which way the surface looks."""
        apart, near = self._tree.query(points, k=SHARED)
        return self._mixed(near, 1 / (apart / self._metre + 1e-3) ** 2)

    def _mixed(self, near, share):
        share /= share.sum(1, keepdims=True)
        rows = np.repeat(np.arange(len(near)), SHARED)
        return csr_matrix((share.ravel(), (rows, near.ravel())), shape=(len(near), len(self)))

    def along(self) -> csr_matrix:
        """(nodes, nodes) Laplacian of the links between neighbours on the surface."""
        apart, near = self._tree.query(self.nodes, k=NEIGHBOURS + 1)
        alike = np.einsum("nkc,nc->nk", self.normals[near], self.normals) > 0.2
        rows, columns = np.nonzero(alike[:, 1:] & (apart[:, 1:] < 3 * NODE_M * self._metre))
        return _laplacian(rows, near[rows, columns + 1], len(self))

    def through(self) -> csr_matrix:
        """(nodes, nodes) Laplacian of the links from the front to the back behind it."""
        front, back = np.flatnonzero(self.normals[:, 2] > 0), np.flatnonzero(self.normals[:, 2] <= 0)
        if not len(back) or not len(front):
            return csr_matrix((len(self), len(self)))
        beside, opposite = cKDTree(self.nodes[back, :2]).query(self.nodes[front, :2])
        close = beside < NODE_M * self._metre
        return _laplacian(front[close], back[opposite[close]], len(self))


def _laplacian(one, other, count) -> csr_matrix:
    links = coo_matrix((np.ones(len(one)), (one, other)), shape=(count, count)).tocsr()
    links = links.maximum(links.T)
    return (diags(np.asarray(links.sum(1)).ravel()) - links).tocsr()

# SPDX-License-Identifier: GPL-3.0-or-later
"""Lay a further photo over the surface: which of its places shows which place of the person, whose pose there is a
little other."""

from functools import cached_property

import numpy as np
from scipy.sparse import block_diag, diags, hstack
from scipy.sparse.linalg import spsolve

from ..surface.mesh import vertex_normals
from .carrying import carry
from .one_photo import OnePhoto
from .outlines import match, outline_of
from .shared_body import SharedBody, visible
from .sheet import Sheet

STEP_M, MOVE_M, OFF_M = 0.004, 0.02, 0.004  # spread of moves across, between neighbours and in all; how outlines meet
REACHES_M = (0.04, 0.03, 0.02)
THICK_M = 0.03


class Laid:
    """A further photo laid over the surface, vertices (V, 3), faces (F, 3), unit normals (V, 3), of the shared space.

    The surface is carried over to the pose of the body that was fitted to the photo; then its outline is drawn to the
    photo's.
    """

    def __init__(self, photo: OnePhoto, shared: SharedBody, surface: tuple[np.ndarray, np.ndarray, np.ndarray]):
        self.photo, self._shared, self._faces = photo, shared, surface[1]
        self.shared_normals = surface[2]
        self._sheet = Sheet(surface[0], surface[2], shared.metre)
        carried = self._carried(surface[0])
        shares = self._sheet.shares(surface[0], surface[2])
        outline, unit = outline_of(photo.cut, photo.metre), photo.metre
        normals = vertex_normals(photo.seen(carried), self._faces)
        self._moves = np.zeros((len(self._sheet), 2))
        stiff = self._sheet.along() / STEP_M**2 + diags(np.full(len(self._sheet), 1 / MOVE_M**2))
        system = block_diag([stiff, stiff])
        for reach in REACHES_M:
            places = photo.seen(carried)
            places[:, :2] += shares @ self._moves
            found = match(outline, places, normals, reach * unit, unit)
            nodes = shares[found.vertices]
            rows = hstack([diags(found.outward[:, 0]) @ nodes, diags(found.outward[:, 1]) @ nodes]).tocsr()
            off = found.off / unit + rows @ (self._moves.T.ravel() / unit)
            weight = 1 / OFF_M**2 / (1 + (found.off / unit / OFF_M) ** 2)
            full = (system + rows.T @ diags(weight) @ rows).tocsc()
            self._moves = spsolve(full, rows.T @ (weight * off)).reshape(2, -1).T * unit
        self.places = photo.seen(carried)
        self.places[:, :2] += shares @ self._moves
        self.normals = vertex_normals(self.places, self._faces)

    @cached_property
    def facing(self) -> np.ndarray:
        """(V,) cosine between the surface's normal and the way to the camera, 0 where the photo does not show it."""
        shown = visible(self.places, self.normals, THICK_M * self.photo.metre)
        return np.where(shown, self.normals[:, 2].clip(0), 0)

    def place(self, points: np.ndarray) -> np.ndarray:
        """Points (N, 3) on or near the surface, of the shared space, where the photo shows them, (N, 3) in its field
        space."""
        there = self.photo.seen(self._carried(points))
        there[:, :2] += self._sheet.nearest_shares(points) @ self._moves
        return there

    def _carried(self, points):
        source, target = (self._shared.pose, self._shared.rows), (self.photo.fit.pose, self.photo.rows)
        return carry(np.asarray(points, np.float64), source, target)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin limbs blown up before they are remeshed, and shrunk back after: so fingers keep enough quads round them."""

from functools import cached_property

import numpy as np

from ..surface.mesh import neighbour_mean, vertex_normals
from .closest import DenseSurface
from .thickness import wall_thickness

# A limb's least diameter while it is remeshed, in edges of the quads wanted. Measured on a hand of separate fingers: at
# 2.2 some are lost, at 4 nothing more is gained.
LEAST_EDGES = 3.0
SMOOTHING = 12


class Inflated:
    """A closed triangle mesh (vertices (V, 3), faces (F, 3)) with its thin parts blown up: `vertices`, `faces`.

    They may run into each other: what remeshes must look at their connections alone.
    """

    def __init__(self, vertices: np.ndarray, faces: np.ndarray, face_count: int):
        """face_count: quads that the whole is to be divided into."""
        corners = vertices[faces].astype(np.float64)
        area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum() / 2
        least = LEAST_EDGES * np.sqrt(area / face_count)
        normals = vertex_normals(vertices, faces)
        push = (least - wall_thickness(vertices, normals, least)) / 2
        mean = neighbour_mean(faces, len(vertices))
        for _ in range(SMOOTHING):  # over finger tips and between
            push = np.maximum(mean @ push, 0.7 * push)
            normals = mean @ normals
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
        self._moves = push[:, None] * normals
        self.vertices, self.faces = (vertices + self._moves).astype(np.float32), faces

    @cached_property
    def surface(self) -> DenseSurface:
        """What was blown up, to be asked for nearest vertices."""
        return DenseSurface(self.vertices, self.faces, vertex_normals(self.vertices, self.faces))

    def shrink(self, vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
        """Vertices (V, 3) of another mesh on this one, with triangles (T, 3), back where the limbs really are."""
        nearest = self.surface.nearest_vertex(vertices, vertex_normals(vertices, triangles))
        return (vertices - self._moves[nearest]).astype(np.float32)

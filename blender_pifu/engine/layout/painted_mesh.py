# SPDX-License-Identifier: GPL-3.0-or-later
"""A painted mesh: one closed piece with normals and colours at its vertices."""

from dataclasses import dataclass

import numpy as np

from ..surface.mesh import split_quads, vertex_normals
from .closest import DenseSurface


@dataclass(frozen=True)
class PaintedMesh:
    """One closed piece in field space: vertices (V, 3) float32, faces (F, 3|4) int32, of which a triangle among quads
    has -1 at its end, normals (V, 3) float32 unit, colors (V, 3) uint8 sRGB."""

    vertices: np.ndarray
    faces: np.ndarray
    normals: np.ndarray
    colors: np.ndarray

    @property
    def surface(self) -> DenseSurface:
        """The mesh, of triangles, to be asked for nearest points."""
        return DenseSurface(self.vertices, self.faces, self.normals)


def painted_like(colors: np.ndarray, surface: DenseSurface, vertices: np.ndarray, faces: np.ndarray) -> PaintedMesh:
    """A mesh laid on a surface, vertices (V, 3) and faces (F, 3|4), with the colours of its nearest vertices;
    colors: (N, 3) uint8 sRGB of those."""
    normals = vertex_normals(vertices, split_quads(faces)[0])
    return PaintedMesh(vertices, faces, normals, colors[surface.nearest_vertex(vertices, normals)])

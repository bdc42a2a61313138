# SPDX-License-Identifier: GPL-3.0-or-later
"""A painted mesh: one closed piece with normals and colours at its vertices."""

from dataclasses import dataclass

import numpy as np

from ..color.borders import Materials
from ..surface.mesh import split_quads, vertex_normals
from .closest import DenseSurface


@dataclass(frozen=True)
class PaintedMesh:
    """One closed piece in field space: vertices (V, 3) float32, faces (F, 3|4) int32, of which a triangle among quads
    has -1 at its end, normals (V, 3) float32 unit, colors (V, 3) uint8 sRGB, and the materials of its vertices, if
    known."""

    vertices: np.ndarray
    faces: np.ndarray
    normals: np.ndarray
    colors: np.ndarray
    materials: Materials | None = None

    @property
    def surface(self) -> DenseSurface:
        """The mesh, of triangles, to be asked for nearest points."""
        return DenseSurface(self.vertices, self.faces, self.normals)


def painted_like(dense: PaintedMesh, surface: DenseSurface, vertices: np.ndarray, faces: np.ndarray) -> PaintedMesh:
    """A mesh laid on a dense one, whose surface this is, vertices (V, 3) and faces (F, 3|4), with the colours and
    materials of its nearest vertices."""
    normals = vertex_normals(vertices, split_quads(faces)[0])
    nearest = surface.nearest_vertex(vertices, normals)
    return PaintedMesh(vertices, faces, normals, *sampled(dense, nearest, faces))


def sampled(dense: PaintedMesh, nearest: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, Materials | None]:
    """Colours and materials of a mesh, faces (F, 3|4), whose vertices are nearest to those (V,) of a dense one."""
    return dense.colors[nearest], dense.materials and dense.materials.sampled(nearest, faces)

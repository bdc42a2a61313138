# SPDX-License-Identifier: GPL-3.0-or-later
"""From the dense surface to the mesh of the topology that was asked for."""

from dataclasses import dataclass

import numpy as np

from ..surface.mesh import split_quads, vertex_normals
from .closest import DenseSurface
from .presets import quads
from .thicken import thicken

PERSON_CM = 170.0
MOST_LOST_CM = 1.5  # of a person of that height


@dataclass(frozen=True)
class Shape:
    """One closed piece in field space: vertices (V, 3) float32, faces (F, 3|4) int32, of which a triangle among quads
    has -1 at its end, normals (V, 3) float32 unit, colors (V, 3) uint8 sRGB."""

    vertices: np.ndarray
    faces: np.ndarray
    normals: np.ndarray
    colors: np.ndarray


def lay_out(dense, topology, resolution, surface_at, waiting=None):
    """The Shape of a topology, one of layout.TOPOLOGIES, and what is to be told of it (dict, fit for JSON; `notes`: for
    the artist).

    dense: the Shape, of triangles, cut from the field at `resolution`; surface_at, waiting: see presets.quads.
    Deterministic. Raises EngineError.
    """
    if topology == "sculpt":
        return dense, {}
    told = {}
    surface = DenseSurface(dense.vertices, dense.faces, dense.normals)
    if topology == "print":
        vertices, faces, least_mm = thicken(dense.vertices, dense.faces, dense.normals)
        told["least_wall_mm"] = round(least_mm, 2)
    else:
        vertices, faces, lost = quads(topology, surface, surface_at, resolution, waiting)
        lost_cm = lost / np.ptp(dense.vertices[:, 1]) * PERSON_CM
        if lost_cm > MOST_LOST_CM:
            told["notes"] = [
                f"Fine parts, as fingers are, were lost from the {topology} mesh: {lost_cm:.0f} cm of them."
            ]
        told["quads"] = round(float((faces[:, 3] >= 0).mean()), 4)
    triangles, _ = split_quads(faces)
    normals = vertex_normals(vertices, triangles)
    colors = dense.colors[surface.nearest_vertex(vertices, normals)]
    return Shape(vertices, faces, normals, colors), told

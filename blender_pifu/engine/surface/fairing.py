# SPDX-License-Identifier: GPL-3.0-or-later
"""Walls: surface that runs along the line of sight, evened out.

A single pixel holds centimetres of a wall, of which the photo says nothing finer than that pixel: what a field has
there is its network's noise, and showed as crumpled jaws and ribbed trouser legs.
"""

import numpy as np

from .mesh import neighbour_mean
from .normals import smooth_normals

ROUNDS, BLEND = 15, 3
IN, OUT = 0.6, -0.63  # steps of a round: ripples under some ten edges fade, larger shapes neither shrink nor swell


def fair_walls(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Vertices (V, 3) float32 of a closed dense mesh, vertices (V, 3) field space and triangles (F, 3), with its walls
    smooth; what faces the camera stays where it is.

    The whole surface is made fair (Taubin, A Signal Processing Approach to Fair Surface Design, 1995, section 3), and
    each vertex goes there as far as it is edge-on.
    """
    mean = neighbour_mean(faces, len(vertices)).astype(np.float32)
    fair = vertices
    for _ in range(ROUNDS):
        for step in (IN, OUT):
            fair = fair + np.float32(step) * (mean @ fair - fair)
    edge_on = np.clip(1 - 2 * smooth_normals(vertices, faces)[:, 2] ** 2, 0, 1)
    for _ in range(BLEND):  # where it changes from one vertex to the next, the slivers between them would fold
        edge_on = mean @ edge_on
    return vertices + edge_on[:, None] * (fair - vertices)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Walls: surface that runs along the line of sight, evened out.

A single pixel holds centimetres of a wall, of which the photo says nothing finer than that pixel: what a field has
there is its network's noise, and showed as crumpled jaws and ribbed trouser legs.
"""

import numpy as np

from ..cores import divided
from ..smooth_step import even_step
from .mesh import neighbour_mean
from .normals import smooth_normals

# Metres: shorter waves of an outline, drawn out in depth over a broad wall, look like planks.
RIPPLE_M = 0.12
WHOLE_M = 1.1  # field units of a metre of somebody whose photo shows all of them
EDGES, MOST_EDGES = 11, 30  # everywhere on walls those of fewer edges fade; more would take too long
BLEND, AROUND = 3, 20  # rings over which walls end, and in which is asked how broad they are
BROAD = (0.6, 0.75)  # mean of how edge-on the surface there is, from which on it is a broad wall: a finger is none
IN, ROUNDS = 0.6, 15  # step in of a round, of two; rounds for waves of EDGES
ROWS = 2**16  # vertices that one thread moves at a time: fewer take no longer than a thread


def fair_walls(vertices: np.ndarray, faces: np.ndarray, ripple: float = RIPPLE_M * WHOLE_M) -> np.ndarray:
    """Vertices (V, 3) float32 of a closed dense mesh, vertices (V, 3) field space and triangles (F, 3), with its walls
    smooth; what faces the camera stays where it is. ripple: length of waves that fade on broad walls, field units.

    The surface is made fair (Taubin, A Signal Processing Approach to Fair Surface Design, 1995, section 3), and each
    vertex goes there as far as it is edge-on.
    """
    mean = neighbour_mean(faces, len(vertices)).astype(np.float32)
    edge_on = np.clip(1 - 2 * smooth_normals(vertices, faces)[:, 2] ** 2, 0, 1)
    for _ in range(BLEND):  # where it changes from one vertex to the next, the slivers between them would fold
        edge_on = mean @ edge_on
    broad = edge_on
    for _ in range(AROUND):
        broad = mean @ broad
    broad = edge_on * even_step(broad, *BROAD)
    even = _without_ripples(vertices, mean, edge_on, EDGES)
    longer = min(ripple / _edge(vertices, faces), MOST_EDGES)
    return _without_ripples(even, mean, broad, longer) if longer > EDGES else even


def _without_ripples(vertices, mean, share, edges):
    """Vertices, as far as `share (V,)` says, without waves shorter than so many edges."""
    near = share > 0
    for _ in range(BLEND):
        near = mean @ near.astype(np.float32) > 0
    rows = np.flatnonzero(near)
    among, around = mean[rows][:, rows].tocsr(), mean[rows] @ (vertices * ~near[:, None])
    parts = [np.s_[first : first + ROWS] for first in range(0, len(rows), ROWS)]
    pieces = [(part, among[part]) for part in parts]
    del among
    out = 1 / ((np.pi / edges) ** 2 - 1 / IN)  # so that waves of so many edges neither shrink nor swell
    fair = vertices[rows]
    moved = np.empty_like(fair)
    for _ in range(round(ROUNDS * (edges / EDGES) ** 2)):
        for step in (np.float32(IN), np.float32(out)):

            def move(piece, fair=fair, moved=moved, step=step):
                part, mean_of = piece
                moved[part] = fair[part] + step * (mean_of @ fair + around[part] - fair[part])

            divided(move, pieces)
            fair, moved = moved, fair
    even = vertices.copy()
    even[rows] += share[rows, None] * (fair - vertices[rows])
    return even


def _edge(vertices, faces):
    """Mean length of a triangle's edges."""
    corners = vertices[faces]
    return float(np.linalg.norm(corners - np.roll(corners, 1, 1), axis=-1).mean())

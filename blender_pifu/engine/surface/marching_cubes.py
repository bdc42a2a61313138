# SPDX-License-Identifier: GPL-3.0-or-later
"""Marching cubes on a list of cells, with a case table derived from one rule on cube faces.

The rule: on a face whose corners alternate (inside, outside, inside, outside) the two outside corners are cut off one
by one, so the inside stays connected. It looks at nothing but the face, so two cells always agree on the face they
share; and no triangle gets an inner edge that lies in a face. The surface is therefore closed, every edge has exactly
two faces, and every vertex one fan of faces, for any signs whatever.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .lattice import Lattice

LEVEL = 0.5
# Occupancies closer to 0 or 1 are taken for this far from it; single precision is at its end near 1.
LEAST_OCCUPANCY = 1e-6
# Crossings stay this far (in lattice steps) from lattice points, so that no triangle has zero area.
END_MARGIN = 1e-3
# Crossings farther from the middle of an edge (in lattice steps), along each axis, are not asked for: the straight line
# errs most halfway, more than half of the vertices lie beyond, and in depth the logit bends alike everywhere.
STRAIGHT = np.array([0.25, 0.25, 0.09])

# Corner c of a cell lies at offset (c & 1, c >> 1 & 1, c >> 2 & 1) in (x, y, z).
CORNERS = np.array([[c & 1, c >> 1 & 1, c >> 2 & 1] for c in range(8)])
# The 12 edges as (lower corner, axis).
EDGES = [(corner, axis) for axis in range(3) for corner in range(8) if not corner >> axis & 1]
EDGE_BETWEEN = {frozenset((corner, corner | 1 << axis)): index for index, (corner, axis) in enumerate(EDGES)}


def _faces():
    """The 6 faces as corner cycles, counter-clockwise seen from outside the cell."""
    cycles = []
    for axis in range(3):
        u, v = 1 << (axis + 1) % 3, 1 << (axis + 2) % 3
        cycle = [0, u, u | v, v]
        cycles.append(cycle[::-1])
        cycles.append([corner | 1 << axis for corner in cycle])
    return cycles


FACES = _faces()
EDGE_FACES = [
    {face for face, cycle in enumerate(FACES) if corner in cycle and corner | 1 << axis in cycle}
    for corner, axis in EDGES
]


def face_segments(case: int, cycle: Sequence[int]) -> list[tuple[int, int]]:
    """The directed segments that the surface of a case (bit c set: corner c inside) leaves on one face.

    Each is a pair of edge indices: one segment for each run of outside corners, from the run's end back to its start.
    """
    inside = [bool(case >> corner & 1) for corner in cycle]
    segments = []
    for start in range(4):
        if inside[start - 1] and not inside[start]:
            end = start
            while not inside[(end + 1) % 4]:
                end += 1
            first = EDGE_BETWEEN[frozenset((cycle[start - 1], cycle[start]))]
            last = EDGE_BETWEEN[frozenset((cycle[end % 4], cycle[(end + 1) % 4]))]
            segments.append((last, first))
    return segments


def case_loops(case: int) -> list[list[int]]:
    """The closed polygons of a case, as lists of edge indices, outward (inside -> outside) by the right-hand rule."""
    follows = dict(segment for cycle in FACES for segment in face_segments(case, cycle))
    loops = []
    while follows:
        loop = [next(iter(follows))]
        while (edge := follows.pop(loop[-1])) != loop[0]:
            loop.append(edge)
        loops.append(loop)
    return loops


def _triangulate(loop):
    """Cut a polygon into triangles with the shortest inner edges, none of which lies in a face of the cell."""
    middles = [CORNERS[corner] + 0.5 * np.eye(3)[axis] for corner, axis in (EDGES[edge] for edge in loop)]

    def length(a, b):
        if b - a == 1 or (a == 0 and b == len(loop) - 1):
            return 0.0
        return np.inf if EDGE_FACES[loop[a]] & EDGE_FACES[loop[b]] else float(np.sum((middles[a] - middles[b]) ** 2))

    @cache
    def best(a, b):
        if b - a < 2:
            return 0.0, ()
        options = []
        for c in range(a + 1, b):
            (left, left_faces), (right, right_faces) = best(a, c), best(c, b)
            cost = left + right + length(a, c) + length(c, b)
            options.append((cost, (*left_faces, (loop[a], loop[c], loop[b]), *right_faces)))
        return min(options)

    cost, triangles = best(0, len(loop) - 1)
    assert np.isfinite(cost), f"no triangulation of {loop} keeps its inner edges off the faces"
    return triangles


@cache
def case_triangles():
    """The table: for each of the 256 cases a list of triangles, each three edge indices."""
    return [[triangle for loop in case_loops(case) for triangle in _triangulate(loop)] for case in range(256)]


@cache
def _tables():
    """The table as arrays: triangles per case (256,), edges of the triangles (256, most, 3), edges in use (256, 12)."""
    rows = case_triangles()
    counts = np.array([len(row) for row in rows])
    edges = np.zeros((256, counts.max(), 3), np.int64)
    used = np.zeros((256, 12), bool)
    for case, row in enumerate(rows):
        for index, triangle in enumerate(row):
            edges[case, index] = triangle
            used[case, list(triangle)] = True
    return counts, edges, used


def logits(occupancy: np.ndarray) -> np.ndarray:
    """What the network computed before its sigmoid, (N,) float64: 0 at the level, and near straight across a cell.

    Occupancy itself saturates within a cell, and crossings interpolated in it show as terraces.
    """
    occupancy = np.clip(occupancy.astype(np.float64), LEAST_OCCUPANCY, 1 - LEAST_OCCUPANCY)
    return np.log(occupancy / (1 - occupancy))


def _crossing(start_value, end_value):
    """Where (0..1, inside the margins) a straight line between two values (N,) of opposite sign is 0."""
    gap = start_value - end_value
    return np.clip(start_value / np.where(gap == 0, 1, gap), END_MARGIN, 1 - END_MARGIN)


def _closer(share, start_value, end_value, value):
    """A crossing (0..1) by the value found at the `share` of the way: on a straight line to the end of other sign."""
    beyond = (value > 0) == (start_value > 0)
    near = share + (1 - share) * _crossing(value, end_value)
    return np.clip(np.where(beyond, near, share * _crossing(start_value, value)), END_MARGIN, 1 - END_MARGIN)


def _bent(share, asked, closer, inward, gap, axis):
    """Crossings (N,) by straight lines, those that were asked (indices (M,)) at where they are by that (M,), and all
    others moved as those were: by how far the logit bends between lattice points on the average, across and in depth,
    where it changes by so much.

    inward: whether an edge begins inside (N,) bool; the bend is told by how far from there a crossing lies; gap: by how
    much the logit changes along it; axis: which one it lies along, (N,) each.
    """
    depth, outward = np.where(inward, share, 1 - share), np.where(inward, 1, -1)
    steep = np.log1p(gap)
    waves = np.sin(np.pi * np.outer(depth, (1, 2)))
    waves = np.hstack([waves, waves * (steep - steep.mean())[:, None]])
    moved, result = np.zeros(len(share)), share.copy()
    moved[asked] = outward[asked] * (closer - share[asked])
    told = np.zeros(len(share), bool)
    told[asked] = True
    for of in (axis < 2, axis == 2):
        known = of & told
        bend = waves[of] @ np.linalg.lstsq(waves[known], moved[known], rcond=None)[0]
        result[of] = np.clip(share[of] + outward[of] * bend, END_MARGIN, 1 - END_MARGIN)
    result[asked] = closer
    return result


def polygonise(
    lattice: Lattice,
    cells: np.ndarray,
    cases: np.ndarray,
    value_at: Callable[[np.ndarray], np.ndarray],
    field_at: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None,
    unsure: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Triangulate cells of mixed sign.

    lattice: see Lattice; cells: (N,) int64 sorted, unique keys of the cells' lowest corners; cases: (N,) uint8 signs of
    their corners (bit set: inside); value_at: keys (M,) -> occupancy (M,); field_at: (positions (M, 3) in field space,
    which of them need float32 (M,) bool) -> occupancy (M,): asked at vertices that lie between lattice points rather
    than near one, each of which then moves closer to the level (a step of regula falsi); unsure: asked in float32 and
    wherever they lie are vertices on edges along which the logit changes by less than this.
    Returns vertices (V, 3) float32 in field space and faces (F, 3) int32, outward, in an order of the cells.
    """
    counts, table, used = _tables()
    lower = lattice.corner_offsets[[corner for corner, _ in EDGES]]
    axes = np.array([axis for _, axis in EDGES])

    cell_rows, edge_columns = np.nonzero(used[cases])
    references = (cells[cell_rows] + lower[edge_columns]) * 3 + axes[edge_columns]
    crossings = np.unique(references)
    vertex_of = np.zeros((len(cells), 12), np.int32)
    vertex_of[cell_rows, edge_columns] = np.searchsorted(crossings, references)

    start, axis = crossings // 3, crossings % 3
    start_value = logits(value_at(start))
    end_value = logits(value_at(start + lattice.axis_offsets[axis]))
    share = _crossing(start_value, end_value)
    vertices = lattice.positions(start)
    along = vertices[np.arange(len(start)), axis]
    vertices[np.arange(len(start)), axis] = along + share * lattice.spacing
    if field_at:
        gap = np.abs(start_value - end_value)
        between = np.abs(share - 0.5) < STRAIGHT[axis]
        asked = np.flatnonzero(between | (gap < unsure))
        value = logits(field_at(vertices[asked], gap[asked] < unsure))
        closer = _closer(share[asked], start_value[asked], end_value[asked], value)
        share = _bent(share, asked, closer, start_value > 0, gap, axis)
        vertices[np.arange(len(start)), axis] = along + share * lattice.spacing

    per_cell = counts[cases]
    owner = np.repeat(np.arange(len(cells)), per_cell)
    turn = np.arange(len(owner)) - np.repeat(np.cumsum(per_cell) - per_cell, per_cell)
    faces = vertex_of[owner[:, None], table[cases[owner], turn]]
    return vertices.astype(np.float32), faces

# SPDX-License-Identifier: GPL-3.0-or-later
"""Open meshes joined along their rims."""

from itertools import pairwise

import numpy as np
from scipy.spatial import cKDTree

from .mesh import check_mesh, components, directed_edges, split_quads, undirected_edges, vertex_normals

MOST_VALENCE = 6  # edges at a vertex; one of more is a pole
# Along a band a fold costs, for each edge too many a pole, one edge short of that, and a triangle, each in squares of a
# mean edge's length.
FOLD, POLE, NEARLY, TRIANGLE = 1000.0, 100.0, 1.0, 2.0
TURNED = 0.03  # a corner whose cross product, of unit sides, looks less outward is a fold
MOST_RUN = 10  # edges at one vertex that are counted


def rim_of(faces: np.ndarray) -> np.ndarray | None:
    """The one closed rim (R,) of open faces (F, 3|4), vertices in the direction of their edges; None where there are
    more rims, or one that touches itself."""
    start, end = directed_edges(faces)
    size = int(max(start.max(), end.max())) + 1
    edges = undirected_edges(start, end, size)
    open_edges = ((edges.rising == 0) | (edges.falling == 0)) & (edges.low != edges.high)
    on_rim = np.zeros(size, bool)
    on_rim[edges.low[open_edges]] = on_rim[edges.high[open_edges]] = True
    some = on_rim[start] & on_rim[end]
    start, end = start[some], end[some]
    open_edges = ~np.isin(start * size + end, end * size + start)
    start, end = start[open_edges], end[open_edges]
    if not len(start) or len(np.unique(start)) != len(start):
        return None
    after = dict(zip(start.tolist(), end.tolist(), strict=True))
    rim, at = [], int(start[0])
    while at in after and len(rim) <= len(start):
        rim.append(at)
        at = after[at]
        if at == rim[0]:
            break
    return np.array(rim) if at == rim[0] and len(rim) == len(start) else None


def piece_of(faces: np.ndarray, among: np.ndarray, count: int, start: int) -> np.ndarray:
    """(F,) those of faces (F, 3|4) that are `among (F,)` and hang together with a vertex; count: of vertices."""
    labels = components(faces[among], count)
    piece = among.copy()
    piece[among] = labels[faces[among, 0]] == labels[start]
    return piece


def within(faces: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """(F,) bool: faces (F, 3|4), a triangle with -1 at its end, all of whose vertices are `chosen (V,)` bool."""
    return (chosen[faces] | (faces < 0)).all(1)


def is_one_closed_piece(faces: np.ndarray) -> bool:
    """Whether faces (F, 3|4) hang together and leave no edge open."""
    check = check_mesh(faces)
    return check.watertight and check.components == 1


def as_wide(faces: np.ndarray, width: int) -> np.ndarray:
    """Faces (F, 3|4) as rows of 3 or 4: quads halved, or a triangle with -1 at its end."""
    if faces.shape[1] == width:
        return faces
    return split_quads(faces)[0] if width == 3 else np.column_stack([faces, np.full(len(faces), -1)])


def without_unused(points: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points (N, 3) and faces (F, 3|4) of a mesh -> float32 and int32 without those that no face has."""
    there = np.zeros(len(points), bool)
    there[faces[faces >= 0]] = True
    used = np.flatnonzero(there)
    renumber = np.full(len(points) + 1, -1)  # the last stands for -1
    renumber[used] = np.arange(len(used))
    return points[used].astype(np.float32), renumber[faces].astype(np.int32)


def valences(faces: np.ndarray, count: int) -> np.ndarray:
    """(count,) how many edges of faces (F, 3|4) meet at each vertex."""
    edges = undirected_edges(*directed_edges(faces), count)
    return np.bincount(np.concatenate([edges.low, edges.high]), minlength=count)


def band(points: np.ndarray, faces: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Faces (B, 3|4) between two rims of faces (F, 3|4), of points (N, 3), that run alike: `one` as the edges of its
    faces, `other` against them. Of the ways to go along both the one whose edges are shortest, without a fold and so
    that no vertex becomes a pole, where there is one; with quads where the faces are such: a triangle has -1 at its
    end."""
    normals = vertex_normals(points, split_quads(faces)[0])
    apart, nearest = cKDTree(points[other]).query(points[one])
    first = int(apart.argmin())  # the way begins and ends at the shortest edge of all
    one, other = (np.append(ring, ring[0]) for ring in (np.roll(one, -first), np.roll(other, -nearest[first])))
    room = [MOST_VALENCE - valences(faces, len(points))[ring] for ring in (one, other)]
    for ring in room:  # the rim's first vertex is its last as well
        ring[0], ring[-1] = (ring[0] + 1) // 2, ring[0] + 1 - (ring[0] + 1) // 2
    rims = _Rims(points, normals, one, other)
    way = _cheapest_way(rims.edges(), rims.triangles(), rims.quads() if faces.shape[1] == 4 else None, room)
    made = []
    for (i, j), (k, m) in pairwise(way):
        if k > i and m > j:
            made.append((one[k], one[i], other[j], other[m]))
        else:
            made.append((one[k], one[i], other[j], -1) if k > i else (one[i], other[j], other[m], -1))
    return np.array(made)[:, : faces.shape[1]]


class _Rims:
    """What it costs to go along two rims, one (n + 1,) and other (m + 1,), that end where they begin."""

    def __init__(self, points, normals, one, other):
        self._one, self._other = points[one][:, None].astype(np.float64), points[other][None].astype(np.float64)
        self._normals = normals[one][:, None] + normals[other][None].astype(np.float64)
        ahead = [np.linalg.norm(np.diff(points[ring], axis=0), axis=1).mean() for ring in (one, other)]
        self._unit = sum(ahead) / 2

    def edges(self):
        """(n + 1, m + 1) of an edge between the rims: its length, squared."""
        return ((self._one - self._other) ** 2).sum(2) / self._unit**2

    def triangles(self):
        """(n, m + 1) and (n + 1, m) of a triangle with the next edge of one, and of the other."""
        one, other, normals = self._one, self._other, self._normals
        return (
            _folded((one[1:], one[:-1], other), normals[:-1]),
            _folded((one, other[:, :-1], other[:, 1:]), normals[:, :-1]),
        )

    def quads(self):
        """(n, m) of a quad with the next edges of both."""
        a, b, c, d = self._one[1:], self._one[:-1], self._other[:, :-1], self._other[:, 1:]
        corners = ((a, b, c), (b, c, d), (c, d, a), (d, a, b))
        return np.max([_folded(corner, self._normals[:-1, :-1]) for corner in corners], 0)


def _folded(corner, normals):
    """(n, m) FOLD where a corner, three points (n, m, 3) of which the second is its own, looks another way than normals
    (n, m, 3), or is flat."""
    before, at, after = corner
    return np.where(outward(before, at, after, normals) < TURNED, FOLD, 0.0)


def outward(before: np.ndarray, at: np.ndarray, after: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """(...) how far a corner looks along normals, points and these (..., 3): the sine of its angle, if all lie flat;
    below 0 where a face folds back."""
    one, two = at - before, after - at
    turn = np.cross(one, two)
    size = np.sqrt((one**2).sum(-1) * (two**2).sum(-1)) * np.linalg.norm(normals, axis=-1)
    return (turn * normals).sum(-1) / np.maximum(size, 1e-30)


def _cheapest_way(edges, triangles, quads, room):
    """Pairs (i, j) from (0, 0) to (n, m), each with one number or both a step on: the way along which edges (n + 1,
    m + 1), triangles (n, m + 1), (n + 1, m) and quads (n, m), or none, cost least, and what a vertex gets edges beyond
    its `room`, (n + 1,) and (m + 1,)."""
    rows, columns = edges.shape
    runs = np.arange(MOST_RUN) + 1
    # How much dearer the way is that has its so-manieth edge at the vertex.
    dearer = [NEARLY * (runs > of[:, None] - 1) + POLE * np.maximum(runs - of[:, None], 0) for of in room]
    # cost[i, j, s]: to have come to an edge by a quad, s = 0; as so-manieth at one[i], 1 to MOST_RUN - 1; at other[j].
    states = 2 * MOST_RUN - 1
    cost = np.full((rows, columns, states), np.inf)
    came = np.zeros((rows, columns, states), np.int8)  # by which state
    cost[0, 0, 0] = 0
    at_one, at_other = slice(1, MOST_RUN), slice(MOST_RUN, states)
    for step in range(1, rows + columns - 1):  # all pairs whose sum is `step`
        i = np.arange(max(0, step - columns + 1), min(step, rows - 1) + 1)
        j = step - i
        for mine, back, face, more in (
            (at_one, (i, j - 1), triangles[1], dearer[0][i]),
            (at_other, (i - 1, j), triangles[0], dearer[1][j]),
        ):
            there = np.flatnonzero((back[0] >= 0) & (back[1] >= 0))
            was = cost[back[0][there], back[1][there]]
            fresh = was.copy()
            fresh[:, mine] = np.inf
            by = fresh.argmin(1)
            run = np.column_stack([fresh.min(1), was[:, mine]])  # of one edge, of two ...
            now, before = run[:, :-1], np.tile(np.arange(mine.start, mine.stop) - 1, (len(there), 1))
            before[:, 0] = by
            longer = run[:, -1] < now[:, -1]
            now[longer, -1], before[longer, -1] = run[longer, -1], mine.stop - 1
            of = back[0][there], back[1][there]
            cost[i[there], j[there], mine] = now + more[there, 1:] + (face[of] + TRIANGLE)[:, None]
            came[i[there], j[there], mine] = before
        if quads is not None:
            there = np.flatnonzero((i > 0) & (j > 0))
            of = i[there] - 1, j[there] - 1
            cost[i[there], j[there], 0] = cost[of].min(1) + quads[of]
            came[i[there], j[there], 0] = cost[of].argmin(1)
        cost[i, j] += edges[i, j, None]
    at, way = (rows - 1, columns - 1), []
    state = int(cost[at].argmin())
    while at != (0, 0):
        way.append(at)
        before = int(came[at][state])
        i, j = at
        at = (i - 1, j - 1) if state == 0 else (i, j - 1) if state < MOST_RUN else (i - 1, j)
        state = before
    return [(0, 0), *way[::-1]]

# SPDX-License-Identifier: GPL-3.0-or-later
"""Make quads with holes and pinches into one closed 2-manifold of quads, without poles, where they stand."""

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ..surface.mesh import components, split_quads, volumes
from ..surface.stitching import MOST_VALENCE
from .poles import split_poles

WIDEST_FAN = 11  # corners of a hole


def close(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One closed, 2-manifold piece, wound as the given one, faces outward.

    vertices (V, 3), faces (F, 4) with -1 as the fourth of a triangle -> the same kinds. Where faces meet wrongly they
    are taken apart; of separate pieces the largest stays; holes are filled. Without faces where nothing is left.
    """
    vertices, faces = _part(vertices, _distinct(faces))
    if not len(faces):
        return vertices, faces
    vertices, faces = _largest(vertices, faces)
    vertices, faces = _fill(vertices, faces)
    vertices, faces = _used(vertices, _without_doublets(faces))
    vertices, faces = split_poles(vertices, faces)
    triangles, _ = split_quads(faces)
    if volumes(vertices, triangles).sum() < 0:
        faces = _flip(faces)
    return vertices, faces


def split_in_quads(vertices: np.ndarray, triangles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Three quads of each triangle (T, 3): closed and 2-manifold where those are."""
    wide = triangles.astype(np.int64)
    start, end = wide.ravel(), np.roll(wide, -1, axis=1).ravel()
    keys = np.minimum(start, end) * len(vertices) + np.maximum(start, end)
    edges, edge = np.unique(keys, return_inverse=True)
    middles = (vertices[edges // len(vertices)] + vertices[edges % len(vertices)]) / 2
    centers = vertices[triangles].mean(1)
    edge = len(vertices) + edge.reshape(-1, 3)
    center = np.repeat(len(vertices) + len(edges) + np.arange(len(wide))[:, None], 3, axis=1)
    quads = np.stack([wide, edge, center, np.roll(edge, 1, axis=1)], -1).reshape(-1, 4)
    return np.concatenate([vertices, middles, centers]).astype(np.float32), quads


def _distinct(faces):
    """Faces without those that name a vertex twice; of a quad whose neighbouring corners fell together the triangle."""
    ordered = np.sort(faces, axis=1)
    return faces[(ordered[:, 1:] != ordered[:, :-1]).all(1)]


def _part(vertices, faces):
    """Give each fan of faces round a vertex a vertex of its own; faces hang together over good edges only."""
    count = len(vertices)
    corner, real = np.arange(faces.size).reshape(faces.shape), faces >= 0
    following = np.roll(corner, -1, axis=1)
    following[:, -2:] = np.where(real[:, 3:], following[:, -2:], corner[:, [3, 0]][:, ::-1])
    flat = faces.ravel()
    first = corner[real]
    second = np.where(real, following, 0)[real]
    start, end = flat[first], flat[second]
    forward, backward = start * count + end, end * count + start
    order = np.argsort(forward, kind="stable")
    ordered = forward[order]
    alone = np.ones(len(ordered), bool)
    alone[1:] &= ordered[1:] != ordered[:-1]
    alone[:-1] &= ordered[:-1] != ordered[1:]
    place = np.searchsorted(ordered, backward).clip(0, len(ordered) - 1)
    single = np.empty(len(ordered), bool)
    single[order] = alone
    good = single & (ordered[place] == backward) & alone[place]
    other = order[place[good]]  # the edge (end, start) of the face across
    links = np.concatenate([first[good], second[good]]), np.concatenate([second[other], first[other]])
    graph = coo_matrix((np.ones(len(links[0]), bool), links), shape=(faces.size, faces.size))
    labels = connected_components(graph, directed=False)[1]
    kept, first_corner, label = np.unique(labels[first], return_index=True, return_inverse=True)
    parted = np.full(faces.size, -1, np.int64)
    parted[first] = label
    return vertices[flat[first[first_corner]]], parted.reshape(faces.shape)


def _largest(vertices, faces):
    labels = components(faces, len(vertices))
    counts = np.bincount(labels[faces[:, 0]])
    return _used(vertices, faces[labels[faces[:, 0]] == counts.argmax()])


def _used(vertices, faces):
    used = np.zeros(len(vertices), bool)
    used[faces[faces >= 0]] = True
    renumber = np.append(np.cumsum(used) - 1, -1)
    return vertices[used], renumber[faces]


def _fill(vertices, faces):
    """Close every hole by one face where it has no more corners, or by quads round a new vertex in its middle; a wide
    one, in which that vertex were a pole, by those of its halves."""
    following = _border(faces)
    holes = _Holes(vertices, np.bincount(faces[faces >= 0], minlength=len(vertices)))
    while following:
        loop = [min(following)]
        while (after := following.pop(loop[-1])) != loop[0]:
            loop.append(after)
        holes.fill(loop[::-1])  # faces there run against the hole's border as its neighbours see it
    points = np.array(holes.points, vertices.dtype)
    return points, np.concatenate([faces, np.array(holes.faces, np.int64).reshape(-1, 4)])


class _Holes:
    """points: the vertices there were, and those that fill holes; faces: rows of four that do."""

    def __init__(self, vertices, degree):
        self.points, self.faces = list(vertices.astype(np.float64)), []
        self._degree = degree.tolist()  # faces at each vertex

    def fill(self, loop):
        """By faces that run as a loop of vertices does."""
        degree = self._degree
        if len(loop) <= 4:
            self._add(loop)
        elif len(loop) > WIDEST_FAN:
            self._halve(loop)
        else:
            if len(loop) % 2 == 0 and sum(degree[at] for at in loop[::2]) > sum(degree[at] for at in loop[1::2]):
                loop = loop[1:] + loop[:1]  # new edges end where the fewest are
            center, ring = self._new(np.mean([self.points[at] for at in loop], 0)), [*loop, loop[0]]
            for index in range(0, len(loop) - 1, 2):
                self._add([*ring[index : index + 3], center])
            if len(loop) % 2:
                self._add([ring[-2], ring[-1], center])

    def _halve(self, loop):
        """Across, from where a short way cuts off much of the border."""
        ring = np.array([self.points[at] for at in loop])
        count = len(loop)
        one, two = np.triu_indices(count, 4)
        one, two = (ends[count - (two - one) >= 4] for ends in (one, two))
        length = np.linalg.norm(ring[one] - ring[two], axis=1)
        ahead = np.linalg.norm(ring - np.roll(ring, 1, 0), axis=1).mean()
        ends = np.array([self._degree[at] for at in loop])
        crowded = np.maximum(ends[one], ends[two]) / MOST_VALENCE
        best = int(((length / ahead + 1 + crowded) / np.minimum(two - one, count - two + one)).argmin())
        one, two, new = int(one[best]), int(two[best]), max(round(length[best] / ahead) - 1, 1)
        new += (two - one + 1 + new) % 2  # that half, at least, is of quads alone
        steps = np.linspace(0, 1, new + 2)[1:-1, None]
        across = [self._new(point) for point in (1 - steps) * ring[one] + steps * ring[two]]
        self.fill(loop[one : two + 1] + across[::-1])
        self.fill(loop[two:] + loop[: one + 1] + across)

    def _new(self, point):
        self.points.append(point)
        self._degree.append(0)
        return len(self.points) - 1

    def _add(self, face):
        for at in face:
            self._degree[at] += 1
        self.faces.append([*face, -1][:4])


def _border(faces):
    """{vertex: the next one} along the edges that have a face on one side only."""
    size = int(faces.max()) + 1
    real = faces >= 0
    following = np.roll(faces, -1, axis=1)
    following = np.where(following < 0, faces[:, :1], following)
    start, end = faces[real], following[real]
    open_edge = ~np.isin(start * size + end, end * size + start)
    return dict(zip(start[open_edge].tolist(), end[open_edge].tolist(), strict=True))


def _without_doublets(faces):
    """Join pairs of quads that share two edges and the vertex between, until there are none."""
    while True:
        degree = np.bincount(faces[faces >= 0])
        lone = np.flatnonzero(degree == 2)
        if not len(lone):
            return faces
        faces, gone, merged = faces.copy(), np.zeros(len(faces), bool), False
        touching = np.isin(faces, lone).any(1)
        rows = np.flatnonzero(touching)
        for vertex in lone.tolist():
            pair = rows[(faces[rows] == vertex).any(1)]
            if len(pair) != 2 or gone[pair].any() or (faces[pair] < 0).any():
                continue
            one, two = (np.roll(face, -int(np.flatnonzero(face == vertex)[0])) for face in faces[pair])
            if one[2] == two[2]:
                continue
            faces[pair[0]], gone[pair[1]], merged = [one[1], one[2], one[3], two[2]], True, True
        faces = faces[~gone]
        if not merged:
            return faces


def _flip(faces):
    """The same faces seen from the other side; a triangle's -1 stays last."""
    return np.where(faces[:, 3:] < 0, faces[:, [2, 1, 0, 3]], faces[:, ::-1])

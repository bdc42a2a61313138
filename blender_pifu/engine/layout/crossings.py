# SPDX-License-Identifier: GPL-3.0-or-later
"""Which faces of a mesh cut through others."""

from collections.abc import Iterator
from functools import partial
from itertools import combinations_with_replacement, product

import numpy as np
from scipy.spatial import cKDTree

from ..cores import beside
from ..surface.mesh import cross, split_quads

CHUNK = 1_000_000
MANY = 10_000  # pairs, of which two threads take less time than one
OCTAVES = 8  # of sizes that triangles are looked for by; smaller ones go with the last


def crossing_faces(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(T,) bool: triangles (T, 3) that another one with no common vertex passes through."""
    crossed = np.zeros(len(triangles), bool)
    crossed[crossing_pairs(vertices, triangles)] = True
    return crossed


def crossing_pairs(vertices: np.ndarray, triangles: np.ndarray, asked: np.ndarray | None = None) -> np.ndarray:
    """(P, 2) pairs of triangles (T, 3) without a common vertex that pass through each other; asked (T,) bool: of which
    at least one is."""
    corners = vertices[triangles].astype(np.float64)
    a, b, c = corners.transpose(1, 0, 2)
    normals = cross(b - a, c - a)
    low, high = (np.ascontiguousarray(extreme(extreme(a, b), c).T) for extreme in (np.minimum, np.maximum))
    found = [np.empty((0, 2), np.int64)]
    for one, two in _near(corners, np.ones(len(corners), bool) if asked is None else asked):
        for least, most in zip(low, high, strict=True):  # boxes: few pairs are left by the first axis
            meet = (least[one] <= most[two]) & (least[two] <= most[one])
            one, two = one[meet], two[meet]
        apart = np.ones(len(one), bool)
        for corner, other in product(range(3), repeat=2):
            apart &= triangles[one, corner] != triangles[two, other]
        one, two = one[apart], two[apart]
        ways = (partial(_pierces, corners, normals, *pair) for pair in ((one, two), (two, one)))
        forth, back = beside(*ways) if len(one) > MANY else (way() for way in ways)
        hit = forth | back
        found.append(np.column_stack([one[hit], two[hit]]))
    return np.concatenate(found)


def _near(corners, asked) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs (N,), (N,) of triangles, corners (T, 3, 3), that may touch, of which at least one is `asked`: looked for by
    octaves of their sizes, as what is near a large triangle is far for small ones."""
    centers = corners.mean(1)
    reach = np.sqrt(((corners - centers[:, None]) ** 2).sum(2).max(1))
    most = reach.max(initial=1e-30)
    octave = np.floor(np.log2(most / reach.clip(most / 2**OCTAVES))).astype(int)
    group = 2 * octave + asked
    trees = {}
    for number in np.unique(group).tolist():
        rows = np.flatnonzero(group == number)
        trees[number] = rows, cKDTree(centers[rows]), reach[rows].max()
    for first, second in combinations_with_replacement(trees, 2):
        if not (first % 2 or second % 2):
            continue
        (rows, tree, one_reach), (others, other_tree, other_reach) = trees[first], trees[second]
        if first == second:
            one, two = tree.query_pairs(2 * one_reach, output_type="ndarray").T
        else:
            found = tree.sparse_distance_matrix(other_tree, one_reach + other_reach, output_type="ndarray")
            one, two = found["i"], found["j"]
        for start in range(0, len(one), CHUNK):
            yield rows[one[start : start + CHUNK]], others[two[start : start + CHUNK]]


def _pierces(corners, normals, one, two):
    """Whether an edge of the triangles `one (N,)` passes through the inside of the triangles `two (N,)`."""
    aside = np.einsum("nki,ni->nk", corners[one] - corners[two][:, :1], normals[two])
    ahead = np.roll(aside, -1, axis=1)
    pair, edge = np.nonzero(aside * ahead < 0)
    start, end = corners[one[pair], edge], corners[one[pair], (edge + 1) % 3]
    a, b, c = corners[two[pair]].transpose(1, 0, 2)
    sides = np.stack([_volume(start, end, *side) for side in ((a, b), (b, c), (c, a))])
    hit = np.zeros(len(one), bool)
    hit[pair[(sides > 0).all(0) | (sides < 0).all(0)]] = True
    return hit


def _volume(p, q, r, s):
    """Six times the signed volumes (N,) of tetrahedra."""
    return np.einsum("ni,ni->n", cross(q - p, r - p), s - p)


def crossings_by_new(points: np.ndarray, faces: np.ndarray, new: int, near: np.ndarray) -> int:
    """How many triangles more pass through each other where points are `near (N,)` bool, now that there are faces
    (F, 3|4) from number `new` on."""
    triangles, corners = split_quads(faces)
    some = near[triangles].any(1)
    triangles, is_new = triangles[some], corners[some, 0] // faces.shape[1] >= new
    crossed = np.unique(crossing_pairs(points, triangles, is_new))
    was = np.zeros(len(triangles), bool)
    was[crossed] = True
    was &= ~is_new
    if was.any():  # by what there was before, perhaps
        old = np.flatnonzero(~is_new)
        before = np.zeros(len(triangles), bool)
        before[old[crossing_pairs(points, triangles[old], was[old])]] = True
        return int(len(crossed) - (was & before).sum())
    return len(crossed)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Lay the body's own mesh on a reconstructed surface: non-rigid registration.

After Amberg et al. 2007, "Optimal Step Nonrigid ICP Algorithms for Surface Registration": the vertices' moves are
smooth, less and less so, and lead to the planes of the nearest surface (Chen & Medioni 1992), both ways, as far as it
faces the same way and belongs to the same part of the body. What the surface says nothing of is carried along.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.sparse import coo_matrix, diags
from scipy.sparse.linalg import splu
from scipy.spatial import cKDTree

from ...body.fit import thinned
from ...body.weights import hops
from ...cores import beside
from ...surface.mesh import directed_edges, split_quads, vertex_normals

# Metres of a 1.7 m body: how far skin and surface may be to belong together, and how far apart two vertices move much
# the same way; then the steps.
STAGES = ((0.12, 0.12, 3), (0.10, 0.06, 3), (0.08, 0.03, 3), (0.06, 0.015, 3), (0.05, 0.008, 4))
SAMPLES_M = 0.012  # metres between the points of the surface that pull
NORMAL_REACH = 0.08  # metres that opposite normals count as, halved
CANDIDATES = 8
MOST_HOPS = 2  # from bone to bone, between which skin and surface belong together
LEAST_FACING = 0.4  # cosine between normals
HELD = 1e-4  # weight with which what nothing pulls stays
FIXED = 10.0  # and what is fixed, square metres


@dataclass(frozen=True)
class Skin:
    """What is wrapped. vertices (V, 3) field space, faces (F, 4), labels (V,) the bone that moves each; confidence
    (V,) 0..1: how far the surface says where it lies; stiff (V,): metres over which moves are much the same at least;
    pinned (V,) 0..1: what as a whole stays in its place in the picture; fixed (V,) 0..1: what stays altogether; metre:
    field units of one."""

    vertices: np.ndarray
    faces: np.ndarray
    labels: np.ndarray
    confidence: np.ndarray
    stiff: np.ndarray
    pinned: np.ndarray
    fixed: np.ndarray
    metre: float


@dataclass(frozen=True)
class Surface:
    """What it is wrapped on: vertices, normals (N, 3) field space, labels (N,) the bone that each belongs to."""

    vertices: np.ndarray
    normals: np.ndarray
    labels: np.ndarray


def wrap(skin: Skin, surface: Surface, waiting: Callable[[], None] | None = None) -> np.ndarray:
    """The skin's vertices (V, 3) float32 on the surface. waiting: called at every step, may raise to stop."""
    triangles, _ = split_quads(skin.faces)
    metre, start = skin.metre, skin.vertices.astype(np.float64)
    area = vertex_areas(start, triangles) / metre**2
    first, second = _edges(skin.faces)
    chosen = thinned(surface.vertices, SAMPLES_M * metre)
    points, normals, labels = (
        values[chosen].astype(np.float64) for values in (surface.vertices, surface.normals, surface.labels)
    )
    labels = labels.astype(int)
    patch = _areas_of_samples(points, metre)
    there = _Side(points / metre, normals, labels)
    place, told = start.copy(), skin.confidence * (1 - skin.fixed)
    for reach, length, count in STAGES:
        stiff = np.maximum(skin.stiff, length)
        laplacian = _laplacian(first, second, np.maximum(stiff[first], stiff[second]) ** 2, len(start))
        for _ in range(count):
            if waiting:
                waiting()
            facing = vertex_normals(place, triangles).astype(np.float64)
            here = _Side(place / metre, facing, skin.labels)
            weight, pull = np.zeros(len(start)), np.zeros((len(start), 3))
            ours = np.arange(len(start))
            ask = partial(there.partners, here, reach), partial(here.partners, there, reach)
            (theirs, apart), (back, back_apart) = beside(*ask)
            found = theirs >= 0
            pairs = [(ours[found], theirs[found], apart[found], area[found])]
            theirs, apart = back, back_apart
            found = np.flatnonzero(theirs >= 0)
            pairs += [(theirs[found], found, apart[found], patch[found])]
            for ours, theirs, apart, share in pairs:  # draw vertices to the planes at samples
                share = share * told[ours] / (1 + (2 * apart / reach) ** 2) ** 2
                off = np.einsum("ni,ni->n", points[theirs] - place[ours], normals[theirs])
                np.add.at(weight, ours, share)
                np.add.at(pull, ours, (share * off)[:, None] * normals[theirs])
            target = place + pull / np.maximum(weight, 1e-12)[:, None] - start
            target *= 1 - skin.fixed[:, None]
            weight += HELD * area + FIXED * skin.fixed
            solver = splu(
                (diags(weight) + laplacian).tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True}
            )
            moves = solver.solve(weight[:, None] * target)
            if skin.pinned.any():
                slid = np.average(moves[:, :2], axis=0, weights=skin.pinned * area)
                moves[:, :2] -= skin.pinned[:, None] * slid
            place = start + moves
    return place.astype(np.float32)


class _Side:
    """Points (N, 3), metres, with normals and bones, to be asked for partners."""

    def __init__(self, points, normals, labels):
        self.points, self.normals, self.labels = points, normals, labels
        self._features = np.hstack([points, NORMAL_REACH / 2 * normals])
        self._tree = cKDTree(self._features)

    def partners(self, other, reach):
        """Of the other side's points (M,) the nearest here that face the same way and are of the same part, or -1, and
        how far (M,) they are, metres."""
        apart, near = self._tree.query(other._features, k=CANDIDATES, distance_upper_bound=reach)
        near = np.minimum(near, len(self.points) - 1)
        fits = np.isfinite(apart) & (hops()[self.labels[near], other.labels[:, None]] <= MOST_HOPS)
        fits &= np.einsum("nki,ni->nk", self.normals[near], other.normals) > LEAST_FACING
        best = fits.argmax(1)
        rows = np.arange(len(near))
        found = np.where(fits[rows, best], near[rows, best], -1)
        return found, np.linalg.norm(self.points[found] - other.points, axis=1)


def vertex_areas(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(V,) a third of the area of the triangles round each vertex."""
    a, b, c = vertices[triangles].transpose(1, 0, 2)
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 6
    return np.bincount(triangles.ravel(), np.repeat(area, 3), len(vertices))


def _areas_of_samples(points, metre):
    """(N,) about the area, square metres, that each sample stands for."""
    apart = cKDTree(points / metre).query(points / metre, k=5)[0][:, 1:]
    return np.minimum(apart.mean(1), 2 * SAMPLES_M) ** 2


def _edges(faces):
    """Both ends (E,) of each edge, once."""
    start, end = directed_edges(faces)
    size = int(faces.max()) + 1
    keys = np.unique(np.minimum(start, end) * size + np.maximum(start, end))
    return keys // size, keys % size


def _laplacian(first, second, weights, count):
    """(count, count) sparse: x @ it @ x is the weighted sum of squared differences over the edges."""
    links = coo_matrix((weights, (first, second)), (count, count)).tocsr()
    links = links + links.T
    return diags(links.sum(1).A1) - links

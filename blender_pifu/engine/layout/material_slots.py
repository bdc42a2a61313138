# SPDX-License-Identifier: GPL-3.0-or-later
"""Material slots: which faces of a mesh are skin, hair, each garment, shoes or a thing."""

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ...result_file import Slots
from ..color.regions import REGIONS
from ..surface.mesh import directed_edges, split_quads
from .painted_mesh import PaintedMesh

NAMES = {
    "skin": "Skin",
    "hair": "Hair",
    "upper": "Upper Garment",
    "lower": "Lower Garment",
    "shoes": "Shoes",
    "thing": "Accessories",
}
LEAST_SHARE = 0.004  # of the surface: a smaller piece goes to what is about it


def slots_of(mesh: PaintedMesh, shares: np.ndarray) -> Slots:
    """The slots of a mesh by how likely its vertices are of each of REGIONS, (V, R). What they tell of a piece smaller
    than a pocket is left out."""
    corners = np.where(mesh.faces >= 0, mesh.faces, mesh.faces[:, :1])
    told = _without_islands(shares[corners].mean(1), mesh)
    used, numbers = np.unique(told, return_inverse=True)
    names = [NAMES[name] for name in REGIONS]
    return Slots(tuple(names[region] for region in used), numbers.astype(np.uint8))


def _without_islands(shares, mesh):
    """(F,) the likeliest region of each face, by shares (F, R); pieces that are too small are of what is about them."""
    told = shares.argmax(1)
    areas = _areas(mesh)
    least = LEAST_SHARE * areas.sum()
    one, other = _beside(mesh.faces)
    for _ in range(len(REGIONS)):
        alike = told[one] == told[other]
        graph = coo_matrix((np.ones(alike.sum()), (one[alike], other[alike])), (len(told), len(told)))
        count, piece = connected_components(graph, directed=False)
        size = np.bincount(piece, areas, count)
        small = size < least
        if not small.any():
            break
        votes = np.zeros((count, shares.shape[1]))
        for mine, its in ((one[~alike], other[~alike]), (other[~alike], one[~alike])):
            np.add.at(votes, (piece[mine], told[its]), 1)
        small &= votes.any(1)
        told = np.where(small[piece], votes.argmax(1)[piece], told)
    return told


def _areas(mesh):
    """(F,) the areas of faces."""
    triangles, corners = split_quads(mesh.faces)
    a, b, c = (mesh.vertices[triangles[:, k]].astype(np.float64) for k in range(3))
    faces = corners[:, 0] // mesh.faces.shape[1]
    return np.bincount(faces, np.linalg.norm(np.cross(b - a, c - a), axis=1), len(mesh.faces))


def _beside(faces):
    """Pairs of faces (E,), (E,) that share an edge."""
    start, end = directed_edges(faces)
    owner = np.repeat(np.arange(len(faces)), (faces >= 0).sum(1))
    key = np.minimum(start, end) * (faces.max() + 1) + np.maximum(start, end)
    order = key.argsort(kind="stable")
    same = np.flatnonzero(np.diff(key[order]) == 0)
    return owner[order[same]], owner[order[same + 1]]

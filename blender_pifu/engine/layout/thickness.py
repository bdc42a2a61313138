# SPDX-License-Identifier: GPL-3.0-or-later
"""How thick a body is where its surface faces itself."""

from itertools import combinations

import numpy as np
from scipy.spatial import cKDTree

# Normals that turn against each other at least this much bound a wall between them.
OPPOSED = -0.7


def wall_thickness(vertices: np.ndarray, normals: np.ndarray, most: float) -> np.ndarray:
    """Diameter (V,), at most `most`, of the ball inside that touches the surface at a vertex and the wall across.

    The maximal ball of the medial axis (Ma et al. 2012, "3D medial axis point approximation"), of which only walls with
    an opposed normal count: a sharp edge is not a wall.
    """
    thickness = np.full(len(vertices), most)
    one, other = _near_pairs(vertices, normals, 1.1 * most)
    opposed = np.einsum("ni,ni->n", normals[one], normals[other]) < OPPOSED
    one, other = one[opposed], other[opposed]
    for here, there in ((one, other), (other, one)):
        across = vertices[here].astype(np.float64) - vertices[there]
        depth = np.einsum("ni,ni->n", across, normals[here])
        inside = depth > 0
        diameter = np.einsum("ni,ni->n", across, across)[inside] / depth[inside]
        np.minimum.at(thickness, here[inside], diameter)
    return thickness


def _near_pairs(vertices, normals, reach):
    """Indices (P,) and (P,) of vertices within reach of each other, but for pairs whose normals have the same largest
    part: those turn by 110 degrees at most, and are nearly all that are near."""
    side = np.abs(normals).argmax(1)
    side = 2 * side + (np.take_along_axis(normals, side[:, None], 1)[:, 0] > 0)
    groups = [np.flatnonzero(side == k) for k in range(6)]
    trees = [cKDTree(vertices[group]) for group in groups]
    found = [(np.zeros(0, int), np.zeros(0, int))]
    for a, b in combinations(range(6), 2):
        near = trees[a].sparse_distance_matrix(trees[b], reach, output_type="ndarray")
        found.append((groups[a][near["i"]], groups[b][near["j"]]))
    one, other = zip(*found, strict=True)
    return np.concatenate(one), np.concatenate(other)

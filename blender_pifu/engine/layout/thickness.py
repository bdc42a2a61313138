# SPDX-License-Identifier: GPL-3.0-or-later
"""How thick a body is where its surface faces itself."""

import numpy as np
from scipy.spatial import cKDTree

# Normals that turn against each other at least this much bound a wall between them.
OPPOSED = -0.7


def wall_thickness(vertices: np.ndarray, normals: np.ndarray, most: float) -> np.ndarray:
    """Diameter (V,), at most `most`, of the ball inside that touches the surface at a vertex and the wall across.

    The maximal ball of the medial axis (Ma et al. 2012, "3D medial axis point approximation"), of which only walls with
    an opposed normal count: a sharp edge is not a wall.
    """
    pairs = cKDTree(vertices).query_pairs(1.1 * most, output_type="ndarray")
    pairs = pairs[np.einsum("ni,ni->n", normals[pairs[:, 0]], normals[pairs[:, 1]]) < OPPOSED]
    thickness = np.full(len(vertices), most)
    for here, there in (pairs.T, pairs[:, ::-1].T):
        across = vertices[here].astype(np.float64) - vertices[there]
        depth = np.einsum("ni,ni->n", across, normals[here])
        inside = depth > 0
        diameter = np.einsum("ni,ni->n", across, across)[inside] / depth[inside]
        np.minimum.at(thickness, here[inside], diameter)
    return thickness

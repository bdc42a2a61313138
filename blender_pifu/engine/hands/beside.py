# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies beside a hand that was put on and its forearm, as the photo shows it: trunk and legs, onto which pixels of
the photo's arm fall wherever it lies otherwise on the surface."""

import numpy as np
from scipy.spatial import cKDTree

from ..body.bones import INDEX, SIDES
from ..body.fit import Fit
from ..body.model import load_body

BESIDE_M = 0.06  # metres across the line of sight, of a 1.7 m body
PARTS = ("trunk", "leg.L", "leg.R")  # of the body: arms and faces are skin themselves


def with_beside(numbers: np.ndarray, vertices: np.ndarray, rows: np.ndarray, fit: Fit) -> np.ndarray:
    """Of a mesh's vertices (V, 3) the `numbers` (V,) of the hands that they are of, 0 of none, and their negatives of
    what lies beside them. rows (V,): of the body's skin that vertices are, -1 of others."""
    made = numbers.copy()
    parts = load_body().parts[: load_body().skin_vertices]
    skin = fit.vertices[: len(parts)]
    tree = cKDTree(skin)
    for hand in np.unique(numbers[numbers > 0]):
        forearm = load_body().labels[: len(parts)] == INDEX["forearm" + SIDES[hand - 1]]
        across = cKDTree(np.concatenate([vertices[numbers == hand, :2], skin[forearm, :2]]))
        away = across.query(vertices[:, :2], distance_upper_bound=BESIDE_M * fit.metre)[0]
        near = np.flatnonzero(np.isfinite(away) & (numbers == 0))
        nearest = np.where(rows[near] >= 0, rows[near], tree.query(vertices[near])[1])
        made[near[np.isin(parts[nearest], PARTS)]] = -hand
    return made

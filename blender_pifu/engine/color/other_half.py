# SPDX-License-Identifier: GPL-3.0-or-later
"""The half of a face that a turned head hides is like the one it shows: each place of its skin has what the photo shows
at the place that lies as far on the other side of the nose."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.spatial import cKDTree

from ..smooth_step import smooth_step
from .regions import Regions

if TYPE_CHECKING:
    from .painting import Scalp

# Where the body rests, metres: heights over which a face begins, above the throat, and how far it goes to either side;
# and how exactly a place lies opposite to another, as on the body's own skin it does.
THROAT_M, ASIDE_M, OPPOSITE_M = (0.575, 0.600), 0.12, 1e-4
# How likely hair is from which on a lock hangs there, which the other half need not have, and so far from it, field
# units, nothing counts.
LOCKS, BESIDE_LOCKS = (0.2, 0.5), 0.012


@dataclass(frozen=True)
class OtherHalf:
    """Of a mesh's vertices, those that lie opposite: places (V, 3), unit normals (V, 3), and share (V,) 0..1, how far
    a vertex is like these; 0 of all that is no face, whose normals look away, so that no picture is asked about it."""

    places: np.ndarray
    normals: np.ndarray
    share: np.ndarray


def other_half(
    vertices: np.ndarray, normals: np.ndarray, scalp: "Scalp | None", regions: Regions | None
) -> OtherHalf | None:
    """The OtherHalf of vertices (V, 3) with unit normals (V, 3), field space, of a mesh with a Scalp; regions: what the
    photo shows, whose hair counts for nothing, if known. None where there is no face, or the photo shows none."""
    if scalp is None or scalp.faceless:
        return None
    aside, high, _ = scalp.rest.T
    face = np.flatnonzero((high > THROAT_M[0]) & (np.abs(aside) < ASIDE_M) & (scalp.grown < 1))
    if not len(face):
        return None
    away, opposite = cKDTree(scalp.rest[face]).query(scalp.rest[face] * (-1, 1, 1), distance_upper_bound=OPPOSITE_M)
    face, opposite = face[np.isfinite(away)], face[opposite[np.isfinite(away)]]
    places, looks, share = vertices.copy(), np.zeros_like(normals), np.zeros(len(vertices))
    looks[:, 2] = -1
    places[face], looks[face] = vertices[opposite], normals[opposite]
    share[face] = smooth_step(high[face], *THROAT_M) * (1 - scalp.grown[face].clip(0, 1))
    if regions is not None:
        hair = regions.beside(places[face], looks[face], "hair", BESIDE_LOCKS)
        share[face] *= 1 - smooth_step(hair, *LOCKS)
    return OtherHalf(places, looks, share)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Which points lie inside a head of hair: in locks or under them.

Locks are thousands of overlapping tubes, for which a section test at the nearest places along them is far cheaper than
a winding number. What lies between locks and the skin they lie on counts as hair too: no picture shows that air.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

NEAREST = 12  # places along tubes that are tried for a point
SPACING = 0.006  # metres between places
COAT = 0.05  # metres off the skin, up to which hair is a coat with nothing under it
GAP = 0.009  # metres between locks that close upon each other


@dataclass(frozen=True)
class Tubes:
    """Tubes in a soup: `faces (T,)` bool which faces are theirs; `rings (R, around)` vertices of their sections, in
    order along each tube; `last (R,)` bool where a tube ends."""

    faces: np.ndarray
    rings: np.ndarray
    last: np.ndarray

    def inside(
        self,
        vertices: np.ndarray,
        points: np.ndarray,
        scale: float,
        skin: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> np.ndarray:
        """(N,) bool of `points: (N, 3)`; `vertices (V, 3)` of the soup in the same space, `scale`: its units a
        metre; `skin`: (vertices (B, 3), normals (B, 3)) of the body, to fill hair down to it."""
        centre, first, second = self._sections(vertices, scale)
        found = self._within(centre, first, second, points, scale)
        return found if skin is None else found | _under(centre, points, *skin, scale)

    @staticmethod
    def _within(centre, first, second, points, scale: float) -> np.ndarray:
        near, place = cKDTree(centre).query(points, NEAREST, distance_upper_bound=0.03 * scale)
        found = np.zeros(len(points), bool)
        for k in range(NEAREST):
            on = np.flatnonzero(np.isfinite(near[:, k]) & ~found)
            at = place[on, k]
            away = points[on] - centre[at]
            along = np.cross(first[at], second[at])
            along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-12)
            beyond = np.abs(np.einsum("nc,nc->n", away, along)) > 0.7 * SPACING * scale
            across = [np.einsum("nc,nc->n", away, axis[at]) / (axis[at] ** 2).sum(1) for axis in (first, second)]
            found[on] = (np.abs(across[0]) + np.abs(across[1]) < 1) & ~beyond
        return found

    def _sections(self, vertices: np.ndarray, scale: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Middles and half axes (P, 3) of sections so close that no point is far from one."""
        rings = vertices[self.rings].astype(np.float64)
        values = np.stack([rings.mean(1), rings[:, 0] - rings.mean(1), rings[:, 1] - rings.mean(1)], 1)
        start = np.flatnonzero(~self.last)
        gap = np.linalg.norm(values[start + 1, 0] - values[start, 0], axis=1)
        pieces = np.maximum(np.ceil(gap / (SPACING * scale)).astype(int), 1)
        segment = np.repeat(np.arange(len(start)), pieces)
        share = (np.arange(len(segment)) - np.repeat(np.cumsum(pieces) - pieces, pieces) + 0.5) / pieces[segment]
        low, high = values[start][segment], values[start + 1][segment]
        dense = low + share[:, None, None] * (high - low)
        keep = (dense[:, 1:] ** 2).sum(2).min(1) > (1e-4 * scale) ** 2  # tips thinner than hair
        middles, first, second = (np.ascontiguousarray(dense[keep, k]) for k in range(3))
        return middles, first, second


def _under(centre, points, skin, normals, scale: float) -> np.ndarray:
    """Which points lie lower over the skin than locks (middles of sections, (P, 3)) do about the same place."""
    tree = cKDTree(skin)

    def laid(places: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Those of the places that lie over the skin: indices, feet and heights."""
        away, nearest = tree.query(places, distance_upper_bound=COAT * scale)
        on = np.flatnonzero(np.isfinite(away))
        height = np.einsum("nc,nc->n", places[on] - skin[nearest[on]], normals[nearest[on]])
        above = height > 0
        on, height = on[above], height[above]
        return on, places[on] - height[:, None] * normals[nearest[on]], height

    _, roots, tall = laid(centre)
    asked, feet, height = laid(points)
    found = np.zeros(len(points), bool)
    if not len(roots) or not len(feet):
        return found
    near, place = cKDTree(roots).query(feet, NEAREST, distance_upper_bound=GAP * scale)
    tallest = np.where(np.isfinite(near), np.append(tall, -1.0)[place], -1.0).max(1)
    found[asked] = tallest > height
    return found

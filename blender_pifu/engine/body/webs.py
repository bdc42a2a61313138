# SPDX-License-Identifier: GPL-3.0-or-later
"""Webs: what a smooth field spans between two parts of a body that nearly touch, off the clothes of both.

A cut half-way between the two skins alone would leave one half of a web on either part, as a ledge.
"""

import numpy as np
from scipy.spatial import cKDTree

REACH_M = 0.06  # from a skin, up to which a surface is that of its clothes
BARE_M = 0.04  # by so much the other skin is farther where nothing joins a surface to it
NEIGHBOURS = 8  # surface vertices by which clothes are followed on behind a web
MARGIN_M, MOST_M = 0.002, 0.025  # a web lies so far off the clothes, and within so much of half-way


def web(
    points: np.ndarray, gaps: tuple[np.ndarray, np.ndarray], surface: np.ndarray, bounds: tuple, metre: float
) -> np.ndarray:
    """Signed distances (N,) of points (N, 3) from the web between two skins, negative within it.

    gaps: signed distances (N,) of the points from either skin, bounds: those (S,) of the surface's vertices (S, 3), all
    in field units, negative within the body; metre: field units.
    """
    found = np.maximum(np.abs(gaps[0] - gaps[1]) / 2 - MOST_M * metre, np.maximum(*gaps) - REACH_M * metre)
    # Farther off hang sleeves; and where clothes, however thick, would change nothing they are not asked for.
    asked = np.flatnonzero(MARGIN_M * metre + REACH_M * metre - np.minimum(*gaps) > found)
    off = [
        gap[asked] - _clothes(points[asked], surface, own, other, metre)
        for gap, own, other in zip(gaps, bounds, bounds[::-1], strict=True)
    ]
    found[asked] = np.maximum(found[asked], MARGIN_M * metre - np.minimum(*off))
    return found


def _clothes(points, surface, own, other, metre):
    """How far (N,) a surface lies off a skin near points (N, 3), by where nothing joins it to the other skin."""
    bare = (np.abs(own) < REACH_M * metre) & (np.abs(other) > np.abs(own) + BARE_M * metre)
    if bare.sum() < NEIGHBOURS:
        return np.zeros(len(points))
    return own[bare][cKDTree(surface[bare]).query(points, k=NEIGHBOURS)[1]].mean(1)

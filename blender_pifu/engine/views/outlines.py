# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the outline of a surface should lie in another photo.

Iterated closest points for outlines: each point of the photo's outline belongs to that place on the surface which
reaches furthest there in the direction across the outline.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.spatial import cKDTree

from ..crop_space import sample, to_points
from ..reading.person_cut import PersonCut

MATTE_PX = 320
STEP_M = 0.012  # between points of the outline
BESIDE_M = 0.012  # that a place may lie beside, along the outline
MOST_ALONG = 0.45  # cosine between the line of sight and the normal of a place on the outline
LEAST_ACROSS = 0.75  # cosine between the directions across both outlines


@dataclass(frozen=True)
class Outline:
    """Points (N, 2) of a person's outline in a photo and the directions outward (N, 2), field space."""

    points: np.ndarray
    outward: np.ndarray


@dataclass(frozen=True)
class Matches:
    """Of M points of an outline: the vertex (M,) of the surface that belongs there, how far (M,) that has to move
    outward, field units of the photo, and that direction (M, 2)."""

    vertices: np.ndarray
    off: np.ndarray
    outward: np.ndarray


def outline_of(cut: PersonCut, metre: float) -> Outline:
    """The outline of a cut-out person; metre: field units of one."""
    alpha = cv2.GaussianBlur(cut(MATTE_PX)[1].astype(np.float32), (0, 0), 1.5)
    solid = (alpha > 0.5).astype(np.uint8)
    lines, _ = cv2.findContours(solid, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    pixels = np.concatenate([line[:, 0] for line in lines] or [np.zeros((0, 2))])
    points = np.stack(to_points(*pixels.T, size=MATTE_PX), 1)
    inner = (np.abs(points) < 0.985).all(1)  # not where the photo ends
    points = points[inner][:: max(1, round(STEP_M * metre * MATTE_PX / 2))]
    down, right = np.gradient(cv2.GaussianBlur(alpha, (0, 0), 2.0).astype(np.float64))
    outward = np.stack([-sample(right, *points.T), sample(down, *points.T)], 1)
    steep = np.linalg.norm(outward, axis=1)
    points, outward = points[steep > 1e-3], outward[steep > 1e-3] / steep[steep > 1e-3, None]
    # From the last solid pixel's centre to where the matte is a half.
    slope = 1.0 / MATTE_PX
    return Outline(points + slope * outward, outward)


def match(outline: Outline, places: np.ndarray, normals: np.ndarray, reach: float, metre: float) -> Matches:
    """The places (V, 3), field space of the photo, with unit normals (V, 3), that belong to an outline; reach: field
    units that they may lie off."""
    across = np.linalg.norm(normals[:, :2], axis=1)
    rim = np.flatnonzero(np.abs(normals[:, 2]) < MOST_ALONG)
    ways = normals[rim, :2] / across[rim, None]
    flat = places[rim, :2]
    near = cKDTree(flat).query_ball_point(outline.points, reach)
    vertices, off, kept = [], [], []
    for k, found in enumerate(near):
        if not found:
            continue
        found = np.array(found)
        way = outline.outward[k]
        offset = flat[found] - outline.points[k]
        ahead = offset @ way
        beside = np.abs(offset @ (-way[1], way[0]))
        fits = (beside < BESIDE_M * metre) & (ways[found] @ way > LEAST_ACROSS)
        if fits.any():
            best = np.argmax(np.where(fits, ahead, -np.inf))
            vertices.append(rim[found[best]])
            off.append(-ahead[best])
            kept.append(k)
    kept = np.array(kept, int)
    return Matches(np.array(vertices, int), np.array(off, float), outline.outward[kept])

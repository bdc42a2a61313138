# SPDX-License-Identifier: GPL-3.0-or-later
"""Lay one silhouette over another by a mild projective map."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from ..crop_space import pixel_centres, pixel_matrix, sample_quickly

SIDE = 192  # pixels to a side on which silhouettes are compared
# Blur of the silhouettes' edges, in sides: those far apart find each other first. With each the map may do more.
STAGES = ((0.08, cv2.MOTION_AFFINE), (0.03, cv2.MOTION_AFFINE), (0.012, cv2.MOTION_HOMOGRAPHY))
STEPS, ENOUGH = 60, 1e-5  # of each stage at most, and the gain below which it ends
BAND = 0.12  # field units; distances to an outline are told up to here
TO_PIXELS = pixel_matrix(SIDE)
NO_MASK: Any = None  # OpenCV's types do not know that there may be none


@dataclass(frozen=True)
class Registration:
    """How a silhouette is laid over another, both in squares of field space (x right, y up, -1..1).

    matrix: (3, 3) homogeneous, from a place in the fixed picture to the one in the moving picture. overlap: of the
    silhouettes after it (intersection over union).
    """

    matrix: np.ndarray
    overlap: float


def register(fixed: np.ndarray, moving: np.ndarray) -> Registration:
    """Lay a silhouette over another. fixed, moving: (n, n) mattes 0..1 of any size, each holding somebody."""
    fixed, moving = to_side(fixed), to_side(moving)
    starts = [_search(fixed, moving, start) for start in _starts(fixed, moving)]
    overlap, matrix = max(starts, key=lambda found: found[0])
    return Registration(matrix, overlap)


def to_side(picture: np.ndarray) -> np.ndarray:
    """A picture (n, n) of any size as (SIDE, SIDE) float32."""
    return cv2.resize(picture.astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_AREA)


def resample(picture: np.ndarray, places: np.ndarray) -> np.ndarray:
    """A picture (n, n[, C]) float32 of field space at places (2, h, w) of it: (h, w[, C]), bilinear, 0 outside."""
    return sample_quickly(picture, *places, border=cv2.BORDER_CONSTANT)


def centres(size: int) -> np.ndarray:
    """(2, size, size): x, y of the pixels' centres, field space."""
    return np.stack(pixel_centres(size))


def map_places(matrix: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Places (2, ...) by a homogeneous matrix (3, 3)."""
    x, y, w = np.tensordot(matrix, np.concatenate([places, np.ones_like(places[:1])]), 1)
    return np.stack([x / w, y / w])


def outline_distance(matte: np.ndarray) -> np.ndarray:
    """(n, n) field units to the outline of a matte (n, n), positive inside, at most BAND."""
    solid = (matte > 0.5).astype(np.uint8)
    inside, outside = (cv2.distanceTransform(part, cv2.DIST_L2, 5) for part in (solid, 1 - solid))
    most = BAND * len(matte) / 2
    return np.where(solid > 0, inside - 0.5, 0.5 - outside).clip(-most, most) * 2 / len(matte)


def _overlap(one, other):
    return float(np.minimum(one, other).sum() / max(np.maximum(one, other).sum(), 1e-6))


def _starts(fixed, moving):
    """First guesses (3, 3): as they are; boxes over each other; middles and spreads over each other."""
    yield np.eye(3)
    for measure in (_box, _spread):
        (to, to_size), (middle, size) = measure(fixed), measure(moving)
        scale = float(np.sqrt((size / to_size).prod()))
        yield np.array([[scale, 0, middle[0] - scale * to[0]], [0, scale, middle[1] - scale * to[1]], [0, 0, 1]])


def _box(matte):
    places = centres(SIDE)[:, matte >= 0.5 * matte.max()]
    return (places.max(1) + places.min(1)) / 2, np.maximum(np.ptp(places, axis=1), 2 / SIDE)


def _spread(matte):
    places = centres(SIDE)[:, matte >= 0.5 * matte.max()]
    return places.mean(1), np.maximum(places.std(1), 1 / SIDE)


def _search(fixed, moving, start):
    """(overlap, matrix) of the start made better: enhanced correlation (Evangelidis and Psarakis 2008) of blurred
    silhouettes, from coarse to fine."""
    best = _overlap(fixed, resample(moving, map_places(start, centres(SIDE)))), start
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, STEPS, ENOUGH)
    for blur, motion in STAGES:
        pixels = TO_PIXELS @ best[1] @ np.linalg.inv(TO_PIXELS)
        pixels = (pixels / pixels[2, 2]).astype(np.float32)
        rows = 3 if motion == cv2.MOTION_HOMOGRAPHY else 2
        to, from_ = (cv2.GaussianBlur(picture, (0, 0), blur * SIDE) for picture in (fixed, moving))
        try:
            _, pixels[:rows] = cv2.findTransformECC(to, from_, pixels[:rows].copy(), motion, criteria, NO_MASK, 1)
        except cv2.error:  # from here it leads nowhere; what was found so far stands, another start may do better
            break
        matrix = np.linalg.inv(TO_PIXELS) @ pixels @ TO_PIXELS
        matrix /= matrix[2, 2]
        overlap = _overlap(fixed, resample(moving, map_places(matrix, centres(SIDE))))
        if overlap > best[0]:
            best = overlap, matrix
    return best

# SPDX-License-Identifier: GPL-3.0-or-later
"""Lay one silhouette over another: a mild projective map first, then a smooth flow that makes the outlines agree."""

from dataclasses import dataclass

import cv2
import numpy as np

SIDE = 192  # pixels to a side on which silhouettes are compared
# Blur of the silhouettes' edges, in sides: those far apart find each other first. With each the map may do more.
STAGES = ((0.08, cv2.MOTION_AFFINE), (0.03, cv2.MOTION_AFFINE), (0.012, cv2.MOTION_HOMOGRAPHY))
STEPS, ENOUGH = 60, 1e-5  # of each stage at most, and the gain below which it ends
FLOW_STEPS = 40
FLOW_BLURS = (0.08, 0.04)  # of the flow at its first and last step, in sides
BAND = 0.24  # field units; what lies nearer to the outline is drawn by it
FLOW_LIMIT = 0.04  # field units; nothing is moved further, or patterns inside swirl
TO_PIXELS = np.array([[SIDE / 2, 0, SIDE / 2 - 0.5], [0, -SIDE / 2, SIDE / 2 - 0.5], [0, 0, 1]])


@dataclass(frozen=True)
class Registration:
    """How a picture is laid over another, both squares of field space (x right, y up, -1..1).

    matrix: (3, 3) homogeneous, from a place in the fixed picture to the one in the moving picture. flow: (2, SIDE,
    SIDE) float32, field units, added to the fixed place before. overlap: of the silhouettes (intersection over union)
    after the matrix alone, overlap_flow: after both.
    """

    matrix: np.ndarray
    flow: np.ndarray
    overlap: float
    overlap_flow: float

    def lay(self, picture: np.ndarray, size: int) -> np.ndarray:
        """The moving picture (n, n[, C]) float32 on the fixed one's pixels, (size, size[, C]); 0 outside."""
        flow = np.stack([cv2.resize(part, (size, size), interpolation=cv2.INTER_LINEAR) for part in self.flow])
        return _look(picture, _apply(self.matrix, _centres(size) + flow))


def register(fixed: np.ndarray, moving: np.ndarray) -> Registration:
    """Lay a silhouette over another. fixed, moving: (n, n) mattes 0..1 of any size, each holding somebody."""
    fixed, moving = (
        cv2.resize(matte.astype(np.float32), (SIDE, SIDE), interpolation=cv2.INTER_AREA) for matte in (fixed, moving)
    )
    starts = [_search(fixed, moving, start) for start in _starts(fixed, moving)]
    overlap, matrix = max(starts, key=lambda found: found[0])
    flow = _outline_flow(fixed, moving, matrix)
    after = _overlap(fixed, _look(moving, _apply(matrix, _centres(SIDE) + flow)))
    return Registration(matrix, flow, overlap, after)


def _look(picture, places, border=cv2.BORDER_CONSTANT):
    """picture (n, n[, C]) float32 at places (2, h, w) of it, field units, bilinear."""
    half = len(picture) / 2
    column, row = (places[0] + 1) * half - 0.5, (1 - places[1]) * half - 0.5
    return cv2.remap(picture, column, row, cv2.INTER_LINEAR, borderMode=border)


def _overlap(one, other):
    return float(np.minimum(one, other).sum() / max(np.maximum(one, other).sum(), 1e-6))


def _centres(size):
    """(2, size, size) float32: x, y of the pixels' centres."""
    place = ((np.arange(size) + 0.5) / size * 2 - 1).astype(np.float32)
    return np.stack(np.broadcast_arrays(place[None], -place[:, None]))


def _apply(matrix, places):
    x, y, w = np.tensordot(matrix, np.concatenate([places, np.ones_like(places[:1])]), 1)
    return np.stack([x / w, y / w]).astype(np.float32)


def _starts(fixed, moving):
    """First guesses (3, 3): as they are; boxes over each other; middles and spreads over each other."""
    yield np.eye(3)
    for measure in (_box, _spread):
        (to, to_size), (middle, size) = measure(fixed), measure(moving)
        scale = float(np.sqrt((size / to_size).prod()))
        yield np.array([[scale, 0, middle[0] - scale * to[0]], [0, scale, middle[1] - scale * to[1]], [0, 0, 1]])


def _box(matte):
    places = _centres(SIDE)[:, matte >= 0.5 * matte.max()]
    return (places.max(1) + places.min(1)) / 2, np.maximum(np.ptp(places, axis=1), 2 / SIDE)


def _spread(matte):
    places = _centres(SIDE)[:, matte >= 0.5 * matte.max()]
    return places.mean(1), np.maximum(places.std(1), 1 / SIDE)


def _search(fixed, moving, start):
    """(overlap, matrix) of the start made better: enhanced correlation (Evangelidis and Psarakis 2008) of blurred
    silhouettes, from coarse to fine."""
    best = _overlap(fixed, _look(moving, _apply(start, _centres(SIDE)))), start
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, STEPS, ENOUGH)
    for blur, motion in STAGES:
        pixels = TO_PIXELS @ best[1] @ np.linalg.inv(TO_PIXELS)
        pixels = (pixels / pixels[2, 2]).astype(np.float32)
        rows = 3 if motion == cv2.MOTION_HOMOGRAPHY else 2
        pictures = [cv2.GaussianBlur(picture, (0, 0), blur * SIDE) for picture in (fixed, moving)]
        try:
            _, pixels[:rows] = cv2.findTransformECC(*pictures, pixels[:rows].copy(), motion, criteria, None, 1)
        except cv2.error:  # from here it leads nowhere; what was found so far stands, another start may do better
            break
        matrix = np.linalg.inv(TO_PIXELS) @ pixels @ TO_PIXELS
        matrix /= matrix[2, 2]
        overlap = _overlap(fixed, _look(moving, _apply(matrix, _centres(SIDE))))
        if overlap > best[0]:
            best = overlap, matrix
    return best


def _outline_flow(fixed, moving, matrix):
    """(2, SIDE, SIDE) float32 field units: demons (Thirion 1998) on the distances to the outlines, from stiff to soft;
    of all steps the one after which the silhouettes differ least."""
    target, source = _distance(fixed), _distance(moving)
    near = (np.abs(target) < BAND / 2).astype(np.float32)
    flow = best = np.zeros((2, SIDE, SIDE), np.float32)
    least = np.inf
    for step in range(FLOW_STEPS):
        laid = _look(source, _apply(matrix, _centres(SIDE) + flow), cv2.BORDER_REPLICATE)
        wrong = np.count_nonzero((laid > 0) != (target > 0))
        if wrong < least:
            best, least = flow, wrong
        down, right = np.gradient(laid * SIDE / 2)
        slope = np.stack([right, -down])
        push = (target - laid) * slope / ((slope**2).sum(0) + 0.25) * near
        blur = SIDE * FLOW_BLURS[0] * (FLOW_BLURS[1] / FLOW_BLURS[0]) ** (step / (FLOW_STEPS - 1))
        share = cv2.GaussianBlur(near, (0, 0), blur) + 0.01
        flow = flow + np.stack([cv2.GaussianBlur(part, (0, 0), blur) / share for part in push.astype(np.float32)])
        flow *= np.minimum(1, FLOW_LIMIT / np.maximum(np.hypot(*flow), 1e-6))
    return best


def _distance(matte):
    """(SIDE, SIDE) float32 field units to the outline, positive inside, at most BAND / 2."""
    solid = (matte > 0.5).astype(np.uint8)
    inside, outside = (cv2.distanceTransform(part, cv2.DIST_L2, 5) for part in (solid, 1 - solid))
    return (np.where(solid > 0, inside - 0.5, 0.5 - outside) * 2 / SIDE).clip(-BAND / 2, BAND / 2).astype(np.float32)

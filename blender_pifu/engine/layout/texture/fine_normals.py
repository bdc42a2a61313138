# SPDX-License-Identifier: GPL-3.0-or-later
"""What the drawn normals of the seen side have finer than the dense surface, whose lattice is coarser than their
pixels: folds, hems, buttons; and folds for the side that no photo shows, out of those of the same garments.

Which folds are behind nothing tells. A back without any, beside a front that has them, looks like a mannequin's, so it
has some that are like them: quilted, as its texture is (`color/quilting.py`)."""

import cv2
import numpy as np

from ...color.behind_arms import seen_forearms
from ...color.painting import Side, depth_buffers
from ...color.quilting import quilt
from ...color.regions import GARMENTS, REGIONS, Regions
from ...crop_space import blurred_within
from ..painted_mesh import PaintedMesh
from .dense_normals import DenseNormals
from .texels import cover

FINE_M = 0.015  # metres, standard deviation of the blur that leaves no detail: what is broader is the surface's own
ON_EDGE = 0.1  # pixels
SEEN_PX = 512  # in which the dense surface is looked at: as fine as its lattice is as a rule
BEHIND_PX = 512  # in which folds are quilted
FOLDS_M = 0.025  # metres, standard deviation of the blur that leaves no fold
BLOCK_M = 0.12  # metres, what is quilted at once
ANYWHERE = 2.0  # field units, from which folds are taken where there are none at their height
SURE = 0.6  # how likely a garment is where its folds are taken from
TOWARDS = 0.45  # z of drawn normals from which on folds are taken
MOST = 0.5  # length that what is added to a unit normal approaches at most: at outlines both differ widely


class FineNormals:
    """What is added to the normals of a dense surface."""

    def __init__(
        self,
        drawn: np.ndarray,
        matte: np.ndarray,
        dense: PaintedMesh,
        spacing: float,
        metre: float,
        regions: Regions | None = None,
        landmarks: np.ndarray | None = None,
    ):
        """drawn: unit normals (n, n, 3) of the photo's pixels; matte (n, n) 0..1; dense: the surface, field space, cut
        with lattice step `spacing`, field units; metre: field units of one; regions: of both sides, None where nothing
        is added behind; landmarks: (33, 4) as `landmarks_in`, if known: what forearms wear is not taken for the back,
        which may lie behind them."""
        seen = seen_normals(dense, min(len(drawn), SEEN_PX))
        if len(seen) < len(drawn):
            seen = cv2.resize(seen, matte.shape, interpolation=cv2.INTER_LINEAR)
        there = ((np.abs(seen).sum(-1) > 0) & (matte > 0.5)).astype(np.float32)
        lacking = (drawn - seen) * there[..., None]
        reach = FINE_M * metre * len(drawn) / 2
        lacking -= blurred_within(lacking, there, reach)
        length = np.linalg.norm(lacking, axis=-1, keepdims=True)
        lacking *= there[..., None] * MOST * np.tanh(length / MOST) / np.maximum(length, 1e-6)
        pictures = {1: np.dstack([lacking, matte])}
        if regions is not None:
            pictures[-1] = _behind(drawn, matte, regions, metre, landmarks)
        mesh = dense.vertices, dense.faces, spacing
        buffers = depth_buffers(*mesh)
        self._sides = [
            Side(*mesh, picture.astype(np.float32), side, buffers=buffers) for side, picture in pictures.items()
        ]

    def added(self, points: np.ndarray, normals: np.ndarray, share: np.ndarray) -> np.ndarray:
        """Unit normals (N, 3) of places (N, 3), field space, with what is added, as far as share (N,) 0..1 says."""
        fine = normals.copy()
        for side in self._sides:
            shown = share * side.trust(points, normals)
            there = np.flatnonzero(shown > 0)
            fine[there] += shown[there, None] * side.colors(points[there])
        return fine / np.maximum(np.linalg.norm(fine, axis=1, keepdims=True), 1e-9)


def _behind(drawn, matte, regions: Regions, metre, landmarks):
    """What is added behind, and the matte, (BEHIND_PX, BEHIND_PX, 4), seen through the front's pixels: folds of each
    garment, as the drawn normals (n, n, 3) have them before; metre: field units of one."""
    size = (BEHIND_PX, BEHIND_PX)
    drawn, matte = (cv2.resize(each, size, interpolation=cv2.INTER_AREA) for each in (drawn, matte))
    folds = drawn - blurred_within(drawn, (matte > SURE).astype(np.float32), FOLDS_M * metre * BEHIND_PX / 2)
    open_to_view = matte > SURE
    if landmarks is not None:
        open_to_view &= seen_forearms(BEHIND_PX, landmarks, metre) < 0.5
    regions, added = regions.at_size(BEHIND_PX), np.zeros_like(drawn)
    for garment in (REGIONS[name] for name in GARMENTS):
        seen = open_to_view & (regions.front[..., garment] > SURE) & (drawn[..., 2] > TOWARDS)
        added += quilt(folds, seen, regions.back[..., garment] * matte, wide=BLOCK_M * metre, farthest=ANYWHERE)
    return np.dstack([added * (1, 1, -1), matte])


def seen_normals(dense: PaintedMesh, size: int) -> np.ndarray:
    """(size, size, 3) float32 unit normals of what is seen of triangles from the front, 0 where nothing is; smoothed as
    the normal map has them."""
    faces = dense.faces[dense.normals[dense.faces, 2].max(1) > 0]
    # Pixels' centres may lie on the very edges of its lattice.
    found = cover((dense.vertices[faces][..., :2] + 1) / 2, size, ON_EDGE)
    depth = np.einsum("nk,nk->n", found.weights, dense.vertices[faces[found.face], 2])
    nearest = np.full(size * size, -1)
    order = np.argsort(depth, kind="stable")  # what is nearest is written last
    nearest[found.texel[order]] = order
    there = np.flatnonzero(nearest >= 0)
    corners, weights = faces[found.face[nearest[there]]], found.weights[nearest[there]]
    places, normals = (np.einsum("nk,nkc->nc", weights, each[corners]) for each in (dense.vertices, dense.normals))
    seen = np.zeros((size * size, 3), np.float32)
    seen[there] = DenseNormals(dense)(places, normals)
    return seen.reshape(size, size, 3)

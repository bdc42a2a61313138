# SPDX-License-Identifier: GPL-3.0-or-later
"""The inside of a mouth, of which the photo shows what lies behind the opening between the lips."""

import cv2
import numpy as np

from ...surface.stitching import rim_of

SIDE_PX = 256


class Mouth:
    """To be asked which places inside a mouth the camera sees. Fields: field space."""

    def __init__(self, vertices: np.ndarray, faces: np.ndarray, inside: np.ndarray):
        """vertices (V, 3), faces (F, 3|4) of a mesh, inside (V,) bool: which lie in its mouth."""
        self._inside = inside
        rim = rim_of(faces[(inside[faces] & (faces >= 0)).any(1)]) if inside.any() else None
        self._mask = None
        if rim is not None:
            lips = vertices[rim, :2].astype(np.float64)
            self._low, span = lips.min(0), np.ptp(lips, axis=0)
            self._scale = (SIDE_PX - 1) / np.maximum(span, 1e-9)
            self._mask = np.zeros((SIDE_PX, SIDE_PX), np.uint8)
            cv2.fillPoly(self._mask, [np.round((lips - self._low) * self._scale).astype(np.int32)], (1,))

    def share(self, corners: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """(N,) 0..1, how far places in faces of vertices `corners (N, 3)`, of which these have weights (N, 3), lie
        inside, from half-way to its rim on."""
        return (2 * (weights * self._inside[corners]).sum(1) - 0.5).clip(0, 1)

    def shown(self, corners: np.ndarray, points: np.ndarray) -> np.ndarray:
        """(N,) bool: of points (N, 3) in faces of vertices `corners (N, 3)`, those that are seen through the lips."""
        seen = self._inside[corners].any(1)
        if self._mask is None or not seen.any():
            return np.zeros(len(points), bool)
        place = np.round((points[:, :2] - self._low) * self._scale).astype(int)
        within = ((place >= 0) & (place < SIDE_PX)).all(1)
        column, row = place.clip(0, SIDE_PX - 1).T
        return seen & within & (self._mask[row, column] > 0)

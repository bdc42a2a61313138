# SPDX-License-Identifier: GPL-3.0-or-later
"""A photo's matte in a size in which it is judged, and back: what is decided there is laid over the photo."""

import math

import cv2
import numpy as np

SIDE = 640  # longer side of the overview


def overview_of(alpha: np.ndarray) -> tuple[np.ndarray, float]:
    """A matte (H, W) averaged to at most SIDE pixels, (h, w) float32, and the size of that in the photo's."""
    scale = min(1.0, SIDE / max(alpha.shape))
    size = tuple(max(1, round(side * scale)) for side in alpha.shape[::-1])
    return cv2.resize(alpha, size, interpolation=cv2.INTER_AREA), scale


def enlarged(values: np.ndarray, scale: float, shape: tuple[int, ...]) -> tuple[tuple[slice, slice], np.ndarray]:
    """Where in the photo, (H, W), values (h, w) of its overview are not 0, and the values there, float32."""
    rows, columns = (np.flatnonzero((values > 0).any(axis)) for axis in (1, 0))
    top, left = (max(0, int((index[0] - 1) / scale)) for index in (rows, columns))
    bottom, right = (
        min(side, math.ceil((index[-1] + 2) / scale)) for side, index in zip(shape, (rows, columns), strict=True)
    )
    shift = np.array([[scale, 0, (left + 0.5) * scale - 0.5], [0, scale, (top + 0.5) * scale - 0.5]])
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    part = cv2.warpAffine(values.astype(np.float32), shift, (right - left, bottom - top), flags=how)
    return np.s_[top:bottom, left:right], part

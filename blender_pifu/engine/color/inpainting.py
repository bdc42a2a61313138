# SPDX-License-Identifier: GPL-3.0-or-later
"""Smooth colours for where a picture has none of its own, from those of its other places."""

from collections.abc import Callable

import cv2
import numpy as np


def weighted(colors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(h, w, 4) float32: colours (h, w, 3) times weights (h, w), and weights."""
    return np.dstack([colors * weights[..., None], weights]).astype(np.float32)


def in_fewer_pixels(
    fill: Callable[[np.ndarray], np.ndarray], colors: np.ndarray, weights: np.ndarray, fewer: int
) -> np.ndarray:
    """(h, w, 3) of `fill`, which makes (r, c, 3) of `weighted` colours (r, c, 4), in `fewer` times fewer pixels across:
    what is smooth needs no more."""
    height, width = weights.shape
    fewest = max(1, width // fewer), max(1, height // fewer)
    small = cv2.resize(weighted(colors, weights), fewest, interpolation=cv2.INTER_AREA)
    return cv2.resize(fill(small), (width, height), interpolation=cv2.INTER_LINEAR)

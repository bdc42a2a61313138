# SPDX-License-Identifier: GPL-3.0-or-later
"""Smooth colours for where a picture has none of its own, from those of its other places."""

from collections.abc import Callable

import cv2
import numpy as np


def weighted(colors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(n, n, 4) float32: colours (n, n, 3) times weights (n, n), and weights."""
    return np.dstack([colors * weights[..., None], weights]).astype(np.float32)


def in_fewer_pixels(
    fill: Callable[[np.ndarray], np.ndarray], colors: np.ndarray, weights: np.ndarray, fewer: int
) -> np.ndarray:
    """(n, n, 3) of `fill`, which makes (m, m, 3) of `weighted` colours (m, m, 4), in `fewer` times fewer pixels across:
    what is smooth needs no more."""
    size = len(colors)
    small = cv2.resize(weighted(colors, weights), (size // fewer, size // fewer), interpolation=cv2.INTER_AREA)
    return cv2.resize(fill(small), (size, size), interpolation=cv2.INTER_LINEAR)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Rectangles in a square, as large as they fit."""

import numpy as np


def pack(sizes: np.ndarray, margin: float) -> tuple[np.ndarray, float]:
    """Places (N, 2) of the lower left corners of rectangles `sizes (N, 2)` in a square of side 1, and the scale they
    fit at, with `margin` (in the square's sides) round each."""
    low, high = 0.0, (1 - 2 * margin) / sizes.max()
    scale, best = high, None
    for _ in range(16):
        places = _place(sizes * scale + 2 * margin)
        if places is None:
            high = scale
        else:
            low, best = scale, places
            if scale == high:
                break
        scale = (low + high) / 2
    if best is None:
        raise ValueError("too many charts for their margins")
    return best + margin, low


def _place(sizes):
    """Lower left corners by the skyline rule (Jylänki 2010, "A Thousand Ways to Pack the Bin"), or None."""
    order = np.lexsort((np.arange(len(sizes)), -sizes[:, 0], -sizes[:, 1]))
    line = [(0.0, 0.0, 1.0)]  # start, height, width of each step
    places = np.empty_like(sizes)
    for index in order.tolist():
        width, height = sizes[index]
        spot = None
        for first in range(len(line)):
            start = line[first][0]
            if start + width > 1 + 1e-12:
                break
            level, last = 0.0, first
            while last < len(line) and line[last][0] < start + width - 1e-12:
                level = max(level, line[last][1])
                last += 1
            if level + height <= 1 + 1e-12 and (spot is None or level + height < spot[0] - 1e-12):
                spot = level + height, start, level, first, last
        if spot is None:
            return None
        top, start, level, first, last = spot
        places[index] = start, level
        end = start + width
        rest = [(end, line[last - 1][1], line[last - 1][0] + line[last - 1][2] - end)]
        line[first:last] = [(start, top, width), *(step for step in rest if step[2] > 1e-12)]
    return places

# SPDX-License-Identifier: GPL-3.0-or-later
"""Where one garment ends on a trunk and another begins by their colours, for whom labels take both for one: a printed
skirt under a printed tunic, a long pale skirt under an open black jacket."""

import numpy as np

from ..srgb import lab_of
from ..usual_colors import usual_colors
from .sheet import STEP_M

WINDOW_M = 0.12  # metres above and below a hem in which colours are compared
COLORS, IN_SHADE = 8, 0.6  # told apart, and what lightness counts for in that
UNLIKE = 0.6  # share of what is above that has none of the colours below; at most 0.56 of 9 dresses, from 0.65 of hems
CLEARLY, BESIDE_M = 0.5, 0.03  # how much more so than where labels have it, about which colours are compared as well
HIGHEST_M, FEWEST = 0.25, 200  # metres below the shoulders, above which are collars and scarves; pixels of a window


def hem_by_colors(along: np.ndarray, colors: np.ndarray, labelled: float | None = None) -> float | None:
    """Metres down from the shoulders at which the colours of what is worn change most; None where they do not.

    along: (N,) metres down the trunk of pixels of garments; colors: (N, 3) sRGB 0..1; labelled: metres down at which
    labels have a hem, if they have one, which is believed unless colours change but elsewhere.
    """
    if len(along) < 2 * FEWEST:
        return None
    features = lab_of(colors) * np.array([IN_SHADE, 1, 1])
    centres = usual_colors(features, COLORS)
    color = ((features[:, None] - centres) ** 2).sum(-1).argmin(1)
    row = np.maximum(along / STEP_M, 0).astype(int)
    steps, window = int(row.max()) + 1, round(WINDOW_M / STEP_M)
    count = np.bincount(row * len(centres) + color, minlength=steps * len(centres)).reshape(steps, -1)
    count = np.pad(count.cumsum(0), ((1, 0), (0, 0)))
    hem = np.arange(round(HIGHEST_M / STEP_M), steps - window // 2)
    above, below = count[hem] - count[hem - window], count[np.minimum(hem + window, steps)] - count[hem]
    told = np.minimum(above.sum(1), below.sum(1)) >= FEWEST
    if not told.any():
        return None
    hem, above, below = hem[told], above[told], below[told]
    unlike = 1 - np.minimum(*(each / each.sum(1, keepdims=True) for each in (above, below))).sum(1)
    least = UNLIKE
    if labelled is not None:
        least = max(UNLIKE, CLEARLY + unlike[np.abs(hem * STEP_M - labelled) < BESIDE_M].max(initial=0))
    return float(hem[unlike.argmax()] * STEP_M) if unlike.max() >= least else None

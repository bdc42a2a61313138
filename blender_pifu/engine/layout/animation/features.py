# SPDX-License-Identifier: GPL-3.0-or-later
"""Eyes, nose and mouth on the body's own skin: what a head fitted to a photo has where that shows it."""

from functools import lru_cache

import numpy as np

from .template import load_template

# Of the body in rest, metres: to either side, from the lips' lower edge to the brows, from where on to the front.
ASIDE_M, LOW_M, HIGH_M, FRONT_M = 0.044, 0.580, 0.715, 0.093
SOFT_M = 0.006  # from those bounds to either side, over which features begin


@lru_cache(maxsize=1)
def features() -> np.ndarray:
    """(S,) 0..1: how far each vertex of the skin (see `load_template`) is of a feature of the face."""
    aside, high, front = load_template().rest.T
    within = np.stack([ASIDE_M - np.abs(aside), high - LOW_M, HIGH_M - high, front - FRONT_M])
    return (0.5 + within / (2 * SOFT_M)).clip(0, 1).prod(0)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps, by which what is told of a place begins, and ends, without an edge."""

from typing import Any

import numpy as np


def smooth_step(value: Any, low: float, high: float) -> Any:
    """0 up to `low`, 1 from `high` on, and smooth between (a cubic); of any shape."""
    share = even_step(value, low, high)
    return share * share * (3 - 2 * share)


def even_step(value: Any, low: float, high: float) -> Any:
    """0 up to `low`, 1 from `high` on, and as much more everywhere between; of any shape."""
    return np.clip((value - low) / (high - low), 0, 1)

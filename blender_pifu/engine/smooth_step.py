# SPDX-License-Identifier: GPL-3.0-or-later
"""The smooth step, by which what is told of a place begins, and ends, without an edge."""

from typing import Any

import numpy as np


def smooth_step(value: Any, low: float, high: float) -> Any:
    """0 up to `low`, 1 from `high` on, and smooth between (a cubic); of any shape."""
    share = np.clip((value - low) / (high - low), 0, 1)
    return share * share * (3 - 2 * share)

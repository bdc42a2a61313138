# SPDX-License-Identifier: GPL-3.0-or-later
"""Colours as files hold them, sRGB, and as light adds up, linear (IEC 61966-2-1)."""

import numpy as np


def to_linear(srgb: np.ndarray) -> np.ndarray:
    """sRGB 0..1 of any shape -> linear 0..1."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def to_srgb(linear: np.ndarray) -> np.ndarray:
    """Linear of any shape -> sRGB 0..1; what lies beyond 0..1 is cut off."""
    linear = linear.clip(0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)

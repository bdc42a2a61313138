# SPDX-License-Identifier: GPL-3.0-or-later
"""Colours as files hold them, sRGB, as light adds up, linear (IEC 61966-2-1), and as they differ to the eye, Lab;
colours under another light."""

import cv2
import numpy as np

DARKEST = 0.005  # linear; keeps the dark out of ratios
LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # of sRGB (ITU-R BT.601)
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])  # of linear sRGB (ITU-R BT.709)
ROWS = 256  # lit at a time: pictures are large


def to_linear(srgb: np.ndarray) -> np.ndarray:
    """sRGB 0..1 of any shape -> linear 0..1."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def to_srgb(linear: np.ndarray) -> np.ndarray:
    """Linear of any shape -> sRGB 0..1; what lies beyond 0..1 is cut off."""
    linear = linear.clip(0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def lit(rgb: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """Colours (n, n, 3) float32 0..1 sRGB under a light that makes them so many times as bright, gain (m, m, 3) of the
    same crop, linear."""
    gain = cv2.resize(gain, rgb.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    result = np.empty(rgb.shape, np.float32)
    for first in range(0, len(rgb), ROWS):
        rows = np.s_[first : first + ROWS]
        result[rows] = to_srgb((to_linear(rgb[rows]) + DARKEST) * gain[rows] - DARKEST)
    return result


def lab_of(colors: np.ndarray) -> np.ndarray:
    """Lab of colours (..., 3), sRGB 0..1."""
    flat = np.ascontiguousarray(colors.reshape(1, -1, 3).clip(0, 1), np.float32)
    return cv2.cvtColor(flat, cv2.COLOR_RGB2LAB).reshape(colors.shape)

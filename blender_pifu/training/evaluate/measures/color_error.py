# SPDX-License-Identifier: GPL-3.0-or-later
"""How far colours are from the true ones, and from the true albedo, of which no photo tells how bright it is."""

import cv2
import numpy as np

from ....engine.srgb import DARKEST, to_linear, to_srgb

BORDER_PX = 6  # of a picture of a whole person in 512 pixels: as far from a border is beside it


def mean_difference(ours: np.ndarray, truth: np.ndarray, where: np.ndarray) -> float | None:
    """Of pictures (h, w, 3), 0..255 sRGB, in their unit; where: (h, w) bool, None where that is nowhere."""
    if not where.any():
        return None
    return float(np.abs(ours[where].astype(np.float64) - truth[where]).mean())


def albedo_gain(ours: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """By how much, (3,), linear colours (N, 3) must be multiplied to be as bright as true ones, channel by channel: the
    median. Both 0..255 sRGB. Exposure and white balance are no part of a photo, so an albedo is known up to these."""
    logs = [np.log(to_linear(colors.astype(np.float64) / 255) + DARKEST) for colors in (ours, truth)]
    return np.exp(np.median(logs[1] - logs[0], axis=0))


def brightened(picture: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """A picture (h, w, 3) uint8 sRGB with its linear colours multiplied by gain (3,): (h, w, 3) float, 0..255."""
    return 255 * to_srgb(to_linear(picture.astype(np.float64) / 255) * gain)


def beside_borders(labels: np.ndarray) -> np.ndarray:
    """Where, (h, w) bool, pixels of a label lie near those of another one; labels: (h, w), 0 where there is nobody."""
    near = np.zeros(labels.shape, np.uint8)
    for one in np.unique(labels[labels > 0]):
        other = ((labels > 0) & (labels != one)).astype(np.uint8)
        near |= cv2.dilate(other, np.ones((3, 3), np.uint8), iterations=BORDER_PX) & (labels == one)
    return near > 0

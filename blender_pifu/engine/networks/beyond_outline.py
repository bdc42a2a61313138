# SPDX-License-Identifier: GPL-3.0-or-later
"""What lies outside the photo's outline of the person is not the person's.

The encoder draws surfaces a little way past the mask, so that they close there, and the MLP believes them by up to 4 mm
on a whole body. The outline itself is known better than any depth: it runs where pixels are half covered.
"""

import cv2
import numpy as np
import torch
from torch import Tensor

# Logits that a point loses by the square of its distance outside, field units: 1.6 at 4 mm, next to nothing at 1. Ten
# times as many, or the matte itself as a bound, move the outline inwards, since surfaces run half-way between lattice
# points of which one is full and one empty.
FADE = 2e5
SLACK = 0.001
FINE_PX = 2048  # side of the picture in which distances are measured: a share of a mask's pixel
SMOOTH = 0.004  # field units: a mask's grid would be seen as steps


def beyond_outline_logits(mask: Tensor) -> Tensor:
    """What the occupancy of each column loses, in logits, >= 0: (B, 1, h, h), as the mask, 0..1; none where it is
    nowhere half covered."""
    lost = [FADE * np.square((_outside(each[0]) - SLACK).clip(0)) for each in mask.detach().float().cpu().numpy()]
    return torch.from_numpy(np.stack(lost)[:, None]).to(mask.device)


def _outside(mask: np.ndarray) -> np.ndarray:
    """(h, h) float32 distance from where a mask (h, h) is half covered, field units; 0 inside."""
    side = mask.shape[0]
    times = max(1, FINE_PX // side)
    empty = (cv2.resize(mask, None, fx=times, fy=times, interpolation=cv2.INTER_LINEAR) < 0.5).astype(np.uint8)
    if empty.all():
        return np.zeros_like(mask)
    distance = _distance(empty)
    unit = times * side / 2
    distance = cv2.GaussianBlur((distance - 0.5).clip(0) / np.float32(unit), (0, 0), SMOOTH * unit)
    return cv2.resize(distance, (side, side), interpolation=cv2.INTER_AREA)


def _distance(empty: np.ndarray) -> np.ndarray:
    """(h, h) float32 pixels from each that is not 0 to the nearest that is. Always by OpenCV's own way: with one thread
    it would take Intel's, whose last bits hang on where in memory the result lies, and with them the person."""
    before = cv2.ipp.useIPP()  # of this thread alone
    cv2.ipp.setUseIPP(False)
    try:
        return cv2.distanceTransform(empty, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    finally:
        cv2.ipp.setUseIPP(before)

# SPDX-License-Identifier: GPL-3.0-or-later
"""The transparency of a cut-out as its maker meant it: whole persons are opaque, and cast shadows are nobody."""

import cv2
import numpy as np

from ..errors import InputError

# A cut-out lacks a good part of the picture; less is a rounded corner or dirt in the alpha.
LEAST_TRANSPARENT = 0.02
NOTHING, OPAQUE = 13, 230  # of 255: below the one nothing is there, from the other on it is no shadow
SHADE = 70  # of 255 that the brightest channel of a shadow has at most
# Of the longer side of what is there: half the width of the narrowest shadow, wider than soft edges and hair; how far
# its rim reaches; within how much of it a shadow's alpha rises from nothing to all, at the fastest.
WIDE, RIM, RISE = 0.008, 0.02, 0.03
NOISE = 3  # of 255, steps of alpha from pixel to pixel that are none
A_SHADOW = "The shadow in the cut-out is no part of the person and was left out."


def real_alpha(values: np.ndarray, rgb: np.ndarray, name: str, notes: list[str]) -> np.ndarray | None:
    """(H, W) float32 0..1 where the alpha cuts something out, else None.

    values: (H, W) uint8 as in the file, rgb: (H, W, 3) uint8; notes: what is done is added there. Layers that were
    saved half transparent are made opaque, and shadows that were saved with the person are taken off. Raises InputError
    where nothing is left.
    """
    top = int(values.max())
    if top <= 2:
        raise InputError(
            f'The picture "{name}" is fully transparent.', fix="Choose a photo, or a cut-out with the person visible."
        )
    if (values < NOTHING).mean() >= LEAST_TRANSPARENT:
        if top < 255:
            values = (values * np.float32(255 / top)).round().astype(np.uint8)
        shadow = _shadow(values, rgb)
        if shadow is not None:
            values = np.where(shadow, 0, values)
            notes.append(A_SHADOW)
        return values.astype(np.float32) / 255
    if values.min() < 255:
        notes.append("The photo's transparency cuts out next to nothing and was ignored.")
    return None


def _shadow(values, rgb):
    """(H, W) bool: dark, translucent, wide and smooth; None where there is none."""
    there = values >= NOTHING
    x, y, width, height = cv2.boundingRect(there.astype(np.uint8))
    box = np.s_[y : y + height, x : x + width]
    longer = max(width, height)
    alpha = values[box]
    shade = there[box] & (alpha < OPAQUE) & (rgb[box].max(2) <= SHADE)
    steps = cv2.morphologyEx(alpha, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    smooth = shade & (steps <= max(NOISE, 2 * 255 / (RISE * longer)))
    core = cv2.morphologyEx(smooth.astype(np.uint8), cv2.MORPH_OPEN, _disc(WIDE * longer))
    if not core.any():
        return None
    # With its narrow ends, and its rims: harder at the outside, and half the person's at the inside.
    parts = cv2.connectedComponents(smooth.astype(np.uint8), connectivity=8)[1]
    whole = np.isin(parts, np.unique(parts[core > 0])) & smooth
    near = cv2.dilate(whole.astype(np.uint8), _disc(RIM * longer)) > 0
    shadow = np.zeros(values.shape, bool)
    shadow[box] = near & shade
    return shadow | ~there


def _disc(radius):
    side = 2 * max(1, round(radius)) + 1
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))

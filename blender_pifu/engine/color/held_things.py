# SPDX-License-Identifier: GPL-3.0-or-later
"""Things that are held before the body, as a box is, are not behind it: what lies between the hands, on the trunk
alone, with the same cloth above and below."""

import cv2
import numpy as np

from ..crop_space import centres
from ..reading.landmarks import Landmark as L
from ..reading.stance import PROFILE

SHOULDERS, HIPS = (L.LEFT_SHOULDER, L.RIGHT_SHOULDER), (L.LEFT_HIP, L.RIGHT_HIP)
HANDS = (L.LEFT_WRIST, L.LEFT_INDEX, L.LEFT_PINKY), (L.RIGHT_WRIST, L.RIGHT_INDEX, L.RIGHT_PINKY)
# In lengths of the trunk, from the middle of the shoulders to that of the hips:
TRUNK = (-0.15, 1.2)  # from where to where, from the shoulders down, a thing is held, and no trousers
NEAR = 0.4  # from the nearest place of a thing to a hand that holds it, at most
TALL = 0.8  # from its upper to its lower rim, at most: what is as tall as the trunk is worn
BEYOND = 0.1  # from the rim of a thing to the cloth above and below, where the two are no longer mixed
WITHIN = 0.9  # share of a thing that is before the trunk
SAME = 0.25  # share of the columns with cloth above and below in which it is the same, from which on it goes on behind
LEAST, CLOTHED = 8, 0.4  # such columns, and their share: above a shirt are a neck and hair, and no cloth beside them


def find_behind(mine: np.ndarray, material: np.ndarray, landmarks: np.ndarray) -> tuple[int, np.ndarray] | None:
    """If one of a photo's materials, `mine (n, n)` bool, is of a thing held before the body: which material is behind
    it, and where (n, n) bool that is hidden; else None.

    material: (n, n) the number of every pixel's material, -1 where there is no cloth, on the crop's pixels; landmarks:
    (33, 4) as `landmarks_in`. Of people seen from their side nothing is held.
    """
    size = len(mine)
    shoulders, hips = (landmarks[list(pair), :2].mean(0) for pair in (SHOULDERS, HIPS))
    trunk = float(shoulders[1] - hips[1])
    wide = abs(float(landmarks[L.LEFT_SHOULDER, 0] - landmarks[L.RIGHT_SHOULDER, 0]))
    if trunk <= 0 or wide < PROFILE * trunk or not mine.any():
        return None
    down = (shoulders[1] + centres(size)) / trunk  # of every row, from the shoulders
    rows, columns = np.nonzero(mine)
    before = (down[rows] > TRUNK[0]) & (down[rows] < TRUNK[1])
    if before.mean() < WITHIN or np.ptp(np.quantile(down[rows], (0.02, 0.98))) > TALL:
        return None
    places = np.stack([centres(size)[columns], -centres(size)[rows]], 1)
    for hand in HANDS:
        apart = np.linalg.norm(places[:, None] - landmarks[list(hand), :2], axis=-1)
        if apart.min() > NEAR * trunk:
            return None
    beyond = max(2, round(BEYOND * trunk * size / 2))
    behind = _goes_on(mine, material, beyond)
    if behind is None:
        return None
    hidden = np.maximum.accumulate(mine, 0) & np.maximum.accumulate(mine[::-1], 0)[::-1]
    return behind, cv2.dilate(hidden.astype(np.uint8), np.ones((2 * beyond + 1,) * 2, np.uint8)) > 0


def _goes_on(mine, material, beyond):
    """The material that lies `beyond` pixels above and below a thing in many of its columns, or None."""
    columns = np.flatnonzero(mine.any(0))
    top = mine.argmax(0)[columns] - beyond
    bottom = len(mine) - 1 - mine[::-1].argmax(0)[columns] + beyond
    inside = (top >= 0) & (bottom < len(mine))
    above, below = material[top[inside], columns[inside]], material[bottom[inside], columns[inside]]
    both = (above >= 0) & (below >= 0)
    same = both & (above == below)
    if both.sum() < max(LEAST, CLOTHED * len(columns)) or same.sum() < SAME * both.sum():
        return None
    return int(np.bincount(above[same]).argmax())

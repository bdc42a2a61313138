# SPDX-License-Identifier: GPL-3.0-or-later
"""The landmarks of synthetic people as the engine's networks read them, with all their mistakes."""

from functools import lru_cache

import numpy as np

from ...engine.reading.crop import Crop
from ...engine.reading.landmarks import POINTS, landmarks_in
from ...engine.reading.people import People, choose


@lru_cache(maxsize=1)
def _people() -> People:
    return People()


def glanced(rgb: np.ndarray) -> np.ndarray:
    """Landmarks (33, 4) as `landmarks_in` of the person in `rgb (s, s, 3)` uint8, the whole of which is the crop;
    by two quick looks, zeros where nobody is recognised."""
    marks = landmarks_in(_people().glance(rgb), _whole(rgb))
    return np.zeros((POINTS, 4), np.float32) if marks is None else marks


def read(rgb: np.ndarray) -> np.ndarray | None:
    """The same as the engine reads them in photos; None where nobody is recognised."""
    people = _people().find(rgb)
    return landmarks_in(people[choose(people, rgb.shape[:2])], _whole(rgb)) if people else None


def _whole(rgb):
    return Crop(rgb.shape[1] / 2, rgb.shape[0] / 2, rgb.shape[1])

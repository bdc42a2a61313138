# SPDX-License-Identifier: GPL-3.0-or-later
"""Coordinates of a face, in which patterns on skin are drawn: those of the mean body, so they move with any face."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..body import load_body


@dataclass(frozen=True)
class FacePlaces:
    """Where points of the mean body lie on its face, in distances between mouth and eyes: `across` from the middle,
    `up` from the mouth; `ahead` of the ears, metres."""

    across: np.ndarray
    up: np.ndarray
    ahead: np.ndarray


@lru_cache(maxsize=1)
def _measures() -> tuple[np.ndarray, float, float]:
    body = load_body()
    rest = body.mean_vertices
    mouth = rest[body.mask("lips") > 0.5].mean(0)
    eyes = rest[np.unique(np.r_[body.group_faces("helper-l-eye"), body.group_faces("helper-r-eye")])].mean(0)
    return mouth, float(eyes[2] - mouth[2]), float(rest[body.mask("ears") > 0.5][:, 1].mean())


def places_on_face(points: np.ndarray) -> FacePlaces:
    """Of points (P, 3) of the mean body."""
    mouth, unit, ears = _measures()
    return FacePlaces(np.abs(points[:, 0] - mouth[0]) / unit, (points[:, 2] - mouth[2]) / unit, ears - points[:, 1])

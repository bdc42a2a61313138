# SPDX-License-Identifier: GPL-3.0-or-later
"""Hair that no photo shows begins in the tone of what is seen beside it: what lies behind has the tone of hair as a
whole, and of one head some may be in the sun and a temple in the shade."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from .likeness import LIGHTNESS, of_hue

GLIDES_M = 0.07  # from hair that is seen, within which the tone goes over
NEAREST = 24  # places that tell of which tone it is
LIKE_HAIR = 0.35  # of the way from the cheeks' hue to that of hair in the light, from which on it is hair
MOST_SHADED = 35.0  # Lab lightness by which hair in the light and in the shade differ; more does a badge on a cap


@dataclass(frozen=True)
class SeenHair:
    """places (N, 3), where a photo shows hair, and its tones (N, 3), sRGB 0..1; reach: GLIDES_M there."""

    places: np.ndarray
    tones: np.ndarray
    reach: float

    def beside(self, places: np.ndarray, tones: np.ndarray) -> np.ndarray:
        """The tones (M, 3) of hair at places (M, 3) that no photo shows, as they go over into what is seen."""
        count = min(NEAREST, len(self.places))
        apart, near = cKDTree(self.places).query(places, [*range(1, count + 1)])
        share = 1 / (apart**2 + (self.reach / 8) ** 2)
        local = (share[..., None] * self.tones[near]).sum(1) / share.sum(1, keepdims=True)
        along = (1 - apart[:, :1] / self.reach).clip(0, 1)
        return tones + along**2 * (3 - 2 * along) * (local - tones)


def find_seen_hair(
    places: np.ndarray, tones: np.ndarray, cheeks: np.ndarray, hidden: np.ndarray, metre: float
) -> SeenHair | None:
    """Which of places (N, 3) on a scalp that a photo shows in tones (N, 3) are hair and no bare brow, by the hue of
    cheeks (C, 3) and of hair on the hidden side (H, 3), sRGB 0..1; metre: field units of one; None where none are."""
    if not min(len(places), len(cheeks), len(hidden)):
        return None
    skin, hair = (of_hue(np.median(colors, 0)) for colors in (cheeks, hidden))
    way = hair - skin
    seen = of_hue(tones)
    is_hair = (seen - skin) @ way > LIKE_HAIR * (way @ way)
    is_hair &= np.abs(seen - hair)[:, 0] < MOST_SHADED * LIGHTNESS
    return SeenHair(places[is_hair], tones[is_hair], GLIDES_M * metre) if is_hair.any() else None

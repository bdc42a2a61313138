# SPDX-License-Identifier: GPL-3.0-or-later
"""The camera's perspective: what it bends in field space, and how the person's own shape comes out of it.

Field space holds what the camera saw as if it were seen from afar: along z, columns are the camera's rays. So whatever
is nearer lies wider, feet are seen from more steeply than heads, and the toes of people who stand point down. Painting
and everything else that asks the photo stays there; positions are straightened when they leave for the scene.
"""

import math
from dataclasses import dataclass

import numpy as np

from ..reading.stance import body_height
from .figure import Figure

PERSON_M = 1.7
# Metres of a camera from a whole person where nothing tells; who is shown in part is photographed from nearer: so that
# what is shown, to the power of a half, is the share of it (as `training.framing` draws it).
USUAL_M = 3.5
NEAREST_M = 1.0  # what EXIF data are believed to at most, of a whole person


@dataclass(frozen=True)
class Lens:
    """nearness: one over the camera's distance from the plane z = 0, field units; 0 for a camera infinitely far. Its
    axis is that of field space."""

    nearness: float

    def straight(self, points: np.ndarray) -> np.ndarray:
        """Positions (N, 3) in field space as they are without perspective: what lies at z = 0 stays. Same dtype."""
        return self._scaled(points, 1 - self.nearness * points[:, 2:])

    def seen(self, points: np.ndarray) -> np.ndarray:
        """The inverse of `straight`: (N, 3) -> (N, 3), field space."""
        return self._scaled(points, 1 / (1 - self.nearness * points[:, 2:]))

    def straight_normals(self, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """Unit normals (N, 3) of a surface at positions (N, 3) in field space, after `straight`."""
        share = 1 - self.nearness * points[:, 2]
        across = normals[:, :2] / share[:, None]
        along = normals[:, 2] + self.nearness * (across * points[:, :2]).sum(1)
        turned = np.column_stack([across, along])
        length = np.linalg.norm(turned, axis=1, keepdims=True)
        return (turned / np.maximum(length, np.finfo(float).tiny)).astype(normals.dtype)

    @staticmethod
    def _scaled(points, share):
        return np.concatenate([points[:, :2] * share, points[:, 2:]], 1).astype(points.dtype)


def usual_lens(body: float, seen: float = 1.0) -> Lens:
    """Of a photo that does not tell; body: height of the whole body, field units; seen: share of it that is shown."""
    return Lens(PERSON_M / (USUAL_M * math.sqrt(seen) * body))


def lens_of(figure: Figure) -> Lens:
    """By the focal length in the photo's EXIF data, whatever the person's size; else the usual one."""
    half = figure.crop.side / 2
    if figure.person is None:
        rows = (figure.matte.alpha > 0.5).any(1).nonzero()[0]
        return usual_lens((rows[-1] + 1 - rows[0]) / half)
    body = body_height(figure.person) / half
    if figure.photo.focal_px is None:
        return usual_lens(body, figure.seen)
    nearest = NEAREST_M * math.sqrt(figure.seen) * body / PERSON_M
    return Lens(min(half / figure.photo.focal_px, 1 / nearest))

# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloth and skin that are seen edge-on: light is told badly of them, and a pixel covers much. What is of the garment's
colour takes the garment's tone there, skin that of skin nearby, and what is not, a halo or the street behind, is not
believed."""

from dataclasses import dataclass

import cv2
import numpy as np

from ..crop_space import sample, smaller
from .likeness import unlike
from .regions import REGIONS, Regions

WORK_PX = 256  # to a side of the crop, in which tones are told
# z of unit normals, how far a surface leans to the camera: below the second value the tone nearby begins to take over,
# and below the first it has; the same of what is of another colour, which is believed no more.
TONED, BELIEVED = (0.35, 0.85), (0.3, 0.6)
# Lengths are in field units: 0.01 is about 1 cm on an adult.
# Of garments and of skin: how far from the outline a tone is told, the standard deviation of what is its tone, and Lab
# differences from it from which on a colour is less and less, and then not, its shade.
TONES = {"upper": (0.03, 0.1, (10.0, 20.0)), "lower": (0.03, 0.1, (10.0, 20.0)), "skin": (0.02, 0.05, (25.0, 45.0))}
EVEN = 0.015  # standard deviation of what tones are compared with
BURNT = 0.97  # brightest channel, 0..1, from which on a colour tells nothing: a patch of sun
MOST = 2.5  # times as bright, or as dark, as it is seen


@dataclass(frozen=True)
class EdgeOn:
    """On the crop's pixels: `gain (m, m, 3)` by which colours are multiplied where they have the tone nearby, and
    `other (m, m)` 0..1, where they are of none of its shades."""

    gain: np.ndarray
    other: np.ndarray

    def toned(self, colors: np.ndarray, points: np.ndarray, facing: np.ndarray) -> np.ndarray:
        """Colours (N, 3) that a photo shows at points (N, 2+) of a surface whose normals have z `facing (N,)`."""
        share = 1 - _from(facing, *TONED)
        return colors * sample(self.gain, *points[:, :2].T, border="nearest") ** share[:, None]

    def believed(self, points: np.ndarray, facing: np.ndarray) -> np.ndarray:
        """(N,) 0..1: what is left of trust in them."""
        share = 1 - _from(facing, *BELIEVED)
        return 1 - share * sample(self.other, *points[:, :2].T, border="nearest")


def seen_edge_on(photo: np.ndarray, regions: Regions) -> EdgeOn:
    """The EdgeOn of a photo (n, n, 4), colours sRGB 0..1 and matte, with its regions."""
    small = smaller(photo, WORK_PX).clip(0, 1)
    size = len(small)
    solid = (small[..., 3] > 0.5).astype(np.uint8)
    inward = cv2.distanceTransform(np.pad(solid, 1), cv2.DIST_L2, 5)[1:-1, 1:-1] * 2 / size
    front = regions.at_size(size).front
    even = _mean(small[..., :3], solid, EVEN * size / 2)
    known = np.zeros(solid.shape, np.float32)
    tone, least, other = even.copy(), np.full(solid.shape, np.inf, np.float32), np.zeros(solid.shape, np.float32)
    for name, (inside, wide, unlike_from) in TONES.items():
        mine = front[..., REGIONS[name]]
        known += mine
        core = (inward > inside) & (mine > 0.5)
        if core.any():  # of which it is, tells its colour: of two that meet both are near
            own = _mean(small[..., :3], core, wide * size / 2)
            apart = unlike(even, own)
            nearer = apart < least
            tone[nearer], least[nearer] = own[nearer], apart[nearer]
            other[nearer] = _from(apart[nearer], *unlike_from)
    told = (known > 0.5) & np.isfinite(least) & (even.max(-1) < BURNT)
    tone[~told] = even[~told]
    other[~told] = 0
    gain = ((tone + 0.02) / (even + 0.02)).clip(1 / MOST, MOST)
    return EdgeOn((gain ** (1 - other[..., None])).astype(np.float32), other.astype(np.float32))


def _mean(colors, where, spread):
    """Means (m, m, 3) of colours near each pixel, of pixels `where (m, m)`."""
    weight = np.ascontiguousarray(where, np.float32)
    near, far = ((cv2.GaussianBlur(part, (0, 0), spread)) for part in (colors * weight[..., None], weight))
    whole = colors[weight > 0].mean(0)
    return (near + 1e-4 * whole) / (far + 1e-4)[..., None]


def _from(value, low, high):
    """0 up to `low`, 1 from `high`."""
    return ((value - low) / (high - low)).clip(0, 1)

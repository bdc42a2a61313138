# SPDX-License-Identifier: GPL-3.0-or-later
"""The light of a photo, found from where the surface looks, so that it can be taken away and put back.

The logarithm of how bright a surface is lit is a sum of spherical harmonics of its normal up to the second order, of
which nearly all light on a matt surface is made (Ramamoorthi and Hanrahan 2001); in the logarithm no light is negative,
and each material adds its own constant, its albedo.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from ..srgb import DARKEST, LUMINANCE, to_linear
from ..usual_colors import usual_colors

SOLID = 0.95  # matte from which a pixel is nothing but the person
LEAST = 400  # pixels that tell of a light
TELLING = (0.012, 0.92)  # linear: darker, and with a brighter channel, cameras do not tell how bright it is
MATERIALS, ROUNDS = 6, 3  # asked for, and how often anew without the light
LIGHTNESS = 0.2  # what differences of log luminance count for in a material, against those of hue
EVEN = (0.001, 0.005)  # how firmly a light's luminance, and its hue, are taken for the same from all sides
USUAL = 0.25  # of the logarithm: pixels further off are other cloth, or in a shadow, and count less
FITS = 12
MOST_GAIN, MOST_TINT = 3.0, 1.25  # light's luminance, and its hue, against the mean


@dataclass(frozen=True)
class Light:
    """What a photo's light makes of a surface that looks somewhere: `harmonics (9, 3)`, of the logarithm of linear
    colours over their albedo."""

    harmonics: np.ndarray

    def shading(self, normals: np.ndarray) -> np.ndarray:
        """(..., 3) float32: by which the light multiplies linear colours of surfaces with unit normals (..., 3), as
        their camera sees them (z towards it). Never beyond MOST_GAIN and MOST_TINT."""
        logs = harmonics(normals) @ self.harmonics
        grey = logs @ LUMINANCE
        tint = _within(logs - grey[..., None], np.log(MOST_TINT))
        return np.exp(_within(grey, np.log(MOST_GAIN))[..., None] + tint).astype(np.float32)

    def leaning(self, normals: np.ndarray) -> np.ndarray:
        """(..., 3) float32 of unit normals (..., 3): the logarithm of by how much luminance is multiplied, however much
        that is, and by how much it grows as they lean to the right, and upwards."""
        even, along, across = _quadratic(self.harmonics @ LUMINANCE)
        normals = np.asarray(normals, np.float32)
        turned = normals @ across
        slopes = along + 2 * turned
        slopes -= (slopes * normals).sum(-1, keepdims=True) * normals
        return np.concatenate([even + (normals @ along + (turned * normals).sum(-1))[..., None], slopes[..., :2]], -1)


@dataclass(frozen=True)
class Shading:
    """By which a photo's light multiplies the linear colours of both sides, on the front's pixels: (n, n, 3) float32.
    The hidden side is lit by the light's mirror image, as it is drawn: it meets the front without a seam. light: that
    casts it."""

    light: Light
    front: np.ndarray
    back: np.ndarray


def find_light(photo: np.ndarray, normals: np.ndarray) -> Light | None:
    """The light of a photo (n, n, 4), colours sRGB 0..1 and matte, whose pixels show surfaces with unit normals (n, n,
    3); None where too little is seen."""
    colors, matte = photo[..., :3].astype(np.float64), photo[..., 3]
    linear = to_linear(colors)
    grey = linear @ LUMINANCE
    solid = cv2.erode((matte > SOLID).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    solid &= (np.square(normals).sum(-1) > 0.5) & (normals[..., 2] > 0.05)
    told = solid & (grey > TELLING[0]) & (linear.max(-1) < TELLING[1])
    if told.sum() < LEAST:
        return None
    logs = np.log(linear[told] + DARKEST)
    basis = harmonics(normals[told])[:, 1:]
    grey, found = np.log(linear[told] @ LUMINANCE + DARKEST), np.zeros(8)
    hue = logs - grey[:, None]
    for _ in range(ROUNDS):
        label = _materials(np.column_stack([LIGHTNESS * (grey - basis @ found), hue]))
        found = _fit(basis, grey, label, EVEN[0])
    tints = np.stack([_fit(basis[:, :3], channel, label, EVEN[1]) for channel in hue.T], 1)
    whole = np.zeros((9, 3))
    whole[1:] = found[:, None]
    whole[1:4] += tints
    # The mean stays: the person is neither brighter nor darker without the light.
    whole[0] = -np.mean(basis @ whole[1:], axis=0) / harmonics(np.zeros(3))[0]
    return Light(whole)


def harmonics(normals: np.ndarray) -> np.ndarray:
    """The spherical harmonics up to the second order (..., 9) of unit vectors (..., 3), real and orthonormal."""
    x, y, z = np.moveaxis(np.asarray(normals, np.float64), -1, 0)
    first = 0.488603
    return np.stack(
        [
            np.full(x.shape, 0.282095),
            *(first * y, first * z, first * x),
            *(1.092548 * x * y, 1.092548 * y * z),
            *(0.315392 * (3 * z * z - 1), 1.092548 * x * z, 0.546274 * (x * x - y * y)),
        ],
        -1,
    )


def _quadratic(factors: np.ndarray) -> tuple[np.float32, np.ndarray, np.ndarray]:
    """What factors (9,) of `harmonics` make of a normal n, as c + b n + n A n: c, b (3,) and A (3, 3), float32."""
    f = factors * np.array([0.282095, *3 * [0.488603], 1.092548, 1.092548, 0.315392, 1.092548, 0.546274])
    across = np.array([[f[8], f[4] / 2, f[7] / 2], [f[4] / 2, -f[8], f[5] / 2], [f[7] / 2, f[5] / 2, 3 * f[6]]])
    return np.float32(f[0] - f[6]), f[[3, 1, 2]].astype(np.float32), across.astype(np.float32)


def robust_fit(
    terms: np.ndarray, values: np.ndarray, ridge: np.ndarray, usual: float, rounds: int, trust: np.ndarray | float = 1.0
) -> np.ndarray:
    """Factors (k,) of terms (n, k) that sum to values (n,): least squares where they are nearer than `usual`, least
    distances further off; ridge (k, k): what factors cost by themselves; trust (n,): what each value counts."""
    weights = trust * np.ones(len(values))
    factors = np.zeros(terms.shape[1])
    for _ in range(rounds):
        weighted = (terms * weights[:, None]).T
        factors = np.linalg.solve(weighted @ terms + ridge, weighted @ values)
        weights = trust * usual / np.maximum(np.abs(values - terms @ factors), usual)
    return factors


def _fit(basis, values, label, even):
    """(k,) factors of basis (n, k), where each label has a constant of its own."""
    own = np.eye(label.max() + 1)[label]
    terms = np.hstack([own, basis])
    ridge = np.diag(np.r_[np.full(own.shape[1], 1e-6), np.full(basis.shape[1], even)]) * len(values)
    return robust_fit(terms, values, ridge, USUAL, FITS)[own.shape[1] :]


def _materials(features):
    """(n,) which of a few materials each pixel is of, by features (n, 4)."""
    label = ((features[:, None] - usual_colors(features, MATERIALS)) ** 2).sum(-1).argmin(-1)
    return np.unique(label, return_inverse=True)[1]


def _within(value, most):
    """A value, smoothly held within -most to most."""
    return most * np.tanh(value / most)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a photo of the back into the light of the front one, by what both show of the same places along the outline."""

import cv2
import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import spsolve

SOLID = 0.95  # alpha from which a pixel is nothing but the person
SEAM = (1 / 256, 7 / 256)  # of the crop's side, inside the outline: there both photos see the same places
DARKEST = 0.005  # linear; keeps the dark out of ratios
RIDGE = 0.01  # how little is believed of what only few pixels say
USUAL = 0.15  # of the logarithm: pixels further off are other cloth and count less
ROUNDS = 20
MOST_GAIN, MOST_TINT = 3.0, 1.25  # beyond it is no other light but other cloth: of all channels, of one against them


def match_light(front: tuple[np.ndarray, np.ndarray], back: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """(n, n, 3) float32 by which the back's linear colours are to be multiplied to be lit as the front's.

    front, back: colours (n, n, 3) 0..1 sRGB and matte (n, n) of one crop, the back seen through the body. How bright a
    light makes a surface depends on where that looks: the gain is a function of the normal, one straight line in its
    parts, fitted robustly to both photos' pixels along the outline. The normals are those of the inflated outline.
    """
    (front_rgb, front_alpha), (back_rgb, back_alpha) = front, back
    solid = (front_alpha > SOLID) & (back_alpha > SOLID)
    depth = cv2.distanceTransform(solid.astype(np.uint8), cv2.DIST_L2, 3) / len(solid)
    seam = (depth >= SEAM[0]) & (depth < SEAM[1])
    if not seam.any():
        return np.ones((*solid.shape, 3), np.float32)
    ratio = np.log(to_linear(front_rgb[seam]) + DARKEST) - np.log(to_linear(back_rgb[seam]) + DARKEST)
    grey = ratio.mean(1)
    tint = np.median(ratio - grey[:, None], axis=0).clip(-np.log(MOST_TINT), np.log(MOST_TINT))
    terms = np.concatenate([np.ones((*solid.shape, 1)), inflated_normals(front_alpha > 0.5)], -1)
    gain = (terms @ _fit(terms[seam], grey)).clip(-np.log(MOST_GAIN), np.log(MOST_GAIN))
    return np.exp(gain[..., None] + tint).astype(np.float32)


def lit(rgb: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """Colours (n, n, 3) 0..1 sRGB under the light that `match_light` found, gain (m, m, 3) of the same crop."""
    gain = cv2.resize(gain, rgb.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return to_srgb((to_linear(rgb) + DARKEST) * gain - DARKEST).astype(np.float32)


def inflated_normals(solid: np.ndarray) -> np.ndarray:
    """(n, n, 3) unit: x right, y up, z to the viewer, of a round body with this outline (n, n); (0, 0, 1) beyond it.

    The height is the root of a function whose curvature is the same everywhere and which is 0 on the outline: of a
    strip that is a cylinder.
    """
    rows, columns = np.nonzero(solid)
    height = np.zeros(solid.shape)
    if len(rows):
        index = np.full(np.add(solid.shape, 2), -1)
        index[rows + 1, columns + 1] = own = np.arange(len(rows))
        places, values = [(own, own)], [np.full(len(rows), 4.0)]
        for down, right in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            other = index[rows + 1 + down, columns + 1 + right]
            there = other >= 0
            places.append((own[there], other[there]))
            values.append(np.full(there.sum(), -1.0))
        laplace = coo_matrix((np.concatenate(values), np.concatenate(places, axis=1))).tocsc()
        height[rows, columns] = np.sqrt(2 * spsolve(laplace, np.ones(len(rows))))
    down, right = np.gradient(height)
    normals = np.stack([-right, down, np.ones_like(down)], -1)
    return normals / np.linalg.norm(normals, axis=-1, keepdims=True)


def to_linear(srgb: np.ndarray) -> np.ndarray:
    """0..1 of any shape."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def to_srgb(linear: np.ndarray) -> np.ndarray:
    """0..1 of any shape; what lies beyond is cut off."""
    linear = linear.clip(0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def _fit(terms, values):
    """(k,) factors of terms (n, k), the first of them constant, that sum to values (n,): least squares where they are
    near, least distances further off."""
    ridge = np.diag([0.0] + [RIDGE * len(values)] * (terms.shape[1] - 1))
    weights = np.ones(len(values))
    for _ in range(ROUNDS):
        weighted = (terms * weights[:, None]).T
        factors = np.linalg.solve(weighted @ terms + ridge, weighted @ values)
        weights = USUAL / np.maximum(np.abs(values - terms @ factors), USUAL)
    return factors

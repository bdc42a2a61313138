# SPDX-License-Identifier: GPL-3.0-or-later
"""Crop space: where the pixels of a square picture lie in field space, and what the picture shows at a point.

Field space: the crop's centre is the origin and half its side is 1; +x right, +y up. Pictures: row down, column right;
pixel (0, 0) spans 0..1, so its centre lies half a pixel inside the border. Columns and rows here are indices of pixels,
which count from centres, unless they are said to count from the border. Arrays keep their type.
"""

from typing import Literal

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import map_coordinates
from torch import Tensor

OUTLINE_PX = 2  # of a picture's outline, in which pixels are half of the background


def to_points(column: np.ndarray, row: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """x and y of pixels in a picture of `size` to a side."""
    return _across(column, size), -_across(row, size)


def to_pixels(x: np.ndarray, y: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Column and row, with fractions, of points in a picture of `size` to a side."""
    column, row = from_border(x, y, size)
    return column - 0.5, row - 0.5


def from_border(x: np.ndarray, y: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """As `to_pixels`, counted from the picture's left and upper border."""
    return (x + 1) * (size / 2), (1 - y) * (size / 2)


def pixels_at(x: np.ndarray, y: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Column and row, int64, of the pixels that hold points; beyond the picture those at its border."""
    column, row = (np.floor(place).astype(np.int64).clip(0, size - 1) for place in from_border(x, y, size))
    return column, row


def centres(size: int) -> np.ndarray:
    """(size,) float64: x of a row's pixels from the left; the negatives are y of a column's from above."""
    return _across(np.arange(size), size)


def pixel_centres(size: int) -> tuple[np.ndarray, np.ndarray]:
    """x and y, (size, size) float64 each, of all pixels."""
    x, y = np.meshgrid(centres(size), -centres(size))
    return x, y


def _across(index: np.ndarray, size: int) -> np.ndarray:
    return (index + 0.5) / size * 2 - 1


def pixel_matrix(size: int) -> np.ndarray:
    """(3, 3) homogeneous: from points to column and row."""
    half = size / 2
    return np.array([[half, 0, half - 0.5], [0, -half, half - 0.5], [0, 0, 1]])


def between_centres(matrix: np.ndarray) -> np.ndarray:
    """An affine map (2, 3) of places counted from the border, as one of columns and rows."""
    shift = matrix[:, :2] @ np.full(2, 0.5) + matrix[:, 2] - 0.5
    return np.column_stack([matrix[:, :2], shift])


def sample(picture: np.ndarray, x: np.ndarray, y: np.ndarray, border: str = "nearest") -> np.ndarray:
    """A picture (n, n[, C]) at points (N,), bilinear: (N[, C]). border: what lies beyond the outer centres, a mode of
    scipy.ndimage.map_coordinates."""
    place = np.stack(to_pixels(x, y, len(picture))[::-1])
    if picture.ndim == 2:
        return map_coordinates(picture, place, order=1, mode=border)
    channels = [map_coordinates(picture[..., c], place, order=1, mode=border) for c in range(picture.shape[2])]
    return np.stack(channels, -1)


def sample_quickly(picture: np.ndarray, x: np.ndarray, y: np.ndarray, border: int) -> np.ndarray:
    """A picture (n, n[, C]) float32 at points (h, w): (h, w[, C]); places are rounded to a 32nd of a pixel. border: one
    of OpenCV's, as cv2.BORDER_CONSTANT, which is 0."""
    column, row = (place.astype(np.float32) for place in to_pixels(x, y, len(picture)))
    return cv2.remap(picture, column, row, cv2.INTER_LINEAR, borderMode=border)


def sample_maps(
    maps: Tensor,
    xy: Tensor,
    mode: Literal["bilinear", "nearest"] = "bilinear",
    outer_centres: bool = False,
) -> Tensor:
    """Pixel-aligned samples of `maps (B, C, h, w)` at `xy (B, N, 2)`: (B, C, N). Beyond the border they fade to 0.

    outer_centres: the outer pixels' centres lie on the crop's border, not their edges.
    """
    grid = torch.stack([xy[..., 0], -xy[..., 1]], -1)[:, None]
    return F.grid_sample(maps, grid, mode=mode, padding_mode="zeros", align_corners=outer_centres)[:, :, 0]


def blurred_within(values: np.ndarray, weight: np.ndarray, spread: float) -> np.ndarray:
    """Means about each pixel of values (h, w[, C]) by weight (h, w) float32, in a Gaussian of standard deviation
    `spread` pixels; what nothing near has a weight of means nothing."""
    share = np.maximum(cv2.GaussianBlur(weight, (0, 0), spread), 1e-3)
    weight, share = (part if values.ndim == 2 else part[..., None] for part in (weight, share))
    return cv2.GaussianBlur(values * weight, (0, 0), spread) / share


def smaller(image: np.ndarray, size: int) -> np.ndarray:
    """An image (n, n, 4), colours and matte, in fewer pixels: (size, size, 4) float32; a pixel's colours are the mean
    of what it covers, by the matte."""
    weighted = np.dstack([image[..., :3] * image[..., 3:], image[..., 3]]).astype(np.float32)
    small = cv2.resize(weighted, (size, size), interpolation=cv2.INTER_AREA)
    small[..., :3] /= np.maximum(small[..., 3:], 1e-3)
    return small


def nearest_within(values: np.ndarray, matte: np.ndarray) -> np.ndarray:
    """Values (n, n, C) of pixels well within a matte (n, n) 0..1, and elsewhere those of the nearest such pixel; as
    they are where there is none. What is read of an outline's pixels is half of the background."""
    solid = (matte > 0.5).astype(np.uint8)
    inner = cv2.erode(solid, np.ones((2 * OUTLINE_PX + 1,) * 2, np.uint8))
    inner = inner if inner.any() else solid
    if not inner.any():
        return values
    _, number = cv2.distanceTransformWithLabels(1 - inner, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    pixel_of = np.zeros(number.max() + 1, int)
    pixel_of[number[inner > 0]] = np.flatnonzero(inner)
    nearest = pixel_of[number.astype(int)]
    return values.reshape(inner.size, -1)[nearest].astype(np.float32)

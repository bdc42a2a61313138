# SPDX-License-Identifier: GPL-3.0-or-later
"""The square of the photo that holds the person, and cutting it out at any size."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from ..errors import NoPersonError

FILL = 0.9  # longer side of the person's bounding box, in sides of the crop
STRIP_PX = 128  # rows of the photo that are worked on at a time


@dataclass(frozen=True)
class Crop:
    """A square in the photo: centre and side in photo pixels (pixel (0, 0) spans 0..1). May reach beyond the photo.

    Field space: the centre is the origin and half the side is 1; +x right, +y up, +z towards the camera.
    """

    center_x: float
    center_y: float
    side: float

    def to_field(self, points: np.ndarray) -> np.ndarray:
        """Points (N, 2), x and y in photo pixels, in field space."""
        return (points - (self.center_x, self.center_y)) / (self.side / 2) * (1, -1)

    def to_photo(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 2) of field space in photo pixels."""
        return points * (1, -1) * (self.side / 2) + (self.center_x, self.center_y)

    def cut(self, array: np.ndarray, size_px: int, border: float = 0) -> np.ndarray:
        """Resample the square, averaging when it shrinks.

        array: (H, W) or (H, W, C), photo pixels; border: value outside the photo.
        Returns (size_px, size_px) or (size_px, size_px, C) of the same dtype; integers are rounded.
        """
        planes = array[..., None] if array.ndim == 2 else array
        out = self.compose(planes.__getitem__, planes.shape, size_px, border)
        out = out if array.dtype.kind == "f" else np.rint(out)
        return out.reshape(size_px, size_px, *array.shape[2:]).astype(array.dtype)

    def compose(
        self,
        pixels: Callable[[tuple[slice, slice]], np.ndarray],
        shape: tuple[int, ...],
        size_px: int,
        border: float = 0,
    ) -> np.ndarray:
        """As `cut`, of a picture (H, W, C) that is made piece by piece: large photos take much memory.

        pixels: gives (h, w, C) of some rows and columns; shape: of the whole picture. Returns float32.
        """
        step = self.side / size_px
        margin = math.ceil(max(1.0, step)) + 1  # beyond the square the filter still needs its neighbours
        left, top = self.center_x - self.side / 2, self.center_y - self.side / 2
        x0, x1 = math.floor(left) - margin, math.ceil(left + self.side) + margin
        columns = slice(max(x0, 0), max(min(x1, shape[1]), 0))
        out = np.empty((size_px, size_px, shape[2]), np.float32)
        count = max(1, round(STRIP_PX / step))
        for first in range(0, size_px, count):
            last = min(first + count, size_px)
            low, high = top + first * step, top + last * step
            y0, y1 = math.floor(low) - margin, math.ceil(high) + margin
            rows = slice(max(y0, 0), max(min(y1, shape[0]), 0))
            window = np.full((y1 - y0, x1 - x0, shape[2]), border, np.float32)
            if rows.start < rows.stop and columns.start < columns.stop:
                inside = window[rows.start - y0 : rows.stop - y0, columns.start - x0 : columns.stop - x0]
                inside[:] = pixels((rows, columns))
            box = (left - x0, low - y0, left - x0 + self.side, high - y0)
            for channel in range(shape[2]):
                strip = Image.fromarray(window[..., channel])
                strip = strip.resize((size_px, last - first), Image.Resampling.BILINEAR, box=box)
                out[first:last, :, channel] = np.asarray(strip)
        return out


def crop_around(alpha: np.ndarray) -> Crop:
    """The square round the person.

    alpha: (H, W) matte 0..1. The largest connected part above 0.5 is the person: the centre of its bounding box is
    the centre of the square, its longer side `FILL` of the square's. Raises NoPersonError when nothing is above 0.5.
    """
    _, _, parts, _ = cv2.connectedComponentsWithStats((alpha > 0.5).astype(np.uint8), connectivity=8)
    if len(parts) < 2:  # the first is the background
        raise NoPersonError()
    x, y, width, height, _ = max(parts[1:].tolist(), key=lambda part: part[cv2.CC_STAT_AREA])
    return Crop(x + width / 2, y + height / 2, max(width, height) / FILL)

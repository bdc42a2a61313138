# SPDX-License-Identifier: GPL-3.0-or-later
"""The square of the photo that holds the person, and cutting it out at any size."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from .errors import NoPersonError

FILL = 0.9  # longer side of the person's bounding box, in sides of the crop


@dataclass(frozen=True)
class Crop:
    """A square in the photo: centre and side in photo pixels (pixel (0, 0) spans 0..1). May reach beyond the photo.

    Field space: the centre is the origin and half the side is 1; +x right, +y up, +z towards the camera.
    """

    center_x: float
    center_y: float
    side: float

    def cut(self, array: np.ndarray, size_px: int, border: float = 0) -> np.ndarray:
        """Resample the square, averaging when it shrinks.

        array: (H, W) or (H, W, C), photo pixels; border: value outside the photo.
        Returns (size_px, size_px) or (size_px, size_px, C) of the same dtype; integers are rounded.
        """
        planes = array[..., None] if array.ndim == 2 else array
        # Beyond the square the filter still needs its neighbours.
        margin = math.ceil(max(1.0, self.side / size_px)) + 1
        left, top = self.center_x - self.side / 2, self.center_y - self.side / 2
        x0, y0 = math.floor(left) - margin, math.floor(top) - margin
        x1, y1 = math.ceil(left + self.side) + margin, math.ceil(top + self.side) + margin
        height, width = array.shape[:2]
        rows, columns = slice(max(y0, 0), max(min(y1, height), 0)), slice(max(x0, 0), max(min(x1, width), 0))
        box = (left - x0, top - y0, left - x0 + self.side, top - y0 + self.side)
        out = np.empty((size_px, size_px, planes.shape[2]), array.dtype)
        for channel in range(planes.shape[2]):
            window = np.full((y1 - y0, x1 - x0), border, np.float32)
            inside = planes[rows, columns, channel]
            if inside.size:
                window[rows.start - y0 : rows.stop - y0, columns.start - x0 : columns.stop - x0] = inside
            whole = Image.fromarray(window)
            del window  # it may be large
            resampled = np.asarray(whole.resize((size_px, size_px), Image.Resampling.BILINEAR, box=box))
            out[..., channel] = resampled if array.dtype.kind == "f" else np.rint(resampled)
        return out[..., 0] if array.ndim == 2 else out


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

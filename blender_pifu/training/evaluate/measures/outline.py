# SPDX-License-Identifier: GPL-3.0-or-later
"""How far the outline of a reconstruction lies from the person's own in the photo."""

import cv2
import numpy as np
from scipy.ndimage import map_coordinates
from skimage.measure import find_contours

from ...native.raster import rasterize

OUTLINE_PX = 2048  # side of the picture both are compared in: less than a millimetre a pixel
FARTHEST_MM = 30.0  # what is farther is a lost or an added limb, and counts as so much


def outline_figures(vertices: np.ndarray, faces: np.ndarray, mask: np.ndarray, scale: float) -> dict[str, float]:
    """`outline_mm`: mean signed distance of the mesh's outline to the true one, seen from the front, positive outside;
    `outline_off_mm`: the mean of its amount. Empty where either has none.

    vertices (V, 3), faces (F, 3): field space; mask: (h, h) uint8, the true one of the same crop, whose outline is
    where it is half covered; scale: field units a metre.
    """
    ours = rasterize(np.ascontiguousarray(vertices, np.float32), faces, OUTLINE_PX)[0] >= 0
    true = cv2.resize(mask, (OUTLINE_PX, OUTLINE_PX), interpolation=cv2.INTER_LINEAR) > 127
    if not ours.any() or not true.any():
        return {}
    inwards, outwards = (cv2.distanceTransform(side.astype(np.uint8), cv2.DIST_L2, 5) for side in (true, ~true))
    places = np.concatenate(find_contours(np.pad(ours, 1).astype(np.float32), 0.5)) - 1
    distances = map_coordinates(outwards - inwards, places.T, order=1, mode="nearest")
    millimetres = np.clip(distances * 2000 / OUTLINE_PX / scale, -FARTHEST_MM, FARTHEST_MM)
    return {"outline_mm": float(millimetres.mean()), "outline_off_mm": float(np.abs(millimetres).mean())}

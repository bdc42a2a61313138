# SPDX-License-Identifier: GPL-3.0-or-later
"""The rim of a person cut out of a photo: a matte that is a few pixels too wide has the background's colours there, and
light is not told well of what is seen edge-on. What is not of a colour with the person just inside takes that one."""

import cv2
import numpy as np

from ..crop_space import smaller
from ..reading.landmarks import head_place
from ..smooth_step import smooth_step
from .likeness import unlike

WORK_PX = 512  # to a side of the crop, in which colours are compared
# Lengths are in field units: 0.01 is about 1 cm on an adult.
RIM = (0.012, 0.018)  # inside the outline, up to which colours are compared, and where that ends
INSIDE = (0.022, 0.035)  # inside the outline, from which on colours are believed; either may agree
BESIDE = 1.6  # times as far away, from which on there is no such inside, as of fingers: nothing is told
EVEN = 0.008  # standard deviation of what is the inside's colour
OTHER = (10.0, 22.0)  # Lab difference from which on a colour is less and less, and then not, the inside's
HEAD = (1.9, 2.3)  # distances from the eyes to the mouth, round the ears: within is hair, thin at its outline


def without_rim(photo: np.ndarray, landmarks: np.ndarray | None) -> np.ndarray:
    """A photo (n, n, 4) float32, colours sRGB 0..1 and matte, whose rim has the colours of what is inside it where
    these are others; landmarks: (33, 4) as `landmarks_in`, or None: by these the head is left as it is. The same photo
    where nothing is told."""
    small = smaller(photo, WORK_PX).clip(0, 1)
    solid = (small[..., 3] > 0.5).astype(np.uint8)
    inward = cv2.distanceTransform(np.pad(solid, 1), cv2.DIST_L2, 5)[1:-1, 1:-1] * 2 / WORK_PX
    least = np.full(solid.shape, np.inf, np.float32)
    within = np.zeros((*solid.shape, 3), np.float32)
    for depth in INSIDE:
        core = inward > depth
        if not core.any():
            continue
        colors, apart = _inside(small[..., :3], core)
        difference = unlike(small[..., :3], colors)
        difference[apart > BESIDE * depth] = np.inf
        nearer = difference < least
        within[nearer], least[nearer] = colors[nearer], difference[nearer]
    share = smooth_step(least, *OTHER) * np.isfinite(least) * (1 - smooth_step(inward, *RIM))
    if landmarks is not None:
        share *= off_head(landmarks)
    if not share[solid > 0].any():
        return photo
    size = len(photo)
    share, within = (cv2.resize(np.ascontiguousarray(part, np.float32), (size, size)) for part in (share, within))
    cleaned = photo.copy()
    rows, columns = np.nonzero(share > 0)
    cleaned[rows, columns, :3] += share[rows, columns, None] * (within[rows, columns] - photo[rows, columns, :3])
    return cleaned


def _inside(colors, core):
    """What colours (n, n, 3) are at the nearest place of a core (n, n) bool, evened out, and how far away (n, n) that
    is, field units."""
    weight = core.astype(np.float32)
    spread = EVEN / 2 * WORK_PX
    sums = (cv2.GaussianBlur(part, (0, 0), spread) for part in (colors * weight[..., None], weight))
    even = np.divide(*(part.reshape(*core.shape, -1) for part in sums), out=colors.copy(), where=core[..., None])
    apart, label = cv2.distanceTransformWithLabels(
        1 - core.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    table = np.zeros((int(label.max()) + 1, 3), np.float32)
    table[label[core]] = even[core]
    return table[label], apart * 2 / WORK_PX


def off_head(landmarks: np.ndarray) -> np.ndarray:
    """(WORK_PX, WORK_PX) float32 0..1 of a crop, by landmarks (33, 4) as `landmarks_in`: 0 on the head, 1 elsewhere."""
    head = head_place(landmarks)
    place = (np.arange(WORK_PX, dtype=np.float32) + 0.5) / WORK_PX * 2 - 1
    apart = np.hypot(place[None, :] - head.ears[0], -place[:, None] - head.ears[1]) / head.unit
    return smooth_step(apart, *HEAD)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Which texels triangles cover, and maps filled by what is known of these."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, reduce

import cv2
import numpy as np

from ...cores import divided

# So far outside a triangle (texels) its values are still computed: what filtering reads at a seam is the seam's own.
SLACK = 1.0
PART = 1 << 16  # texels
CHUNK = 250_000  # texels tried at once: few enough for a processor's cache


@dataclass(frozen=True)
class Cover:
    """Texels and what covers them: `texel (N,)` int32 row * size + column, `face (N,)` int32, `weights (N, 3)` float32
    of its corners. A texel may occur several times."""

    texel: np.ndarray
    face: np.ndarray
    weights: np.ndarray


def cover(corners: np.ndarray, size: int, slack: float = 0.0) -> Cover:
    """The Cover of triangles `corners (T, 3, 2)` in an image of size x size; u runs right, v up, both 0..1.

    A texel is covered where its centre lies strictly inside, or with `slack` (in texels) no farther than that outside.
    """
    places = corners.astype(np.float64) * size - 0.5
    least, most = (reduce(extreme, places.transpose(1, 0, 2)) for extreme in (np.minimum, np.maximum))
    low = np.ceil(least - slack).astype(np.int64).clip(0, size)
    high = np.floor(most + slack).astype(np.int64).clip(-1, size - 1)
    extent = np.maximum(high - low + 1, 0)
    count = extent[:, 0] * extent[:, 1]
    ends = np.cumsum(count)
    parts, begin = [], 0
    while begin < len(count):
        # Whole triangles, as many as fit; a large one goes alone.
        stop = max(begin + 1, int(np.searchsorted(ends, (ends[begin - 1] if begin else 0) + CHUNK)))
        parts.append(slice(begin, stop))
        begin = stop
    if not parts:
        return Cover(np.empty(0, np.int32), np.empty(0, np.int32), np.empty((0, 3), np.float32))
    found = divided(lambda part: _cover(places[part], low[part], extent[part], size, slack, part.start), parts)
    columns = list(zip(*found, strict=True))
    del found
    # Of large maps these are tens of megabytes: one of them at a time is there twice.
    return Cover(*(np.concatenate(columns.pop(0)) for _ in range(3)))


def _cover(places, low, extent, size, slack, first):
    a, b, c = places.transpose(1, 0, 2)
    one, two = b - a, c - a
    double = one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]
    flat = double == 0
    scale = np.where(flat, 0, 1 / np.where(flat, 1, double))
    count = np.where(flat, 0, extent[:, 0] * extent[:, 1])

    def of(values):
        """Values (T,) of each texel's triangle, (N,)."""
        return np.repeat(values, count)

    # Whole numbers as float64, exact: dividing int64 took half of it all.
    step, width = np.arange(count.sum(), dtype=float) - of((np.cumsum(count) - count).astype(float)), of(extent[:, 0])
    row = np.floor(step / width)
    x, y = step - row * width + of(low[:, 0]), row + of(low[:, 1])
    inside = np.ones(len(step), bool)
    weights = []
    for start, end in ((b, c), (c, a), (a, b)):
        edge = end - start
        # A corner's weight is linear in the place; `room` is what `slack` makes of it.
        across, along = -edge[:, 1] * scale, edge[:, 0] * scale
        constant = -(across * start[:, 0] + along * start[:, 1])
        room = slack * np.linalg.norm(edge, axis=1) * np.abs(scale)
        weight = of(across) * x + of(along) * y + of(constant)
        inside &= weight > -of(room)
        weights.append(weight)
    there = np.flatnonzero(inside)
    first_corner, second, third = (np.maximum(weight[there], 0) for weight in weights)
    weights = np.stack([first_corner, second, third], 1) / (first_corner + second + third)[:, None]
    texel = (size - 1 - y[there]) * size + x[there]
    face = np.repeat(np.arange(first, first + len(count), dtype=np.int32), count)[there]
    return texel.astype(np.int32), face, weights.astype(np.float32)


def filled(
    found: Cover,
    size: int,
    values_of: Callable[[np.ndarray, np.ndarray], np.ndarray],
    waiting: Callable[[], None],
    nothing: tuple[int, int, int] = (0, 0, 0),
    at_once: int = PART,
) -> np.ndarray:
    """A picture (size, size, 3) uint8: `values_of` faces (N,) and weights (N, 3) of a Cover of `size` texels to a side,
    (N, 3) uint8, one for each texel; other texels continue the nearest, or are `nothing` where no face covers any.
    waiting: called at every part of it, may raise to stop; at_once: texels of a part."""
    found = _deepest(found, size)
    # In parts, as maps of 4096 need gigabytes at once, and a processor's cache holds less.
    parts = [slice(start, start + at_once) for start in range(0, len(found.texel), at_once)]
    if not parts:
        return np.full((size, size, 3), nothing, np.uint8)
    picture, empty = np.zeros((size * size, 3), np.uint8), np.ones(size * size, np.uint8)
    empty[found.texel] = 0

    def fill(part):
        picture[found.texel[part]] = values_of(found.face[part], found.weights[part])

    works = [*(partial(fill, part) for part in parts), partial(_nearest, empty.reshape(size, size))]
    *_, nearest = divided(lambda work: work(), works, waiting)
    _spread(picture, empty, nearest.reshape(-1))
    return picture.reshape(size, size, 3)


def _deepest(found, size):
    """Of a Cover of `size` texels to a side each texel once, in their order: where several faces reach for it, the one
    that it lies in most."""
    depth = np.minimum(np.minimum(found.weights[:, 0], found.weights[:, 1]), found.weights[:, 2])
    most = np.full(size * size, -1, np.float32)
    np.maximum.at(most, found.texel, depth)
    best = np.flatnonzero(depth == most[found.texel])[::-1]
    del depth, most  # of large maps these are tens of megabytes
    index = np.full(size * size, -1, np.int32)
    index[found.texel[best]] = best  # of equals the first, which is written last
    index = index[index >= 0]
    return Cover(found.texel[index], found.face[index], found.weights[index])


def _nearest(empty):
    """Of each texel the number of the nearest where `empty` (n, n) is 0: (n, n) int32."""
    return cv2.distanceTransformWithLabels(empty, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)[1]


def _spread(picture, empty, nearest):
    """Give texels (N,) where `empty` (N,) is 1 the values (N, 3) of the nearest other, whose number `nearest` has."""
    texel_of = np.empty(int(nearest.max()) + 1, np.int32)
    parts = [slice(start, start + CHUNK) for start in range(0, len(empty), CHUNK)]
    for part in parts:
        there = np.flatnonzero(empty[part] == 0) + part.start
        texel_of[nearest[there]] = there
    for part in parts:
        lacking = np.flatnonzero(empty[part]) + part.start
        picture[lacking] = picture.take(texel_of.take(nearest[lacking]), 0)

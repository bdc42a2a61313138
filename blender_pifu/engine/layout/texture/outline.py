# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a flat chart covers nothing twice, told by its outline alone.

So many triangles cover a place as the outline winds round it, where all are wound alike (the degree of a map). An
outline that is one closed curve, with holes inside that wind the other way, none touching itself or another, winds
round nothing twice.
"""

import numpy as np

PAIRS = 1_000_000  # edges compared at once


def is_simple(places: np.ndarray, triangles: np.ndarray) -> bool:
    """True where all triangles (T, 3) of a chart with vertices at `places (V, 2)` are counter-clockwise and no two
    overlap. False also where it cannot be told: outlines that touch themselves, or pass a vertex twice."""
    one, two = (places[triangles[:, k]] - places[triangles[:, 0]] for k in (1, 2))
    if (one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0] <= 0).any():
        return False
    start, end = _border(triangles, len(places))
    if not len(start) or len(np.unique(start)) < len(start) or len(np.unique(end)) < len(end):
        return False
    return _outer_loops(places, start, end) == 1 and not _any_meet(places[start], places[end], start, end)


def _border(triangles, count):
    """The directed edges (E,), (E,) that have a triangle on their left only."""
    start, end = triangles.ravel().astype(np.int64), np.roll(triangles, -1, axis=1).ravel().astype(np.int64)
    alone = ~np.isin(start * count + end, end * count + start)
    return start[alone], end[alone]


def _outer_loops(places, start, end):
    """How many of the border's loops are counter-clockwise."""
    following = dict(zip(start.tolist(), end.tolist(), strict=True))
    positive = 0
    while following:
        loop = [next(iter(following))]
        while (after := following.pop(loop[-1])) != loop[0]:
            loop.append(after)
        x, y = (places[loop] - places[loop[0]]).T
        positive += bool((x * np.roll(y, -1) - y * np.roll(x, -1)).sum() > 0)
    return positive


def _any_meet(a, b, start, end):
    """Whether any two edges from a to b (E, 2) meet but in a common vertex; start, end (E,): their vertices."""
    low, high = np.minimum(a, b), np.maximum(a, b)
    across = int(np.argmin((high - low).sum(0) / np.maximum(np.ptp(a, axis=0), 1e-300)))
    order = np.argsort(low[:, across], kind="stable")
    a, b, low, high, start, end = (values[order] for values in (a, b, low, high, start, end))
    # Along one axis each edge is compared with those that begin before it ends.
    reach = np.searchsorted(low[:, across], high[:, across], side="right") - np.arange(1, len(a) + 1)
    ends = np.cumsum(reach)
    first = 0
    while first < len(a):
        last = max(first + 1, int(np.searchsorted(ends, (ends[first - 1] if first else 0) + PAIRS)))
        count = reach[first:last]
        one = np.repeat(np.arange(first, last), count)
        two = one + 1 + np.arange(len(one)) - np.repeat(np.cumsum(count) - count, count)
        near = (low[one, 1 - across] <= high[two, 1 - across]) & (low[two, 1 - across] <= high[one, 1 - across])
        near &= (start[one] != end[two]) & (end[one] != start[two])
        one, two = one[near], two[near]
        parted = _same_side(a[one], b[one], a[two], b[two]) | _same_side(a[two], b[two], a[one], b[one])
        if not parted.all():
            return True
        first = last
    return False


def _same_side(a, b, p, q):
    """Whether p and q (N, 2) lie clearly on one side of the lines through a and b (N, 2)."""
    along, to_p, to_q = b - a, p - a, q - a
    return (along[:, 0] * to_p[:, 1] - along[:, 1] * to_p[:, 0]) * (
        along[:, 0] * to_q[:, 1] - along[:, 1] * to_q[:, 0]
    ) > 0

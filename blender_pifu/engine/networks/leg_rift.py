# SPDX-License-Identifier: GPL-3.0-or-later
"""The rift between two legs of which one is drawn before the other.

Maps are smooth: where the near leg ends and the far one begins they run from one to the other within a centimetre or
two, and both legs get a curtain there. But a limb's surfaces close towards its outline: from its middle on the front
only falls away and the back only comes forward. So the picture is shared out between the legs where the drawn middle
lies half-way between theirs, and each closes up to there. A skirt that hangs from one leg to the other runs evenly all
the way between them, and stays whole.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d, median_filter

from ..crop_space import to_pixels
from ..smooth_step import even_step

# Metres that the legs' middles lie apart in depth, from which on there is a rift, and from which on it is whole.
APART_M = (0.06, 0.12)
AXIS_PX = 3  # pixels about a leg's middle over which its depth is read
CLOSING_M, BEYOND_M = 0.02, 0.01  # before the border, over which a leg closes, to less than nothing
CROTCH = (0.3, 0.4)  # shares of the thigh from which on, and from which on wholly, legs are two
# Of that, the share that lies within LEAP_M to either side of the border, from which on there is a rift, and from which
# on it is whole: skirts of people who stride have 0.15 to 0.26, shorts 0.35, trousers 0.4 to 1.1.
LEAP, LEAP_M = (0.28, 0.36), 0.025
GAP_M = 0.04  # of background between legs, from which on their outlines part them
LEAST = 0.02  # of a rift is none
THIN_ROWS = 8  # before the last row of a leg, in which toes are thin
EVEN_ROWS = 5.0  # over which the border between the legs is made even


@dataclass(frozen=True)
class Rift:
    """left (h, w): the share of a pixel that is the left leg's, 0..1; certain (h, w): how far that holds, 0..1, 0 where
    there is no rift."""

    left: np.ndarray
    certain: np.ndarray


def part_legs(
    front: np.ndarray, back: np.ndarray, solid: np.ndarray, joints: np.ndarray, metre: float
) -> tuple[np.ndarray, np.ndarray, Rift]:
    """Depth maps (h, w), field units, in which each leg closes towards the other one, and the rift between them.

    solid (h, w): the person, 0..1; joints (2, 4, 3): left and right, hip, knee, ankle and toes, field space; metre:
    field units of one.
    """
    size = len(front)
    front, back = front.copy(), back.copy()
    rift = Rift(np.zeros(front.shape), np.zeros(front.shape))
    columns, heights = to_pixels(joints[..., 0], joints[..., 1], size)
    if (np.diff(heights) < 1).any():  # a leg that does not run down through the picture
        return front, back, rift
    ends = heights[:, -1].clip(max=size - 1).astype(int)
    rows = np.arange(max(0, int(np.ceil(heights[:, 0].max()))), ends.max() + 1)
    if len(rows) < 2:
        return front, back, rift
    axes = np.array([np.interp(rows, *leg) for leg in zip(heights, columns, strict=True)])  # (2, rows)
    middle = (front + back) / 2
    borders, shares = np.empty(len(rows)), np.zeros(len(rows))
    for at, row in enumerate(rows):
        borders[at], shares[at] = _border(middle[row], solid[row], axes[:, at], metre)
    there = shares > 0
    if not there.any():
        return front, back, rift
    borders = np.interp(rows, rows[there], borders[there])
    borders = gaussian_filter1d(median_filter(borders, 9, mode="nearest"), EVEN_ROWS, mode="nearest")
    _go_on_alone(borders, shares, rows, ends, axes, solid)
    shares = gaussian_filter1d(shares, EVEN_ROWS, mode="nearest") * _below_crotch(rows, joints, size)
    reach = max(2.0, CLOSING_M * metre * size / 2)
    for row, border, share, (left, right) in zip(rows, borders, shares, axes.T, strict=True):
        if share < LEAST:
            continue
        sign = 1 if left > right else -1
        rift.left[row] = sign * (np.arange(size) - border) > 0
        rift.certain[row] = share
        for axis, way in ((left, -sign), (right, sign)):
            end = int(np.floor(border)) if way > 0 else int(np.floor(border)) + 1
            columns = np.arange(int(round(axis)), end + way, way)
            if len(columns) < 2 or solid[row, columns[0]] < 0.5:
                continue
            closed = np.minimum.accumulate(front[row, columns]), np.maximum.accumulate(back[row, columns])
            near = np.clip((reach - np.abs(columns - border)) / (reach - 1), 0, 1)
            thick = (closed[0] - closed[1]).clip(0)
            ends = (1 - np.sqrt(1 - near**2)) * thick / 2 + near * BEYOND_M * metre
            front[row, columns] += share * (closed[0] - ends - front[row, columns])
            back[row, columns] += share * (closed[1] + ends - back[row, columns])
    return front, back, rift


def _go_on_alone(borders, shares, rows, ends, axes, solid):
    """Below the toes of one leg have the other go on closing, to its own outline, in place. ends: last row of each."""
    lone = int(np.argmax(ends))
    after = max(0, int(ends.min() - rows[0]))
    inner = np.flatnonzero(shares[: after + 1])[-1:]
    if not len(inner) or after - inner[0] > THIN_ROWS:
        return
    way = np.sign(axes[1 - lone, after] - axes[lone, after])
    for at in range(inner[0] + 1, len(rows)):
        column = int(round(axes[lone, at]))
        while 0 < column < solid.shape[1] - 1 and solid[rows[at], column] >= 0.5:
            column += int(way)
        borders[at], shares[at] = column - way / 2, shares[inner[0]]


def _below_crotch(rows, joints, size):
    """How far (R,) rows lie below where the legs grow together, 0..1."""
    hip, knee = (to_pixels(joints[:, at, 0], joints[:, at, 1], size)[1].mean() for at in (0, 1))
    along = (rows - hip) / max(knee - hip, 1e-9)
    return even_step(along, *CROTCH)


def _border(middle, solid, axes, metre):
    """Column at which the picture goes over from one leg to the other in a row, middle and solid (w,), and how far
    there is a rift, 0..1; axes: columns of the left and the right leg's middle."""
    places = np.clip(np.round(axes).astype(int), 0, len(middle) - 1)
    begin, end = places.min(), places.max()
    if end - begin < 3 * AXIS_PX or solid[places].min() < 0.5:
        return 0.0, 0.0
    if (solid[begin:end] < 0.5).sum() > GAP_M * metre * len(middle) / 2:
        return 0.0, 0.0
    depths = [np.median(middle[max(0, at - AXIS_PX) : at + AXIS_PX + 1]) for at in places]
    apart = abs(depths[0] - depths[1]) / metre
    share = float(even_step(apart, *APART_M))
    between = np.arange(begin, end + 1)
    left = np.abs(middle[between] - depths[0]) < np.abs(middle[between] - depths[1])
    left = left if places[0] > places[1] else ~left
    # So many columns are on the wrong side of each border.
    wrong = np.concatenate([[0], np.cumsum(left)]) + np.concatenate([np.cumsum(~left[::-1])[::-1], [0]])
    at = begin + int(np.argmin(wrong))
    reach = max(2, round(LEAP_M * metre * len(middle) / 2))
    leap = abs(middle[min(at + reach, len(middle) - 1)] - middle[max(at - reach - 1, 0)]) / metre
    return at - 0.5, share * float(even_step(leap / max(apart, 1e-9), *LEAP))

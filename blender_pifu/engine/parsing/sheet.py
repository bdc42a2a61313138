# SPDX-License-Identifier: GPL-3.0-or-later
"""A limb's pixels laid flat: how far down it each lies, and at which angle round it; where what is worn ends at each
angle; and the closed, smooth curve through these ends."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d, median_filter

ANGLES, HALF = (
    72,
    36,
)  # round a limb, the first half before, from one of its outlines to the other, the rest back behind
STEP_M = 0.004  # metres along a limb
EVEN, FEWEST = (7, 3.0), 8  # steps in which a limb's width is evened out, and fewest of a limb
WINDOW_M, FILLED = 0.04, 0.25  # metres above and below an end that tell how sure it is, and the least share of them
SIDES = 0.3  # cosine of the angle from which on what is seen tells by all
UNSURE = 0.002  # how far ends behind are believed, against those that are seen
# Metres above and below an end in which colours are compared, close by and farther off; how faint differences, 0..1 a
# channel, may be; and what the one is of the other from which on, and up to which, an end is sharp.
NEAR_M, FAR_M, FAINT, SHARP = (0.0, 0.012), (0.02, 0.05), 0.05, (0.4, 0.9)
FAINTER, LESS = 0.02, 0.5  # how faint they may be, and how much less than elsewhere, to be an end all the same
OFF, DULL = 4, 0.05  # steps by which what is sharp may lie off an end, and how sure one is that is not sharp
# Rounds in which strays are doubted, how sure ends are that stray as far as others, and how much less or more far ends
# may that are less or more sure.
ROUNDS, SURELY, DOUBT = 4, 0.2, (0.3, 1)
PLAIN = 6  # times as plain is the curve that they stray from
GAP_M = (0.01, 0.03)  # metres above an end in which two legs of one garment are one


@dataclass(frozen=True)
class Sheet:
    """there: (M,) bool, which of the pixels are; of these N: `along (N,)` metres, `row (N,)` of steps, `angles (2, N)`,
    0..ANGLES, before and behind; `half (T,)` how wide the limb is, metres, at each step."""

    there: np.ndarray
    along: np.ndarray
    row: np.ndarray
    angles: np.ndarray
    half: np.ndarray

    @classmethod
    def of(cls, along: np.ndarray, aside: np.ndarray, length: float, known: np.ndarray) -> "Sheet | None":
        """Of pixels so many metres along and aside (M,), up to a length; it is as wide as those are that are known to
        be the limb's, (M,) bool, and not of a hand before it. None where there is too little."""
        there = (along > 0) & (along < length)
        along, aside, known = along[there], aside[there], known[there]
        row, steps = (along / STEP_M).astype(int), int(length / STEP_M) + 1
        edges = np.full((2, steps), np.inf)
        np.minimum.at(edges[0], row[known], aside[known])
        np.minimum.at(edges[1], row[known], -aside[known])
        told = np.flatnonzero(np.isfinite(edges[0]))
        if len(told) < FEWEST:
            return None
        steady = (np.interp(np.arange(steps), told, edge[told]) for edge in edges)
        low, high = (gaussian_filter1d(median_filter(edge, EVEN[0]), EVEN[1]) for edge in steady)
        half, middle = np.maximum((-high - low) / 2, STEP_M), (low - high) / 2
        turn = np.arcsin(((aside - middle[row]) / half[row]).clip(-1, 1)) / np.pi + 0.5
        return cls(there, along, row, np.stack([turn * HALF, ANGLES - turn * HALF]), half)

    @property
    def cells(self) -> np.ndarray:
        """(2, N) number of the angle and step that each pixel lies at, before and behind."""
        angles = np.clip(self.angles.astype(int), [[0], [HALF]], [[HALF - 1], [ANGLES - 1]])
        return angles * len(self.half) + self.row

    def off(self, curve: np.ndarray, behind: bool) -> np.ndarray:
        """(N,) metres by which pixels lie below a curve (ANGLES,), on one side."""
        return self.along - np.interp(self.angles[int(behind)], np.arange(ANGLES) + 0.5, curve, period=ANGLES)

    def lowest(self, rows: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """The lowest of a picture's rows, of pixels (N,), as far along as ends (ANGLES,) are."""
        lowest = np.zeros(len(self.half))
        np.maximum.at(lowest, self.row, rows)
        return lowest[np.minimum((ends / STEP_M).astype(int), len(lowest) - 1)]

    def ends(self, before: np.ndarray, behind: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Metres along (ANGLES,), at which what lies over ends at each angle, and how sure that is 0..1, by how far
        pixels (N,) are of it, 1, or of what lies under, -1."""
        steps = len(self.half)
        total, count = np.zeros((2, ANGLES * steps))
        for cell, score in zip(self.cells, (before, behind), strict=True):
            total += np.bincount(cell, score, ANGLES * steps)
            count += np.bincount(cell, minlength=ANGLES * steps)
        mean = (total / np.maximum(count, 1)).reshape(ANGLES, steps)
        above, filled = (_from_first(each) for each in (mean, count.reshape(ANGLES, steps) > 0))
        end = (2 * above - above[:, -1:]).argmax(1)
        window, turn = round(WINDOW_M / STEP_M), np.arange(ANGLES)
        sure = np.ones(ANGLES)
        for other in (np.maximum(end - window, 0), np.minimum(end + window, steps)):
            cells = np.abs(filled[turn, end] - filled[turn, other])
            told = (above[turn, end] - above[turn, other]) / np.maximum(cells, FILLED * window)
            sure = np.minimum(sure, told.clip(0, 1))
        sure *= (np.abs(np.sin((turn + 0.5) / HALF * np.pi)) / SIDES).clip(0, 1)
        sure[HALF:] *= UNSURE
        return end * STEP_M, sure

    def sharp(self, colors: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """(HALF,) 0..1: how far colours (N, 3) of what is seen change at ends (HALF,) themselves, metres along, and not
        all about them, as they do where the sun burns cloth out, and how far as much as they do at others."""
        steps, end, turn = len(self.half), np.round(ends / STEP_M).astype(int), np.arange(HALF)
        sums = (np.bincount(self.cells[0], each, HALF * steps) for each in (*colors.T, np.ones(len(colors))))
        sums = np.stack([_from_first(each.reshape(HALF, steps)) for each in sums])

        def change(first, last, off=0):
            """Of colours so many metres above from those below, (HALF,)."""
            means = []
            for side in (-1, 1):
                low, high = (np.clip(end + off + side * round(far / STEP_M), 0, steps) for far in (first, last))
                part = np.abs(sums[:, turn, high] - sums[:, turn, low])
                means.append(part[:3] / np.maximum(part[3], 1))
            return np.linalg.norm(means[0] - means[1], axis=0)

        near = np.max([change(*NEAR_M, off) for off in range(-OFF, OFF + 1)], 0)
        share = ((near + FAINT) / (change(*FAR_M) + FAINT) - SHARP[0]) / (SHARP[1] - SHARP[0])
        as_elsewhere = (near + FAINTER) / (LESS * np.quantile(near, 0.75) + FAINTER)
        return (DULL + (1 - DULL) * share.clip(0, 1)) * as_elsewhere.clip(0, 1) ** 2

    def curve(self, ends: np.ndarray, sure: np.ndarray, level: float, strays: float, finest: float) -> np.ndarray:
        """(ANGLES,) metres along: the closed, smooth curve through ends (ANGLES,) that are so sure, begun with at a
        level; ends that stray so many metres are doubted, and of waves so long half is left where all is sure."""
        wide = self.half[min(int(level / STEP_M), len(self.half) - 1)]
        stiff = (finest * ANGLES / (4 * np.pi**2 * wide)) ** 4 * BENDING
        curve = np.full(ANGLES, level)
        strays = strays * (sure / SURELY).clip(*DOUBT)
        for bends in (*ROUNDS * [PLAIN**4], 1):
            weight = sure / (1 + ((ends - curve) / strays) ** 2) ** 2 + 1e-9
            curve = np.linalg.solve(np.diag(weight) + bends * stiff, weight * ends)
        return curve

    def gap(self, level: float) -> bool:
        """Whether there is a gap just above so many metres along."""
        up = level - self.along
        near = (up > GAP_M[0]) & (up < GAP_M[1])
        filled = np.bincount(self.cells[0][near] // len(self.half), minlength=HALF)
        return not filled[HALF // 6 : HALF - HALF // 6].all()


def _from_first(values):
    """Sums of values (K, T) up to each step, (K, T + 1)."""
    return np.pad(values.cumsum(1), ((0, 0), (1, 0)))


def _bending():
    """(ANGLES, ANGLES): what bends a periodic curve, squared."""
    one = np.eye(ANGLES)
    second = np.roll(one, 1, 1) - 2 * one + np.roll(one, -1, 1)
    return second.T @ second


BENDING = _bending()

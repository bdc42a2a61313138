# SPDX-License-Identifier: GPL-3.0-or-later
"""When heels and toes stand on the floor: slow, and low."""

import numpy as np

from .solve import FEET, Planted
from .track import Track

SLOW = (0.4, 1.2)  # metres a second across the line of sight, and along it, where nothing is sure
LOW_M, ABOUT_S = 0.08, 0.8  # over where that heel or toe is lowest about then
LEAST_S, GAP_S = 0.12, 0.1  # for which a foot has to stand, and of moving that are overlooked
STAND_M, LEAN = 0.06, np.tan(np.radians(4))  # spread of where feet stand in height, and of how people lean on average
ON_FLOOR_M = 0.2  # from the floor, within which a foot that stands does so on it, and not on a step


def find_planted(marks: np.ndarray, rest: np.ndarray, track: Track) -> tuple[Planted, float]:
    """Which of FEET stand when and how high, and the floor's height. marks (T, 33, 3): of all frames, y up; rest
    (33, 3): of somebody who stands on the floor, y = 0."""
    feet = list(FEET)
    own = rest[feet, 1]
    points = marks[:, feet] - (0, 1, 0) * own[None, :, None]
    high = points[..., 1]
    speed = np.gradient(points, 1 / track.rate, axis=0)
    slow = (np.hypot(speed[..., 0], speed[..., 1]) < SLOW[0]) & (np.abs(speed[..., 2]) < SLOW[1])
    half = round(ABOUT_S * track.rate)
    lowest = np.stack([high[max(0, k - half) : k + half + 1].min(0) for k in range(len(high))])
    stands = slow & (high - lowest < LOW_M)
    for column in range(len(feet)):
        stands[:, column] = _of_length(stands[:, column], round(GAP_S * track.rate), round(LEAST_S * track.rate))
    floor = float(np.median(high[stands])) if stands.any() else float(np.quantile(high, 0.1))
    heights = np.full(high.shape, floor)
    for column in range(len(feet)):
        for start, end in _runs(stands[:, column]):
            mean = high[start:end, column].mean()
            heights[start:end, column] = floor if abs(mean - floor) < ON_FLOOR_M else mean
    return Planted(stands, heights + own), floor


def floor_up(marks: np.ndarray, rest: np.ndarray, planted: Planted) -> np.ndarray:
    """(3,) unit: the floor's normal, by where feet stand; upright where they stand in one place. marks (T, 33, 3): of
    poses in axes of which y is up as far as the body tells; rest: as of `find_planted`."""
    places, own = [], rest[list(FEET), 1]
    for column, mark in enumerate(FEET):
        for start, end in _runs(planted.stands[:, column]):
            places.append(marks[start:end, mark].mean(0) - (0, own[column], 0))
    slopes = np.zeros(2)
    if len(places) > 1:
        points = np.array(places) - np.mean(places, axis=0)
        matrix = points[:, [0, 2]].T @ points[:, [0, 2]] / STAND_M**2 + np.eye(2) / LEAN**2
        slopes = np.linalg.solve(matrix, points[:, [0, 2]].T @ points[:, 1] / STAND_M**2)
    up = np.array([-slopes[0], 1.0, -slopes[1]])
    return up / np.linalg.norm(up)


def _of_length(stands: np.ndarray, gap: int, least: int) -> np.ndarray:
    """(T,) bool without gaps as short as `gap` and stands shorter than `least`."""
    filled = stands.copy()
    for start, end in _runs(~stands):
        if end - start <= gap and start > 0 and end < len(stands):
            filled[start:end] = True
    for start, end in _runs(filled):
        if end - start < least:
            filled[start:end] = False
    return filled


def _runs(flags: np.ndarray) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(int), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))

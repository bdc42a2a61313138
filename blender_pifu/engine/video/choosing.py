# SPDX-License-Identifier: GPL-3.0-or-later
"""Which frames serve as photos from several sides: spread over the turn, sharp, upright, and of one pose."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from .looks import COMPARED, ELBOWS, WRISTS, Look

SIDES = 8  # directions from which frames are taken
STILL = math.radians(30)  # turn up to which the clip is one photo
FRONTAL = math.radians(18)  # of such frames the best is the first photo
ASLANT = math.radians(6)  # against the others
LEAST_FOR_LEAN = math.radians(100)  # turn from which a lean of the person is told from one of the camera
BLURRED = 0.6  # sharpness, in that of most frames from about that side
ABOUT_SIDE = math.radians(50)
OTHER_POSE = 1.0  # distance of heights from those of most frames, as `_apart`
# Differences of heights, in lengths from ankles to shoulders, that still are the same pose; arms hang otherwise always.
LOOSE, FIRM = 0.3, 0.09
SAME_MATTERS, SIDE_MATTERS = 0.4, 0.5  # of pose and of the side wanted, against sharpness


class Why(StrEnum):
    """Why a frame was left out."""

    NOBODY = "nobody"
    PART = "part"
    ASLANT = "aslant"
    BLURRED = "blurred"
    POSE = "pose"


@dataclass(frozen=True)
class Chosen:
    """looks: the most frontal one first, then by their sides round the person; turn: between the outermost yaws that
    were seen, radians; left_out: how many frames for which reason."""

    looks: tuple[Look, ...]
    turn: float
    left_out: dict[Why, int]


def choose_frames(looks: Sequence[Look | None], most: int, beside: bool) -> Chosen:
    """Choose at most so many frames. beside: all of them are further ones beside a photo that is given, so that the
    most frontal one is not needed first and a clip of one side still shows that. Of nobody, nothing is chosen."""
    left_out: Counter[Why] = Counter()
    seen = [look for look in looks if look is not None]
    left_out[Why.NOBODY] = len(looks) - len(seen)
    if not seen:
        return Chosen((), 0.0, dict(left_out))
    yaws = _smoothed(np.array([look.yaw for look in seen]))
    kept, reasons = _usable(seen, yaws)
    left_out.update(reasons)
    turn = _spread(yaws[kept])
    pose = np.median([seen[k].heights for k in kept], axis=0)
    score = {k: _score(seen[k], _reference(seen, yaws, kept, k), pose) for k in kept}
    first = _most_frontal(kept, yaws, score)
    if turn < STILL and not beside:
        return Chosen((seen[first],), turn, +left_out)
    picked = [first]
    if not beside or abs(yaws[first]) < FRONTAL:
        start = yaws[first]
    else:
        picked, start = [], 0.0
    for step in range(SIDES):
        target = start + step * 2 * math.pi / SIDES
        off = {k: abs(_turned(yaws[k] - target)) for k in kept if k not in picked}
        near = [k for k in off if off[k] <= math.pi / SIDES]
        if near and (step or not picked):
            picked.append(max(near, key=lambda k: score[k] - SIDE_MATTERS * off[k] / (math.pi / SIDES)))
    return Chosen(tuple(seen[k] for k in _most_spread(picked, yaws, most)), turn, +left_out)


def _usable(seen: list[Look], yaws: np.ndarray) -> tuple[list[int], Counter[Why]]:
    """Indices of the frames that can be used, at least one, and why the others cannot."""
    reasons: Counter[Why] = Counter()
    kept = list(range(len(seen)))
    rolls = np.array([look.roll for look in seen])
    tilts = np.abs(_turned(rolls - _leaning(rolls, yaws)))

    def without(why: Why, bad) -> None:
        nonlocal kept
        good = [k for k in kept if not bad(k)]
        if good:
            reasons[why] += len(kept) - len(good)
            kept = good

    without(Why.PART, lambda k: not seen[k].whole)
    without(Why.ASLANT, lambda k: tilts[k] > ASLANT)
    sharp = {k: _reference(seen, yaws, kept, k) for k in kept}
    without(Why.BLURRED, lambda k: seen[k].sharpness < BLURRED * sharp[k])
    pose = np.median([seen[k].heights for k in kept], axis=0)
    without(Why.POSE, lambda k: _apart(seen[k], pose) > OTHER_POSE)
    return kept, reasons


def _leaning(rolls: np.ndarray, yaws: np.ndarray) -> np.ndarray:
    """(n,) the rolls of an upright camera: somebody who leans is seen to lean to one side, then, from behind, to the
    other; found robustly, by least squares whose weights fall with the distance."""
    upright = np.median(rolls)
    if _spread(yaws) < LEAST_FOR_LEAN:
        return np.full(len(rolls), upright)
    columns = np.stack([np.ones(len(yaws)), np.cos(yaws), np.sin(yaws)], 1)
    found = np.full(len(rolls), upright)
    for _ in range(8):
        weight = 1 / (1 + (_turned(rolls - found) / (0.5 * ASLANT)) ** 2)
        weighted = columns * weight[:, None]
        held = np.diag([0.0, 1e-2, 1e-2]) * len(yaws)  # a lean is not made up where few frames tell
        found = upright + columns @ np.linalg.solve(
            weighted.T @ columns + held + 1e-9 * np.eye(3), weighted.T @ _turned(rolls - upright)
        )
    return found


def _reference(seen, yaws, kept, index) -> float:
    """The sharpness of most frames from about the side of one: how much there is to see depends on the side."""
    near = [k for k in kept if abs(_turned(yaws[k] - yaws[index])) < ABOUT_SIDE]
    return float(np.quantile([seen[k].sharpness for k in near], 0.75))


def _score(look: Look, reference: float, pose: np.ndarray) -> float:
    return min(1.2, look.sharpness / max(reference, 1e-6)) - SAME_MATTERS * _apart(look, pose)


def _apart(look: Look, pose: np.ndarray) -> float:
    """How otherwise somebody stands, by the heights of joints: 1 at the bounds."""
    bounds = np.array([LOOSE if joint in (*ELBOWS, *WRISTS) else FIRM for joint in COMPARED])
    return float(np.max(np.abs(look.heights - pose) / bounds))


def _most_frontal(kept: list[int], yaws: np.ndarray, score: dict[int, float]) -> int:
    frontal = [k for k in kept if abs(yaws[k]) < FRONTAL]
    if frontal:
        return max(frontal, key=lambda k: score[k] - 0.5 * SIDE_MATTERS * abs(yaws[k]) / FRONTAL)
    return min(kept, key=lambda k: abs(yaws[k]))


def _most_spread(picked: list[int], yaws: np.ndarray, most: int) -> list[int]:
    """At most so many of them, the first one kept: the one that lies nearest to its neighbours goes first."""
    picked = list(picked)

    def room(index: int) -> float:
        return sum(sorted(abs(_turned(yaws[index] - yaws[other])) for other in picked if other != index)[:2])

    while len(picked) > most:
        picked.remove(min(picked[1:], key=room))
    return picked


def _smoothed(yaws: np.ndarray) -> np.ndarray:
    """Yaws in their order, each with its neighbours': somebody turns steadily, and single frames are misread."""
    turns = np.exp(1j * yaws)
    padded = np.concatenate([turns[:1], turns, turns[-1:]])
    return np.angle(padded[:-2] + 2 * padded[1:-1] + padded[2:])


def _spread(yaws: np.ndarray) -> float:
    """Radians of the least arc that has all of them."""
    order = np.sort(yaws % (2 * np.pi))
    gaps = np.diff(np.append(order, order[0] + 2 * np.pi))
    return float(2 * np.pi - gaps.max())


def _turned(angle):
    """Radians, or (n,), between -pi and pi."""
    return (angle + math.pi) % (2 * math.pi) - math.pi

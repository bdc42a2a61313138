# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring several photos of one person into the light of the first, by what they show of the same places.

As for a photo of the back (`back_photo.relight`): how bright a light makes a surface depends on where that looks, the
logarithm of each photo's light is a straight line in the parts of the normal. All lines are fitted together to the
ratios of colours where two photos show one place. Of the first photo's light what comes from ahead counts behind as
well, as if it stood in a mirror: nobody wants the back in the dark.
"""

from dataclasses import dataclass

import numpy as np

from ..back_photo.relight import ALIKE, EVEN, MOST_GAIN, MOST_TINT, ROUNDS, USUAL
from ..color.light import robust_fit
from ..srgb import DARKEST, to_linear

LEAST_TRUST = 0.12
FEW = 60  # places in common with others, below which a photo is given the first one's mean colour


@dataclass(frozen=True)
class Look:
    """What a photo shows of some places: rgb (n, 3) 0..1 sRGB, trust (n,) 0..1, normals (n, 3) as its camera sees
    them."""

    rgb: np.ndarray
    trust: np.ndarray
    normals: np.ndarray


@dataclass(frozen=True)
class Gain:
    """How the linear colours of a photo are brought to the first one's light."""

    constant: np.ndarray  # (3,) by channel, logarithm
    own: np.ndarray  # (3,) line of the photo's light, by normals as its camera sees them
    first: np.ndarray  # (3,) line of the first photo's, by its normals

    def __call__(self, own_normals: np.ndarray, first_normals: np.ndarray) -> np.ndarray:
        """(..., 3) factors of linear colours, for normals (..., 3) in both spaces."""
        line = mirrored(first_normals) @ self.first - own_normals @ self.own
        grey = (self.constant.mean() + line).clip(-np.log(MOST_GAIN), np.log(MOST_GAIN))
        tint = (self.constant - self.constant.mean()).clip(-np.log(MOST_TINT), np.log(MOST_TINT))
        return np.exp(grey[..., None] + tint).astype(np.float32)


def match_lights(looks: list[Look], first_normals: np.ndarray) -> list[Gain]:
    """The gain of each photo after the first, from what all show of the same n places; first_normals (n, 3): in the
    first photo's space."""
    count = len(looks) - 1
    logs = [np.log(to_linear(look.rgb) + DARKEST) for look in looks]
    ahead = mirrored(first_normals)
    rows, ratios, weights, pairs = [], [], [], []
    for one in range(count + 1):
        for other in range(one + 1, count + 1):
            both = np.flatnonzero((looks[one].trust > LEAST_TRUST) & (looks[other].trust > LEAST_TRUST))
            row = np.zeros((len(both), 3 + 4 * count))
            _add(row, one, looks[one].normals[both], ahead[both], -1)
            _add(row, other, looks[other].normals[both], ahead[both], 1)
            rows.append(row)
            ratios.append(logs[one][both] - logs[other][both])
            weights.append((looks[one].trust * looks[other].trust)[both])
            pairs.append(np.tile((one, other), (len(both), 1)))
    row, ratio, weight, pair = (np.concatenate(parts) for parts in (rows, ratios, weights, pairs))
    grey = ratio.mean(1)
    factors = _solve(row, grey, weight, count) if len(grey) else np.zeros(3 + 4 * count)
    constants = np.zeros((3, count))
    hue = ratio - grey[:, None]
    plain = np.stack([row[:, 3 + 4 * k] for k in range(count)], 1)
    for channel in range(3):
        constants[channel] = (
            robust_fit(plain, hue[:, channel], 1e-3 * np.eye(count), USUAL, ROUNDS, weight) if len(grey) else 0
        )
    gains = []
    for k in range(count):
        part = factors[3 + 4 * k : 7 + 4 * k]
        gains.append(Gain(part[0] + constants[:, k], part[1:], factors[:3]))
        if (pair == k + 1).any(1).sum() < FEW:
            gains[k] = Gain(_mean(logs[0], looks[0]) - _mean(logs[k + 1], looks[k + 1]), np.zeros(3), np.zeros(3))
    return gains


def _mean(logs, look):
    """(3,) of the colours that a photo shows."""
    return np.average(logs, axis=0, weights=look.trust + 1e-9)


def mirrored(normals: np.ndarray) -> np.ndarray:
    """Normals (..., 3) as the first photo's light counts for them: behind as ahead."""
    return np.concatenate([normals[..., :2], np.abs(normals[..., 2:])], -1)


def _add(row, photo, normals, ahead, sign):
    """Add to equations (n, 3 + 4 K) what a photo's colours, corrected, are."""
    if photo == 0:
        return
    row[:, :3] += sign * ahead
    row[:, 3 + 4 * (photo - 1)] += sign
    row[:, 4 + 4 * (photo - 1) : 7 + 4 * (photo - 1)] -= sign * normals


def _solve(row, values, weight, count):
    ridge = np.zeros((row.shape[1],) * 2)
    first = np.eye(row.shape[1])[:3]
    for k in range(count):
        own = np.eye(row.shape[1])[4 + 4 * k : 7 + 4 * k]
        ridge += ALIKE * (own - first).T @ (own - first) + EVEN * own.T @ own
    return robust_fit(row, values, len(values) * ridge + 1e-6 * np.eye(row.shape[1]), USUAL, ROUNDS, weight)

# SPDX-License-Identifier: GPL-3.0-or-later
"""A face that no photo shows, of somebody seen from behind: in the tone of what skin is seen, with lips and brows."""

import numpy as np

from ..smooth_step import smooth_step
from ..srgb import lab_of
from .hand_tones import LEAST, SURE
from .likeness import skin_hued

NEAREST = 1 / 3  # share of the skin that is seen that tells of its tone: a neck rather than hands, tanned or in gloves
GREY = 0.5  # times as colourful as all the skin that is seen, up to which the nearest is a collar that was taken for it
LIKE_HAIR = 14.0  # Lab difference from hair that is seen, up to which it is that, if unlike other skin
MEAN = np.array([0.69, 0.53, 0.44])  # sRGB, of the skin of somebody who shows none
# Outlines of lips and of a brow on the mean body in rest, as marks of `data/head.safetensors` have them, metres: how
# far to the side, and the lower and the upper height there; over how much they begin; from where on to the front.
LIPS_X = (-0.0067, 0.0067, 0.0137, 0.0183, 0.0232)
LIPS_Y = (0.5982, 0.5982, 0.6002, 0.6035, 0.6086), (0.6190, 0.6190, 0.6170, 0.6140, 0.6086)
BROW_X = (0.0120, 0.0150, 0.0280, 0.0400, 0.0480, 0.0560)
BROW_Y = (0.6890, 0.6886, 0.6914, 0.6926, 0.6915, 0.6895), (0.6925, 0.6945, 0.6961, 0.6976, 0.6960, 0.6905)
LIPS_SOFT_M, BROW_SOFT_M, FRONT_M = 0.0015, 0.002, 0.1
LIPS = np.array([0.88, 0.70, 0.70])  # sRGB, times the skin's tone
BROW = 0.55  # how far a brow hides the skin


def skin_tone(
    colors: np.ndarray, trust: np.ndarray, skin: np.ndarray, hair: np.ndarray, vertices: np.ndarray, face: np.ndarray
) -> np.ndarray:
    """(3,) sRGB 0..1, the middle tone of the skin that a photo shows in colours (V, 3), with trust (V,), at vertices
    (V, 3) that are skin, or hair, by (V,) 0..1: of that nearest to the `face` (V,) bool, or where that is grey, or
    like the hair's, of all the other. MEAN where it shows none."""
    telling, grown = (np.flatnonzero((trust > SURE) & (of > SURE)) for of in (skin, hair))
    telling = telling[skin_hued(colors[telling])]
    if len(telling) < LEAST or not face.any():
        return MEAN
    apart = np.linalg.norm(vertices[telling] - vertices[face].mean(0), axis=1)
    order, count = apart.argsort(kind="stable"), max(LEAST, round(NEAREST * len(telling)))
    near, other = (colors[telling[those]] for those in (order[:count], order[count:]))
    tone = np.median(near, 0)
    if len(other) < LEAST:
        return tone
    rest = np.median(other, 0)
    grey = _chroma(tone) < GREY * _chroma(rest)
    from_hair = _apart(tone, np.median(colors[grown], 0)) if len(grown) >= LEAST else np.inf
    return rest if grey or from_hair < min(LIKE_HAIR, _apart(tone, rest)) else tone


def draw_features(colors: np.ndarray, rest: np.ndarray, share: np.ndarray, hair: np.ndarray) -> None:
    """Draw lips, and brows of the colour `hair` (3,), into colours (N, 3), both 0..255 sRGB, of places whose skin rests
    at (N, 3) metres of the mean body, as far as they are of an unseen face, share (N, 1) 0..1."""
    where = np.flatnonzero((share[:, 0] > 0) & (rest[:, 2] > FRONT_M))
    aside, high = np.abs(rest[where, 0]), rest[where, 1]
    lips, brow = _within(aside, high, LIPS_X, LIPS_Y, LIPS_SOFT_M), _within(aside, high, BROW_X, BROW_Y, BROW_SOFT_M)
    made = colors[where]
    made += (share[where, 0] * lips)[:, None] * (LIPS - 1) * made
    made += (share[where, 0] * BROW * brow)[:, None] * (np.minimum(hair, made) - made)
    colors[where] = made


def _chroma(color):
    """How colourful a colour (3,) sRGB 0..1 is, in Lab."""
    return float(np.linalg.norm(lab_of(color)[1:]))


def _apart(one, other):
    return float(np.linalg.norm(lab_of(one) - lab_of(other)))


def _within(aside, high, x, heights, soft):
    """(N,) 0..1: how far places so far aside (N,) and so high (N,) are within an outline, see LIPS_X and LIPS_Y."""
    low, top = (np.interp(aside, x, ends) for ends in heights)
    inside = np.min([high - low, top - high, aside - x[0], x[-1] - aside], axis=0)
    return smooth_step(inside, -soft / 2, soft / 2)

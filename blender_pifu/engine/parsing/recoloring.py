# SPDX-License-Identifier: GPL-3.0-or-later
"""Labels told anew by the colours of their photo: each label has the colours that it mostly has in that photo, and a
pixel is of the label whose colours it has (the colour models of GrabCut, Rother et al. 2004).

A network that must know all clothes knows these by their place; which sleeve ends where, their colours tell.
"""

import numpy as np
from scipy.ndimage import gaussian_filter

from ..labels import LABELS
from ..srgb import LUMA, lab_of

STEP, BLUR = np.array([8.0, 6.0, 6.0]), 0.8  # of Lab in a histogram, and over how many of these it is evened out
ROUNDS, POWER, RARE = 2, 1.5, 0.02  # of the colours, against what was read; and of the mean, that every colour has
FACE, SKIN = (LABELS[name] - 1 for name in ("face_skin", "other_skin"))
FACES_OWN = 0.5  # of a face's colours: lips, brows, glasses; the rest are those of all skin
# What goes round a limb: not hair, faces and things.
GOES_ON = [LABELS[name] - 1 for name in ("other_skin", "upper_garment", "lower_garment", "outer_garment", "shoes")]
BURNT = (0.85, 0.97)  # luma, 0..1, from which on a colour tells less, and nothing: what the sun burns out is all alike
MOST = 100.0  # times as likely, or as unlikely, as was read


def recolored(
    front: np.ndarray, back: np.ndarray, photo: np.ndarray, limb: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Shares (N, L) of the labels but the background, of what N pixels show and of what is behind them, with what their
    colours, photo (N, 3) sRGB 0..1, tell; limb (N,) bool: what is so narrow that both its sides are of one colour."""
    if not len(photo):
        return front, back
    bins, told = _bins(photo), front
    power = POWER * np.interp(photo @ LUMA, BURNT, (1, 0))[:, None]
    for _ in range(ROUNDS):
        told = front * _likely(told, *bins) ** power
        told /= told.sum(1, keepdims=True)
    change = (told / np.maximum(front, 1 / MOST)).clip(1 / MOST, MOST)
    behind = back.copy()
    round_limbs = np.ix_(limb, np.array(GOES_ON))
    behind[round_limbs] *= change[round_limbs]
    return told, behind / behind.sum(1, keepdims=True)


def _bins(photo):
    """Of each pixel the number of its colour's bin, (N,), and how many there are along each axis."""
    lab = lab_of(photo)
    place = ((lab - lab.min(0)) / STEP).astype(int)
    shape = place.max(0) + 1
    return np.ravel_multi_index(place.T, shape), shape


def _likely(shares, bins, shape):
    """How likely a pixel's colour is in each label, (N, L), sum 1."""
    counts = np.stack([np.bincount(bins, share, int(np.prod(shape))) for share in shares.T])
    skin = counts[FACE] + counts[SKIN]
    counts /= np.maximum(counts.sum(1, keepdims=True), 1)
    counts[SKIN] = skin / max(skin.sum(), 1)
    counts[FACE] = FACES_OWN * counts[FACE] + (1 - FACES_OWN) * counts[SKIN]
    even = np.stack([gaussian_filter(count.reshape(shape), BLUR).ravel() for count in counts])
    found = even[:, bins].T
    found = found + RARE * found.mean(0) + 1e-9
    return found / found.sum(1, keepdims=True)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands that were put on a surface are of one colour: where a finger lies a little beside the one in the photo, what
that shows there, trousers or the street, is none of its. And where the photo's finger falls on what is beside the hand,
its colour is none of that's."""

from dataclasses import dataclass

import numpy as np

from ..smooth_step import even_step
from .likeness import skin_hued, unlike

SURE, LEAST = 0.5, 12  # trust in the photo by which a vertex tells of its hand's colour, and how many must
OTHER = (10.0, 20.0)  # Lab difference from that from which on a colour is less and less, and then not, the hand's
OTHER_BESIDE = (12.0, 25.0)  # the same of what is beside a hand: fingers in another light are none of it


@dataclass(frozen=True)
class HandSkin:
    """on_hand (V,) -1..1: how far a mesh's vertices are of a hand of known colour, or, negative, lie beside it;
    tones (V, 3) sRGB 0..1: that one."""

    on_hand: np.ndarray
    tones: np.ndarray

    def believed(self, colors: np.ndarray) -> np.ndarray:
        """(V,) 0..1: what is left of trust in colours (V, 3) that the photo shows at the vertices."""
        return believed(colors, self.on_hand, self.tones)


def find_hand_skin(
    number: np.ndarray, colors: np.ndarray, trust: np.ndarray, skin: np.ndarray | None = None
) -> HandSkin:
    """The HandSkin of a mesh whose vertices are of hand `number` (V,), 0: of none, negative: beside it, where the photo
    shows colours (V, 3) sRGB 0..1 with trust (V,); skin (V,) 0..1: how likely the photo shows skin there, if known. A
    hand of which it shows none, in a sleeve that is longer, is of the colour of what skin it shows elsewhere."""
    on_hand, tones = np.zeros(len(number)), np.zeros((len(number), 3))
    telling = trust > SURE if skin is None else (trust > SURE) & (skin > SURE)
    elsewhere = telling & (number == 0) & skin_hued(colors)
    for hand in np.unique(number[number > 0]):
        own = telling & (number == hand)
        if own.sum() < LEAST and skin is not None:
            own = elsewhere
        if own.sum() >= LEAST:
            on_hand[number == hand], on_hand[number == -hand] = 1, -1
            tones[np.abs(number) == hand] = np.median(colors[own], 0)
    return HandSkin(on_hand, tones)


def believed(colors: np.ndarray, on_hand: np.ndarray, tones: np.ndarray) -> np.ndarray:
    """(N,) 0..1: how far colours (N, 3) may be those of hands of tones (N, 3), sRGB 0..1, at places that are theirs by
    on_hand (N,) 0..1, or those of what is beside them, by its negative."""
    result = np.ones(len(colors))
    there = np.flatnonzero(on_hand)
    if len(there):
        share, apart = on_hand[there], unlike(colors[there], tones[there])
        of_other = np.where(share > 0, even_step(apart, *OTHER), 1 - even_step(apart, *OTHER_BESIDE))
        result[there] -= np.abs(share) * of_other
    return result

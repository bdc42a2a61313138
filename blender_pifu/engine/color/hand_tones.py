# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands that were put on a surface are of one colour: where a finger lies a little beside the one in the photo, what
that shows there, trousers or the street, is none of its. And where the photo's finger falls on what is beside the hand,
its colour is none of that's."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..smooth_step import even_step
from .likeness import skin_hued, unlike

SURE, LEAST = 0.5, 12  # trust in the photo by which a vertex tells of its hand's colour, and how many must
OTHER = (10.0, 20.0)  # Lab difference from that from which on a colour is less and less, and then not, the hand's
OTHER_BESIDE = (12.0, 25.0)  # the same of what is beside a hand: fingers in another light are none of it

Around = Callable[[np.ndarray], list[np.ndarray]]


@dataclass(frozen=True)
class HandTones:
    """on_hand (V,) -1..1: how far a mesh's vertices are of a hand of known colour, or, negative, lie beside it;
    tones (V, 3) sRGB 0..1: that one; unseen (V,) bool: which are of a hand that the photo does not show."""

    on_hand: np.ndarray
    tones: np.ndarray
    unseen: np.ndarray

    def believed(self, colors: np.ndarray, around: Around | None = None) -> np.ndarray:
        """(V,) 0..1: what is left of trust in colours (V, 3) that the photo shows at the vertices; around: as
        `believed` takes it."""
        return believed(colors, self.on_hand, self.tones, around)


def find_hand_tones(
    number: np.ndarray, colors: np.ndarray, trust: np.ndarray, skin: np.ndarray | None = None
) -> HandTones:
    """The HandTones of a mesh whose vertices are of hand `number` (V,), 0: of none, negative: beside it, where the
    photo shows colours (V, 3) sRGB 0..1 with trust (V,); skin (V,) 0..1: how likely the photo shows skin there, if
    known. A hand of which it shows none, in a sleeve that is longer, is of the colour of what skin it shows elsewhere,
    be it the other hand's."""
    on_hand, tones, unseen = np.zeros(len(number)), np.zeros((len(number), 3)), np.zeros(len(number), bool)
    telling = trust > SURE if skin is None else (trust > SURE) & (skin > SURE)
    elsewhere = telling & (number >= 0) & skin_hued(colors)
    for hand in np.unique(number[number > 0]):
        own = telling & (number == hand)
        if own.sum() < LEAST and skin is not None:
            own, unseen[number == hand] = elsewhere, True
        if own.sum() >= LEAST:
            on_hand[number == hand], on_hand[number == -hand] = 1, -1
            tones[np.abs(number) == hand] = np.median(colors[own], 0)
    return HandTones(on_hand, tones, unseen & (on_hand > 0))


def believed(colors: np.ndarray, on_hand: np.ndarray, tones: np.ndarray, around: Around | None = None) -> np.ndarray:
    """(N,) 0..1: how far colours (N, 3) may be those of hands of tones (N, 3), sRGB 0..1, at places that are theirs by
    on_hand (N,) 0..1, or those of what is beside them, by its negative. around: rows (M,) of places -> what lies close
    by on either side, of each (M, 3): beside a hand a pixel may be half of it, so what is not believed there is not
    believed here."""
    result = np.ones(len(colors))
    for mine, of_other in ((on_hand > 0, _unlike_hand), (on_hand < 0, _like_hand)):
        there = np.flatnonzero(mine)
        if len(there):
            shown = [colors[there]]
            if around is not None and of_other is _like_hand:
                shown += around(there)
            off = np.max([of_other(each, tones[there]) for each in shown], 0)
            result[there] -= np.abs(on_hand[there]) * off
    return result


def _unlike_hand(colors, tones):
    return even_step(unlike(colors, tones), *OTHER)


def _like_hand(colors, tones):
    return 1 - even_step(unlike(colors, tones), *OTHER_BESIDE)

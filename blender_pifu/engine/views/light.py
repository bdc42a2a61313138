# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring several photos of one person into the light of the first.

Each photo's light is found from what it shows by itself (`color.light`) and taken from its colours. What is left of two
photos is exposure and white balance: by how much the colours differ at the same heights of trunk, arms and legs, of
which every photo shows something, from whichever side. So each photo is compared with every other at once. Places that
two photos both show lie along their outlines, where light is told worst: brought by these from photo to photo round a
person, what is wrong adds up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np
from scipy.spatial import cKDTree

from ..back_photo.relight import MOST_TINT
from ..color.light import Light, find_light, robust_fit
from ..crop_space import pixels_at
from ..surface.normals import unit
from .clothes import Clothes
from .one_photo import OnePhoto
from .shared_body import visible

REACH_M = 0.05  # along the body, over which colours are averaged, so that stripes and checks count as their mean
LEAST, FEW = 3.0, 20  # places round a place, and places in common, below which nothing is told
DARKEST = 0.01  # linear: what is much darker is black, whatever its exposure
BRIGHT = 0.2  # linear: up to this what is brighter tells more
USUAL, ROUNDS = 0.15, 20  # of the logarithm: places further off are other cloth and count less
MOST_GAIN = 4.0
LIGHT_PX = 128  # of the maps of normals
THICK_M = 0.03


@dataclass(frozen=True)
class Gain:
    """How the linear colours of a photo are brought to the first one's exposure, without their light. constant (3,):
    logarithm, by channel; light: the photo's own, None where it is not known."""

    constant: np.ndarray
    light: Light | None = None

    def __call__(self, own_normals: np.ndarray) -> np.ndarray:
        """(..., 3) float32 factors of linear colours of surfaces with unit normals (..., 3) as the photo's camera sees
        them."""
        grey = self.constant.mean().clip(-np.log(MOST_GAIN), np.log(MOST_GAIN))
        tint = (self.constant - self.constant.mean()).clip(-np.log(MOST_TINT), np.log(MOST_TINT))
        even = np.ones(own_normals.shape, np.float32)
        return np.exp(grey + tint).astype(np.float32) / (self.light.shading(own_normals) if self.light else even)


def mirrored(normals: np.ndarray) -> np.ndarray:
    """Normals (..., 3) as the first photo's light counts for them, behind as ahead, as if it stood in a mirror there:
    nobody wants the back in the dark."""
    return np.concatenate([normals[..., :2], np.abs(normals[..., 2:])], -1)


def light_of(photo: OnePhoto) -> Light | None:
    """The light of a photo, told by its own surface; None where too little is seen."""
    places = photo.seen(photo.vertices)
    shown = visible(places, photo.normals, THICK_M * photo.metre)
    normals = unit(spread_map(places[shown], photo.normals[shown]))
    return find_light(np.dstack(photo.cut(LIGHT_PX)).astype(np.float32), normals)


def spread_map(places: np.ndarray, values: np.ndarray) -> np.ndarray:
    """(LIGHT_PX, LIGHT_PX, C) of values (N, C) at places (N, 2+), field space, of a photo; they go on beyond these."""
    column, row = pixels_at(places[:, 0], places[:, 1], LIGHT_PX)
    total = np.zeros((LIGHT_PX, LIGHT_PX, values.shape[1] + 1), np.float32)
    np.add.at(total, (row, column), np.column_stack([values, np.ones(len(row))]))
    for blur in (1.0, 2.0, 4.0, 8.0, 16.0, 32.0):
        wider = np.dstack([cv2.GaussianBlur(channel, (0, 0), blur) for channel in np.moveaxis(total, -1, 0)])
        total = np.where(total[..., -1:] > 1e-3, total, wider)
    return total[..., :-1] / np.maximum(total[..., -1:], 1e-6)


def match_exposures(worn: Sequence[Clothes]) -> np.ndarray:
    """(K, 3) logarithm, by channel, of what brings the colours of each of K photos after the first to the first one's
    exposure; worn: what all show of clothes, without their light."""
    count = len(worn) - 1
    rows, ratios = [], []
    for one, other in combinations(range(count + 1), 2):
        there, back = _between(worn[one], worn[other]), _between(worn[other], worn[one])
        if there is not None and back is not None:
            signs = np.zeros(count + 1)
            signs[[one, other]] = -1, 1
            rows.append(signs[1:])
            ratios.append((there - back) / 2)
    linked = np.abs(np.array(rows).reshape(-1, count)).sum(0) > 0
    row, ratio = np.array(rows).reshape(-1, count), np.array(ratios).reshape(-1, 3)
    found = np.zeros((count, 3))
    for channel in range(3):
        if len(row):
            found[:, channel] = robust_fit(row, ratio[:, channel], 1e-4 * np.eye(count), USUAL, ROUNDS)
    for k in np.flatnonzero(~linked):
        if len(worn[0].colors) and len(worn[k + 1].colors):
            found[k] = _mean(worn[0]) - _mean(worn[k + 1])
    return found


def _between(one: Clothes, other: Clothes) -> np.ndarray | None:
    """(3,) by how much the logarithm of one's colours is above the other's, at the places of the one; None where they
    have too few in common."""
    here, there = (_averaged(each, one.places) for each in (one, other))
    common = (here[1] > LEAST) & (there[1] > LEAST)
    if common.sum() < FEW:
        return None
    ratio = np.log(here[0][common] + DARKEST) - np.log(there[0][common] + DARKEST)
    bright = here[0][common].mean(1).clip(0, BRIGHT)
    gain = np.median(ratio, axis=0)
    for _ in range(ROUNDS):
        off = np.sqrt(np.square(ratio - gain).mean(1))
        share = bright / np.maximum(off, USUAL) ** 2
        gain = share @ ratio / max(share.sum(), 1e-12)
    return gain


def _averaged(clothes: Clothes, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean colours (N, 3) of clothes about places (N, 2), and of how many of theirs these are, (N,)."""
    if not len(clothes.places):
        return np.zeros((len(places), 3)), np.zeros(len(places))
    apart = cKDTree(clothes.places).sparse_distance_matrix(cKDTree(places), 3 * REACH_M, output_type="coo_matrix")
    share = np.exp(-0.5 * (apart.data / REACH_M) ** 2)
    count = np.bincount(apart.col, share, len(places))
    sums = [np.bincount(apart.col, share * channel[apart.row], len(places)) for channel in clothes.colors.T]
    return np.stack(sums, 1) / np.maximum(count, 1e-6)[:, None], count


def _mean(clothes: Clothes) -> np.ndarray:
    return np.log(clothes.colors + DARKEST).mean(0)

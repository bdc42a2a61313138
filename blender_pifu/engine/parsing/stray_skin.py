# SPDX-License-Identifier: GPL-3.0-or-later
"""Bare skin is of a head or a limb: what within a garment on a trunk is taken for skin, as the diamonds of a knit are
that have its tone, is that garment's."""

import cv2
import numpy as np

from ..crop_space import to_pixels
from ..labels import LABELS
from ..reading.landmarks import Landmark as L
from ..reading.landmarks import head_place, metre_of

SKIN = [LABELS[name] - 1 for name in ("face_skin", "other_skin")]  # columns of shares
THING = LABELS["thing"] - 1
GARMENTS = [LABELS[name] - 1 for name in ("upper_garment", "lower_garment", "outer_garment")]
LIMBS = (
    (L.LEFT_SHOULDER, L.LEFT_ELBOW, L.LEFT_WRIST, L.LEFT_INDEX),
    (L.RIGHT_SHOULDER, L.RIGHT_ELBOW, L.RIGHT_WRIST, L.RIGHT_INDEX),
    (L.LEFT_WRIST, L.LEFT_PINKY),
    (L.RIGHT_WRIST, L.RIGHT_PINKY),
    (L.LEFT_HIP, L.LEFT_KNEE, L.LEFT_ANKLE),
    (L.RIGHT_HIP, L.RIGHT_KNEE, L.RIGHT_ANKLE),
)
FLESH_M = 0.05  # from a limb's bones that it goes
FINGERS = 1.8  # times the way to the knuckles that fingers reach
HEAD = 1.9  # distances from the eyes to the mouth, round the ears: its piece has what a neckline shows
LARGEST_M2 = 0.015  # square metres of such a piece, at most
ON_FLESH = 0.3  # share of a piece on a limb or a head from which on it is skin
BARE = 0.3  # share of a piece of skin and things that must be skin
AROUND, ONE_GARMENT = 0.01, 0.85  # field units round a piece, and share of them that must be one garment


def without_stray_skin(shares: np.ndarray, inside: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Shares (N, L) of the labels that are worn, of the pixels inside (n, n) bool, of one side; landmarks: (33, 4) as
    `landmarks_in`. The same shares where there is none."""
    size, most = len(inside), np.full(inside.shape, -1)
    most[inside] = shares.argmax(1)
    _, number, about, _ = cv2.connectedComponentsWithStats(np.isin(most, [*SKIN, THING]).astype(np.uint8))
    largest = LARGEST_M2 * (metre_of(landmarks) * size / 2) ** 2
    area = about[:, cv2.CC_STAT_AREA]
    on_flesh = np.bincount(number[_flesh(landmarks, size)], minlength=len(about))
    doubted = np.flatnonzero((area < largest) & (on_flesh < ON_FLESH * area))
    reach = max(2, round(AROUND / 2 * size))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2)
    changed = shares
    for piece in doubted[doubted > 0]:
        column, row, wide, high = about[piece, :4]
        near = np.s_[max(row - reach, 0) : row + high + reach, max(column - reach, 0) : column + wide + reach]
        mine = number[near] == piece
        around = most[near][(cv2.dilate(mine.astype(np.uint8), kernel) > 0) & ~mine]
        counts = np.array([(around == one).sum() for one in GARMENTS])
        if counts.max() <= ONE_GARMENT * len(around) or np.isin(most[near][mine], SKIN).mean() < BARE:
            continue
        where = np.zeros_like(inside)
        where[near] = mine
        where = where[inside]
        changed = changed.copy() if changed is shares else changed
        changed[where, GARMENTS[int(counts.argmax())]] += changed[where][:, [*SKIN, THING]].sum(1)
        for name in (*SKIN, THING):
            changed[where, name] = 0
    return changed


def _flesh(landmarks, size):
    """(size, size) bool: where limbs, the head and the neck are."""
    metre = metre_of(landmarks) * size / 2
    points = np.stack(to_pixels(landmarks[:, 0], landmarks[:, 1], size), -1)
    there = np.zeros((size, size), np.uint8)
    for limb in LIMBS:
        ends = points[list(limb)].copy()
        if limb[-1] not in (L.LEFT_ANKLE, L.RIGHT_ANKLE):
            ends[-1] = ends[-2] + FINGERS * (ends[-1] - ends[-2])
        cv2.polylines(
            there, [np.round(ends).astype(np.int32)[:, None]], False, (1,), max(1, round(2 * FLESH_M * metre))
        )
    head = head_place(landmarks[:, :2].astype(np.float64))
    column, row = (round(float(each)) for each in to_pixels(head.ears[0], head.ears[1], size))
    cv2.circle(there, (column, row), round(HEAD * head.unit * size / 2), (1,), -1)
    return there > 0

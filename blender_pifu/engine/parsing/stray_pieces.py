# SPDX-License-Identifier: GPL-3.0-or-later
"""Pieces of a label that cannot be where they are, and are of the garment round them: bare skin on a trunk, as the
diamonds of a knit are that have its tone; and trousers within a shirt, or a shirt within trousers, as prints are."""

import cv2
import numpy as np

from ..crop_space import to_pixels
from ..labels import LABELS
from ..reading.landmarks import Landmark as L
from ..reading.landmarks import head_place, metre_of

SKIN = [LABELS[name] - 1 for name in ("face_skin", "other_skin")]  # columns of shares
THING = LABELS["thing"] - 1
UPPER = [LABELS[name] - 1 for name in ("upper_garment", "outer_garment")]
LOWER = [LABELS["lower_garment"] - 1]
GARMENTS = [*UPPER, *LOWER]
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
LARGEST_M2 = 0.015  # square metres of a piece of skin, at most
SMALLER = 0.3  # times as large as the largest piece of a garment is one, at most, that is none
ON_FLESH = 0.3  # share of a piece on a limb or a head from which on it is skin
BARE = 0.3  # share of a piece of skin and things that must be skin
AROUND, ONE_GARMENT = 0.01, 0.85  # field units round a piece, and share of them that must be one garment


def without_stray_pieces(shares: np.ndarray, inside: np.ndarray, landmarks: np.ndarray) -> np.ndarray:
    """Shares (N, L) of the labels that are worn, of the pixels inside (n, n) bool, of one side; landmarks: (33, 4) as
    `landmarks_in`. The same shares where there is no such piece."""
    most = np.full(inside.shape, -1)
    most[inside] = shares.argmax(1)
    told = most.copy()
    _tell_skin(told, landmarks)
    for mine, others in ((UPPER, LOWER), (LOWER, UPPER)):
        _tell_garment(told, mine, others)
    was, now = most[inside], told[inside]
    changed = np.flatnonzero(was != now)
    if not len(changed):
        return shares
    result = shares.copy()
    for of in ([*SKIN, THING], UPPER, LOWER):  # all of what it cannot be goes to what it is
        where = changed[np.isin(was[changed], of)]
        result[where, now[where]] += result[where][:, of].sum(1)
        for name in of:
            result[where, name] = 0
    return result


def _tell_skin(most, landmarks):
    """Tell labels (n, n) anew, in place, where skin is on a trunk."""
    size = len(most)
    number, area = _pieces(most, [*SKIN, THING])
    on_flesh = np.bincount(number[_flesh(landmarks, size)], minlength=len(area))
    small = area < LARGEST_M2 * (metre_of(landmarks) * size / 2) ** 2
    bare = np.bincount(number[np.isin(most, SKIN)], minlength=len(area))
    doubted = small & (on_flesh < ON_FLESH * area) & (bare >= BARE * area)
    for piece in np.flatnonzero(doubted):
        _tell_as_around(most, number == piece, GARMENTS)


def _tell_garment(most, mine, others):
    """Tell labels (n, n) anew, in place, where a piece of a garment, labels `mine`, is within `others`."""
    number, area = _pieces(most, mine)
    for piece in np.flatnonzero((area > 0) & (area < SMALLER * area.max())):
        _tell_as_around(most, number == piece, others)


def _pieces(most, labels):
    """(n, n) number of the piece of labels that each pixel is of, from 1 on, and (K,) pixels of each, 0 of number 0."""
    _, number, about, _ = cv2.connectedComponentsWithStats(np.isin(most, labels).astype(np.uint8))
    area = about[:, cv2.CC_STAT_AREA].copy()
    area[0] = 0
    return number, area


def _tell_as_around(most, piece, garments):
    """Give a piece (n, n) bool of labels (n, n) that of the garment round it, if nearly all there is one of these."""
    reach = max(2, round(AROUND / 2 * len(most)))
    rows, columns = (np.flatnonzero(piece.any(axis)) for axis in (1, 0))
    near = np.s_[max(rows[0] - reach, 0) : rows[-1] + reach + 1, max(columns[0] - reach, 0) : columns[-1] + reach + 1]
    mine = piece[near]
    wide = cv2.dilate(mine.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2)) > 0
    around = most[near][wide & ~mine]
    counts = np.array([(around == one).sum() for one in garments])
    if counts.max() > ONE_GARMENT * len(around):
        most[near][mine] = garments[int(counts.argmax())]


def _flesh(landmarks, size):
    """(size, size) bool: where limbs, the head and the neck are."""
    metre = metre_of(landmarks) * size / 2
    points = np.stack(to_pixels(landmarks[:, 0], landmarks[:, 1], size), -1)
    there = np.zeros((size, size), np.uint8)
    for limb in LIMBS:
        ends = points[list(limb)].copy()
        if limb[-1] not in (L.LEFT_ANKLE, L.RIGHT_ANKLE):
            ends[-1] = ends[-2] + FINGERS * (ends[-1] - ends[-2])
        line = np.round(ends).clip(-9999, 9999).astype(np.int32)[:, None]
        cv2.polylines(there, [line], False, (1,), max(1, round(2 * FLESH_M * metre)))
    head = head_place(landmarks[:, :2].astype(np.float64))
    column, row = (round(float(each)) for each in to_pixels(head.ears[0], head.ears[1], size))
    cv2.circle(there, (column, row), round(HEAD * head.unit * size / 2), (1,), -1)
    return there > 0

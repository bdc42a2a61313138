# SPDX-License-Identifier: GPL-3.0-or-later
"""How old a person's proportions are, and how tall such people are: children have large heads over short bodies."""

import math

import numpy as np

from ...choices import HEIGHT_M
from ..reading.landmarks import BodyLandmarks
from ..reading.landmarks import Landmark as L
from ..reading.stance import (
    ANKLES,
    EARS,
    HIPS,
    KNEES,
    SEEN,
    SHOULDERS,
    Facing,
    Framing,
    facing,
    trunk_length,
)
from .missing import framing_of, missing_limbs, without_crown

CROWN_TO_CHIN = 1.22  # from the crown to the chin, in that from the crown to the mouth
HEADS_IN_FACES = 0.31  # heads in a body, by distances from eyes to mouth in it, from nose to ankles; of grown-ups
# Heads to the height, as crown and face have it, and the height of such people in metres: Stratz's canon (5 heads at
# two years, 6 at six) with the medians of the WHO's growth charts, less the tenth by which hair, shoes and the
# landmarks' faces shift it on synthetic people. From the last on people may be grown up: heads tell nothing.
HEADS = (3.5, 4.4, 5.2, 5.85)
HEIGHTS_M = (0.75, 0.95, 1.15, 1.35)
# A trunk in distances from eyes to mouth: 6.2 to 8.5 in grown-ups, also where they sit or bend their knees.
SHORT_TRUNK, SURELY_SHORT_TRUNK = 7.0, 5.6
# Seen from above heads are near and legs far: what of that the landmarks tell.
LEVEL_EARS = 0.2  # eyes below ears, in distances from eyes to mouth; -0.4 to 0.15 from in front, 0.25 to 0.9 from above
LEVEL_DEPTH = 1.4  # ankles farther than shoulders, in lengths of the body; up to 1.4 from in front, 1.5 to 6 from above
KNEE_AHEAD = 0.9  # of a knee before its hip, in lengths of the trunk, from which the thigh points at the camera


def suggested_height_m(alpha: np.ndarray, person: BodyLandmarks) -> float:
    """The height, metres in steps of 5 cm, that people of such proportions have; HEIGHT_M where nothing tells a child.

    alpha: (H, W) the matte of the person, in the picture of the landmarks, upright.
    """
    if framing_of(alpha, person) is not Framing.FULL or person.seen(*HIPS, *KNEES, *ANKLES) < SEEN:
        return HEIGHT_M
    if facing(person) is Facing.BACK or _from_above(person):
        return HEIGHT_M
    if without_crown(alpha, person) or missing_limbs(alpha, person):  # landmarks and matte are of no one body
        return HEIGHT_M
    face, trunk = _face(person), trunk_length(person)
    if trunk > (SHORT_TRUNK if thigh_ahead(person) < KNEE_AHEAD else SURELY_SHORT_TRUNK) * face:
        return HEIGHT_M
    heads = _heads(alpha, person, face)
    if not 0 < heads < HEADS[-1]:
        return HEIGHT_M
    return float(np.round(20 * np.interp(heads, HEADS, HEIGHTS_M)) / 20)


def is_child(height_m: float) -> bool:
    """Whether a suggested height is a child's."""
    return height_m < HEIGHT_M


def thigh_ahead(person: BodyLandmarks) -> float:
    """How far the knee that comes forward more lies before its hip, in lengths of the trunk."""
    ahead = person.points[list(HIPS), 2] - person.points[list(KNEES), 2]
    return float(ahead.max()) / trunk_length(person)


def body_length(person: BodyLandmarks) -> float:
    """From nose to shoulders, hips, knees and ankles, photo pixels."""
    chain = [person.points[L.NOSE, :2], *(person.between(*pair) for pair in (SHOULDERS, HIPS, KNEES, ANKLES))]
    return max(1e-3, sum(math.dist(*pair) for pair in zip(chain, chain[1:], strict=False)))


def _heads(alpha, person, face):
    """Heads to the height: the mean, on a scale of ratios, of what the crown and what the face say; 0 for nothing."""
    rows = np.flatnonzero((alpha > 0.5).any(1))
    mouth = float(person.between(L.MOUTH_LEFT, L.MOUTH_RIGHT)[1])
    if not len(rows) or mouth <= rows[0]:
        return 0.0
    by_crown = (rows[-1] - rows[0]) / (CROWN_TO_CHIN * (mouth - rows[0]))
    return math.sqrt(by_crown * HEADS_IN_FACES * body_length(person) / face)


def _face(person):
    """From the eyes to the mouth, photo pixels."""
    return max(1e-3, math.dist(person.between(L.LEFT_EYE, L.RIGHT_EYE), person.between(L.MOUTH_LEFT, L.MOUTH_RIGHT)))


def _from_above(person):
    ears = float(person.between(L.LEFT_EYE, L.RIGHT_EYE)[1] - person.between(*EARS)[1]) / _face(person)
    depth = float(person.points[list(ANKLES), 2].mean() - person.points[list(SHOULDERS), 2].mean())
    return ears > LEVEL_EARS or depth > LEVEL_DEPTH * body_length(person)

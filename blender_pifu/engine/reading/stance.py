# SPDX-License-Identifier: GPL-3.0-or-later
"""What the landmarks say about how a person stands in the photo: how much of them, facing where, how upright."""

import math
from enum import StrEnum

from .landmarks import MARGIN, BodyLandmarks
from .landmarks import Landmark as L

SHOULDERS, HIPS = (L.LEFT_SHOULDER, L.RIGHT_SHOULDER), (L.LEFT_HIP, L.RIGHT_HIP)
KNEES, ANKLES, EARS = (L.LEFT_KNEE, L.RIGHT_KNEE), (L.LEFT_ANKLE, L.RIGHT_ANKLE), (L.LEFT_EAR, L.RIGHT_EAR)
SEEN = 0.5  # visibility from which a landmark counts
HEIGHT_SHARE = 0.97  # body height in diameters of the circle round the body
PROFILE = 0.3  # distance of the shoulders in the photo, in lengths of the trunk, below which they stand behind another
STRAIGHT = math.radians(8)  # bend at the hips up to which trunk and legs make one line
HEAD_LEAN = math.radians(15)  # of head and shoulders against the trunk, up to which these are one piece
LEVEL_FEET = 0.15  # one foot higher than the other, in lengths of the trunk, that still stand on one floor
SMALL_ROLL, LARGE_ROLL = math.radians(5), math.radians(30)
HALF_ROLL = math.radians(10)  # of somebody who is cut off
LYING = math.radians(60)


class Framing(StrEnum):
    """How much of the person lies inside the photo."""

    FULL = "full"
    KNEES = "knees"  # knees, not feet
    HALF = "half"  # hips, not knees
    PORTRAIT = "portrait"


class Facing(StrEnum):
    FRONT = "front"
    PROFILE = "profile"
    BACK = "back"


def inside(person: BodyLandmarks, shape: tuple[int, ...], *landmarks: L) -> bool:
    """Whether all of these lie within the photo, (height, width), seen or hidden."""
    points = person.points[list(landmarks), :2]
    return bool((points >= 0).all() and (points < shape[::-1]).all())


def framing(person: BodyLandmarks, shape: tuple[int, ...]) -> Framing:
    """How much of the person the photo, (height, width), shows."""
    for part, kind in ((ANKLES, Framing.FULL), (KNEES, Framing.KNEES), (HIPS, Framing.HALF)):
        if inside(person, shape, *part):
            return kind
    return Framing.PORTRAIT


def body_height(person: BodyLandmarks) -> float:
    """Height of the whole body if it stood straight, photo pixels; a guess where the photo cuts it."""
    return person.region.side * HEIGHT_SHARE / MARGIN


def trunk_length(person: BodyLandmarks) -> float:
    """From the middle of the shoulders to that of the hips, photo pixels."""
    return max(1e-3, math.dist(person.between(*SHOULDERS), person.between(*HIPS)))


def facing(person: BodyLandmarks) -> Facing:
    """Where the person's front looks. In a front view the left shoulder is on the photo's right."""
    across = person.points[L.LEFT_SHOULDER, :2] - person.points[L.RIGHT_SHOULDER, :2]
    angle = person.region.angle
    width = float(across @ (math.cos(angle), math.sin(angle))) / trunk_length(person)
    if abs(width) < PROFILE:
        return Facing.PROFILE
    return Facing.FRONT if width > 0 else Facing.BACK


def roll(person: BodyLandmarks, shape: tuple[int, ...]) -> float:
    """By how much the photo is turned clockwise, radians; 0 when it is upright or nothing tells.

    A person lying across the photo is taken for a turned photo. Less is believed only of somebody who stands on both
    feet with trunk and legs in one line: upright, they would fall otherwise. Of somebody cut off by the photo more of
    it is believed, of a straight upper body with level shoulders.
    """
    angle = person.region.angle
    quarter = round(angle / (math.pi / 2)) * math.pi / 2 if abs(angle) > LYING else 0.0
    shoulders, hips, ankles = (person.between(*pair) for pair in (SHOULDERS, HIPS, ANKLES))
    if framing(person, shape) is not Framing.FULL:
        stiff = person.seen(*SHOULDERS) >= SEEN and facing(person) is not Facing.PROFILE and _upright(person, angle)
        return angle if stiff and HALF_ROLL < abs(angle - quarter) < LARGE_ROLL else quarter
    if person.seen(*SHOULDERS, *HIPS, *ANKLES) < SEEN:
        return quarter
    bend = abs(_lean(hips, shoulders, angle) - _lean(ankles, hips, angle))
    along = (math.sin(angle), -math.cos(angle))
    step = abs((person.points[L.LEFT_ANKLE, :2] - person.points[L.RIGHT_ANKLE, :2]) @ along)
    standing = bend < STRAIGHT and step < LEVEL_FEET * trunk_length(person)
    least = min(angle, angle + _lean(ankles, shoulders, angle), key=lambda turn: abs(turn - quarter))
    return least if standing and SMALL_ROLL < abs(least - quarter) < LARGE_ROLL else quarter


def _upright(person, angle):
    """Whether hips, shoulders and head are in one line along the direction `angle`, and the shoulders across it."""
    shoulders, hips, head = (person.between(*pair) for pair in (SHOULDERS, HIPS, EARS))
    left, right = sorted(
        person.points[list(SHOULDERS), :2], key=lambda point: point @ (math.cos(angle), math.sin(angle))
    )
    leans = _lean(hips, shoulders, angle), _lean(shoulders, head, angle), _lean(left, right, angle + math.pi / 2)
    return all(abs(lean) < limit for lean, limit in zip(leans, (STRAIGHT, HEAD_LEAN, HEAD_LEAN), strict=True))


def _lean(low, high, upright):
    """Angle of the line from `low` to `high` against the direction `upright`, clockwise, -pi..pi."""
    x, y = (high - low).tolist()
    return (math.atan2(x, -y) - upright + math.pi) % (2 * math.pi) - math.pi

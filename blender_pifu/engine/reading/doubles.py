# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds that are nobody: what lies on another's own body (a print, a garment, a doll in the arm, bent legs), and
reflections."""

from collections.abc import Callable

import cv2
import numpy as np

from .landmarks import MIRRORED, BodyLandmarks
from .stance import ANKLES, trunk_length

SMALL = 0.38  # of another's length: a child that stands before its parent has 0.45 or more
HALF, SURE = 0.6, 0.95  # so long, and with a lower score, it is nobody without a face: children before parents have one
UPON = 0.6  # share of the landmarks that lie on the other's body
BESIDE = 0.15  # lengths of the other's trunk beside its landmarks that are still its body
UPSIDE_DOWN = np.radians(130)  # turn against the other of a reflection in water or a floor
AT_THE_FEET = 0.5  # lengths of the trunk between the feet of both
ALIKE = 0.06  # distance of the landmarks of two who are mirror images, in sides of their regions
SAME_SIZE = 0.75  # side of the smaller region in that of the larger
PATCH_PX = 96  # side of the pictures that are compared
SAME_PICTURE = 0.7  # correlation of one's picture and the other's mirrored; twins in one uniform have less


def real_people(
    people: list[BodyLandmarks], rgb: np.ndarray, shows_face: Callable[[np.ndarray, BodyLandmarks], bool]
) -> list[BodyLandmarks]:
    """People without what only looks like them; rgb: (H, W, 3) uint8; shows_face: as `FaceReader.shows_face`."""
    kept: list[BodyLandmarks] = []
    for person in sorted(people, key=lambda person: (-round(_length(person)), -person.score)):
        if any(is_on_body(person, other) or is_reflection(person, other, rgb) for other in kept):
            continue
        doubted = person.score < SURE and any(is_on_body(person, other, HALF) for other in kept)
        if not doubted or shows_face(rgb, person):
            kept.append(person)
    return [person for person in people if any(person is other for other in kept)]


def is_on_body(person: BodyLandmarks, other: BodyLandmarks, size: float = SMALL) -> bool:
    """Whether a find is much smaller than another person, `size` at most, and lies on that one's own body."""
    if _length(person) > size * _length(other):
        return False
    hull = cv2.convexHull(np.ascontiguousarray(other.points[:, :2], np.float32))
    reach = -BESIDE * trunk_length(other)
    upon = [
        other.covers(x, y) or cv2.pointPolygonTest(hull, (x, y), True) > reach
        for x, y in person.points[:, :2].astype(float).tolist()
    ]
    return float(np.mean(upon)) > UPON


def is_reflection(person: BodyLandmarks, other: BodyLandmarks, rgb: np.ndarray) -> bool:
    """Whether a find is another person's mirror image: upside down below the feet, or beside with the same pixels."""
    turn = abs((person.region.angle - other.region.angle + np.pi) % (2 * np.pi) - np.pi)
    if turn > UPSIDE_DOWN:
        apart = person.between(*ANKLES) - other.between(*ANKLES)
        return bool(np.hypot(*apart) < AT_THE_FEET * trunk_length(other))
    sides = sorted((person.region.side, other.region.side))
    if sides[0] < SAME_SIZE * sides[1]:
        return False
    mine, mirrored = _placed(person), _placed(other)[list(MIRRORED)] * (-1, 1)
    if np.hypot(*(mine - mirrored).T).mean() > ALIKE:
        return False
    patches = [cv2.cvtColor(each.region.cut(rgb, PATCH_PX), cv2.COLOR_RGB2GRAY) for each in (person, other)]
    masks = [
        cv2.resize(each.mask, (PATCH_PX, PATCH_PX), interpolation=cv2.INTER_AREA) > 0.5 for each in (person, other)
    ]
    both = masks[0] & masks[1][:, ::-1]
    if both.sum() < PATCH_PX:
        return False
    return bool(np.corrcoef(patches[0][both], patches[1][:, ::-1][both])[0, 1] > SAME_PICTURE)


def _placed(person):
    """The landmarks (33, 2) in the upright region, in its sides from its middle."""
    matrix = person.region.matrix(1)
    return (person.points[:, :2] - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T - 0.5


def _length(person):
    """Of the box round the landmarks along its longer side, photo pixels."""
    return float(np.ptp(person.points[:, :2], axis=0).max())

# SPDX-License-Identifier: GPL-3.0-or-later
"""What a frame shows of the person, read cheaply: one look for landmarks, from where the last frame had them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ..reading.landmarks import BodyLandmarks, Region
from ..reading.landmarks import Landmark as L
from ..reading.people import People
from ..reading.stance import ANKLES, HIPS, KNEES, SHOULDERS, Framing, framing, trunk_length
from .clips import Frame, Report

WRISTS, ELBOWS = (L.LEFT_WRIST, L.RIGHT_WRIST), (L.LEFT_ELBOW, L.RIGHT_ELBOW)
COMPARED = (*SHOULDERS, *ELBOWS, *WRISTS, *HIPS, *KNEES)
CROWD_EVERY = 6  # frames, of which one is searched for other people
SHARP_PX = 384  # side of the square about the body in which sharpness is measured
DEPTH = 2.5  # so many times as far apart in depth as they are the network takes a turning person's shoulders and hips
LEAST_BESIDE = 0.6  # height of another, in the person's, from which it is not known who is meant


@dataclass(frozen=True)
class Look:
    """yaw: of the camera towards the person's left, radians from their front, -pi..pi; roll: by which the frame is
    turned clockwise, radians; heights (10,): of COMPARED over the ankles, in lengths from ankles to shoulders, which do
    not change as somebody turns; sharpness: the strength of fine edges on the body; whole: all of the person is in the
    frame; sure: 0..1, that it is one."""

    frame: Frame
    yaw: float
    roll: float
    heights: np.ndarray
    sharpness: float
    whole: bool
    sure: float


def look_at(frames: Sequence[Frame], people: People, report: Report) -> tuple[list[Look | None], float]:
    """A look at each frame, None where nobody is seen; and the share of the frames searched for others in which
    another person stands, as large. report: called with the share done."""
    looks: list[Look | None] = []
    crowded, searched = 0, 0
    region: Region | None = None
    for index, frame in enumerate(frames):
        report(index / len(frames))
        found = people.follow(frame.rgb, region) if region else None
        others = []
        if found is None or index % CROWD_EVERY == 0:
            others = people.glance_all(frame.rgb)
            searched += 1
            found = found or max(others, key=lambda each: each[0].region.side, default=None)
        if found is None:
            region = None
            looks.append(None)
            continue
        person, region = found
        crowded += any(_stands_beside(person, other) for other, _ in others)
        looks.append(_look(frame, person))
    return looks, crowded / max(1, searched)


def _stands_beside(person: BodyLandmarks, other: BodyLandmarks) -> bool:
    apart = math.dist(person.between(*SHOULDERS), other.between(*SHOULDERS))
    return apart > 0.7 * trunk_length(person) and trunk_length(other) > LEAST_BESIDE * trunk_length(person)


def _look(frame: Frame, person: BodyLandmarks) -> Look:
    angle = person.region.angle
    right = np.array([math.cos(angle), math.sin(angle)])
    across, ahead = 0.0, 0.0
    for left_side, right_side in (SHOULDERS, HIPS):
        apart = person.points[left_side].astype(float) - person.points[right_side]
        across += float(apart[:2] @ right)
        ahead -= float(apart[2]) / DEPTH
    down = np.array([-right[1], right[0]])
    ankles, shoulders = person.between(*ANKLES) @ down, person.between(*SHOULDERS) @ down
    heights = (ankles - person.points[list(COMPARED), :2] @ down) / max(1e-3, ankles - shoulders)
    shape = frame.rgb.shape[:2]
    whole = framing(person, shape) is Framing.FULL and _inside(person, shape)
    return Look(
        frame, math.atan2(ahead, across), angle, heights, _sharpness(frame.rgb, person.region), whole, person.score
    )


def _inside(person: BodyLandmarks, shape) -> bool:
    """Whether feet and head keep off the border."""
    low, high = person.points[:, :2].min(0), person.points[:, :2].max(0)
    return bool((low > 0).all() and (high < np.array(shape[::-1]) - 1).all())


def _sharpness(rgb: np.ndarray, region: Region) -> float:
    """The strength of edges as fine as a pixel against those of some, on the body: blur takes the former."""
    grey = cv2.cvtColor(region.cut(rgb, SHARP_PX), cv2.COLOR_RGB2GRAY).astype(np.float32)
    middle = grey[:, SHARP_PX // 4 : -SHARP_PX // 4]
    middle = cv2.GaussianBlur(middle, (0, 0), 0.8)  # noise is no edge
    fine = np.abs(cv2.Laplacian(middle, cv2.CV_32F))
    return float(np.quantile(fine, 0.98))

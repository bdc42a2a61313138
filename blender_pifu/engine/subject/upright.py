# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn a photo, and the people found in it, upright."""

import math
from dataclasses import replace

import cv2
import numpy as np

from ..crop_space import between_centres
from ..reading.landmarks import BodyLandmarks
from ..reading.photo import MAX_SIDE, Photo


def turn_upright(photo: Photo, people: list[BodyLandmarks], roll: float) -> tuple[Photo, list[BodyLandmarks]]:
    """Undo a turn of the photo.

    roll: radians clockwise by which it is turned. Returns the photo, larger where its corners need it (repeating the
    border), and the same people in its pixels; reduced where it would be longer than MAX_SIDE. Whole quarters leave all
    pixels as they are.
    """
    if roll == 0:
        return photo, people
    height, width = photo.rgb.shape[:2]
    cosine, sine = math.cos(roll), math.sin(roll)
    turn = np.array([[cosine, sine], [-sine, cosine]])
    size = np.abs(turn) @ (width, height)
    scale = min(1.0, MAX_SIDE / size.max())
    turn, size = scale * turn, scale * size
    new_width, new_height = (math.ceil(side - 1e-6) for side in size)
    shift = np.array([new_width, new_height]) / 2 - turn @ (width / 2, height / 2)
    centres = between_centres(np.column_stack([turn, shift]))

    def turned(picture):
        return cv2.warpAffine(picture, centres, (new_width, new_height), flags=cv2.INTER_CUBIC,
                              borderMode=cv2.BORDER_REPLICATE)  # fmt: skip

    quarters = roll / (math.pi / 2)
    if abs(quarters - round(quarters)) < 1e-6:
        rgb = np.ascontiguousarray(np.rot90(photo.rgb, round(quarters)))
        alpha = None if photo.alpha is None else np.ascontiguousarray(np.rot90(photo.alpha, round(quarters)))
    else:
        rgb = turned(photo.rgb)
        alpha = None if photo.alpha is None else turned(photo.alpha).clip(0, 1)
    focal_px = photo.focal_px and photo.focal_px * scale
    return replace(photo, rgb=rgb, alpha=alpha, focal_px=focal_px), [
        _turned_person(person, turn, shift, roll, scale) for person in people
    ]


def _turned_person(person, turn, shift, roll, scale):
    points = person.points * np.float32(scale)
    points[:, :2] = person.points[:, :2] @ turn.T + shift
    region = person.region
    x, y = (turn @ (region.center_x, region.center_y) + shift).tolist()
    region = replace(region, center_x=x, center_y=y, side=region.side * scale, angle=region.angle - roll)
    return replace(person, points=points, region=region)

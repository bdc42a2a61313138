# SPDX-License-Identifier: GPL-3.0-or-later
"""A small picture of the photo in which the people are framed and numbered, for the panel."""

from pathlib import Path

import cv2
import numpy as np

from .result import cannot_write

SIDE_PX = 256  # what Blender keeps of a preview
_TAKEN, _OTHER, _INK = (71, 114, 179), (60, 60, 60), (255, 255, 255)  # sRGB; Blender's colour for what is chosen
_DIMMED = 0.55  # brightness of what is outside the chosen person's frame
_GROWN = (0.12, 0.10, 0.12, 0.04)  # left, top, right, bottom: a body is wider than its landmarks; in box sides


def write_thumbnail(rgb: np.ndarray, people: list[dict], taken: int | None, path) -> None:
    """Write a square PNG with the photo in its middle and nothing around it.

    rgb: (H, W, 3) uint8 sRGB; people: dicts of `number` and `box` (x0, y0, x1, y1 in photo pixels); taken: the number
    of the chosen one. Raises InputError if it cannot be written.
    """
    height, width = rgb.shape[:2]
    scale = SIDE_PX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    frames = {each["number"]: _frame(each["box"], scale, size) for each in people}
    if len(frames) > 1:
        small = _numbered(small, frames, taken)
    square = np.zeros((SIDE_PX, SIDE_PX, 4), np.uint8)
    left, top = (SIDE_PX - size[0]) // 2, (SIDE_PX - size[1]) // 2
    square[top : top + size[1], left : left + size[0]] = np.dstack([small, np.full(small.shape[:2], 255, np.uint8)])
    _, png = cv2.imencode(".png", cv2.cvtColor(square, cv2.COLOR_RGBA2BGRA))
    try:
        Path(path).write_bytes(png.tobytes())
    except OSError as error:
        raise cannot_write(path, error) from error


def _frame(box, scale, size):
    """x0, y0, x1, y1 in pixels of the thumbnail, a little around the landmarks."""
    x0, y0, x1, y1 = (edge * scale for edge in box)
    wide, high = x1 - x0, y1 - y0
    grown = (x0 - _GROWN[0] * wide, y0 - _GROWN[1] * high, x1 + _GROWN[2] * wide, y1 + _GROWN[3] * high)
    last = np.array([*size, *size]) - 1
    return np.clip(np.round(grown), 0, last).astype(int).tolist()


def _numbered(small, frames, taken):
    picture = (small * _DIMMED).astype(np.uint8)
    if taken in frames:
        x0, y0, x1, y1 = frames[taken]
        picture[y0 : y1 + 1, x0 : x1 + 1] = small[y0 : y1 + 1, x0 : x1 + 1]
    for number in sorted(frames, key=lambda number: number == taken):  # the chosen one's frame on top
        x0, y0, x1, y1 = frames[number]
        color = _TAKEN if number == taken else _OTHER
        cv2.rectangle(picture, (x0, y0), (x1, y1), color, 2 if number == taken else 1)
    for number, (x0, _, x1, y1) in frames.items():  # at the feet: the face tells who it is
        _label(picture, str(number), ((x0 + x1) // 2, y1), _TAKEN if number == taken else _OTHER)
    return picture


def _label(picture, text, middle, color):
    """A number in white on a disc, kept inside the picture."""
    radius, font, size = 14, cv2.FONT_HERSHEY_SIMPLEX, 0.65 if len(text) == 1 else 0.5
    limit = np.array(picture.shape[1::-1]) - radius - 1
    center = tuple(np.maximum(radius, np.minimum(limit, middle)).tolist())
    cv2.circle(picture, center, radius, color, -1, cv2.LINE_AA)
    cv2.circle(picture, center, radius, _INK, 1, cv2.LINE_AA)
    (wide, high), _ = cv2.getTextSize(text, font, size, 2)
    corner = (center[0] - wide // 2, center[1] + high // 2)
    cv2.putText(picture, text, corner, font, size, _INK, 2, cv2.LINE_AA)

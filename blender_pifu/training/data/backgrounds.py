# SPDX-License-Identifier: GPL-3.0-or-later
"""What synthetic people are put before: corners of real photos, rooms, clutter, studio gradients, patterns."""

from functools import cache

import cv2
import numpy as np

from ...engine.reading.graph import DATA
from ...engine.reading.photo import load_photo
from ..people.noise import smooth_noise

# Parts of the bundled photos where nobody is: file, columns (share of the width).
EMPTY = (
    ("man_suit_full_body.jpg", 0.0, 0.32),
    ("man_suit_full_body.jpg", 0.72, 1.0),
    ("man_polo_full_body.jpg", 0.0, 0.24),
    ("man_polo_full_body.jpg", 0.74, 1.0),
)
UNIT = 960.0  # pixels in which the sizes of features are given


def background(kind: str, rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """kind: one of `KINDS`. Returns (height, width, 3) float32 0..1 sRGB."""
    return np.clip(KINDS[kind](rng, height, width), 0, 1).astype(np.float32)


def _photo(rng, height, width):
    """A stripe of a photo, enlarged, and mirrored as often as the width needs; other light, other focus."""
    stripe = _stripes()[rng.integers(len(_stripes()))]
    zoom = height / len(stripe) * rng.uniform(1.0, 1.5)
    stripe = cv2.resize(stripe, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC)
    stripe = stripe[(top := int(rng.integers(len(stripe) - height + 1))) : top + height]
    if rng.random() < 0.5:
        stripe = stripe[:, ::-1]
    times = -(-width // stripe.shape[1])
    picture = np.hstack([stripe[:, ::-1] if index % 2 else stripe for index in range(times)])[:, :width]
    return _focus(rng, picture) ** rng.uniform(0.7, 1.4)


def _room(rng, height, width):
    """A wall and a floor of smooth noise, with boxes before the wall."""
    rows = np.mgrid[:height, :width][0] / height
    wall, floor = rng.uniform(0.15, 0.9, (2, 3))
    horizon = rng.uniform(0.6, 0.8)
    picture = np.where((rows < horizon)[..., None], wall, floor).astype(np.float32)
    for _ in range(8):
        x, y = rng.uniform(0, width), rng.uniform(0, height * horizon)
        w, h = rng.uniform(40, 300, 2)
        picture[round(y) : round(min(y + h, height * horizon)), round(x) : round(x + w)] = rng.uniform(0.1, 0.95, 3)
    return _focus(rng, picture) + rng.uniform(0.02, 0.1) * _noise(rng, height, width)[..., None]


def _clutter(rng, height, width):
    """Things over things: boxes, balls and sticks, shaded and textured, some as thin and upright as legs."""
    picture = np.full((height, width, 3), rng.uniform(0.2, 0.8, 3), np.float32)
    grain = _noise(rng, height, width)[..., None]
    for _ in range(int(rng.integers(40, 90))):
        mask = np.zeros((height, width), np.uint8)
        x, y = (int(value) for value in rng.uniform(0, (width, height)))
        size = rng.uniform(15, 0.25 * height, 2)
        match rng.integers(3):
            case 0:
                cv2.ellipse(mask, (x, y), (int(size[0]), int(size[1])), rng.uniform(0, 180), 0, 360, (1,), -1)
            case 1:
                box = cv2.boxPoints(((x, y), tuple(size.tolist()), float(rng.choice([0, rng.uniform(0, 180)]))))
                cv2.fillPoly(mask, [box.astype(np.int32)], (1,))
            case 2:
                end = int(x + rng.normal(0, 30)), int(y + rng.uniform(0.1, 0.5) * height)
                cv2.line(mask, (x, y), end, (1,), int(rng.uniform(4, 30)))
        where = mask > 0
        left, right = rng.uniform(0.7, 1.2, 2)
        shade = np.linspace(left, right, width)[None, :, None]
        color = rng.uniform(0.05, 0.95, 3) * shade + rng.uniform(0, 0.25) * grain
        picture[where] = color[where]
    return _focus(rng, picture)


def _gradient(rng, height, width):
    """A studio's backdrop: one colour into another, darker towards the corners."""
    rows, columns = np.mgrid[:height, :width] / np.array([height, width]).reshape(2, 1, 1)
    angle = rng.uniform(0, 2 * np.pi)
    along = (np.cos(angle) * (columns - 0.5) + np.sin(angle) * (rows - 0.5) + 0.7) / 1.4
    one, other = rng.uniform(0.05, 1.0, (2, 3))
    picture = one + (other - one) * along[..., None]
    return picture * (1 - rng.uniform(0, 0.6) * ((columns - 0.5) ** 2 + (rows - 0.5) ** 2))[..., None]


def _pattern(rng, height, width):
    """Wallpaper and worse: stripes or checks under strong noise of every size."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    one, other = rng.uniform(0.05, 0.95, (2, 3))
    step = rng.uniform(10, 80)
    waves = np.sin(columns * (np.pi / step)) * (np.sin(rows * (np.pi / step)) if rng.random() < 0.5 else 1)
    share = np.clip(0.5 + 4 * waves, 0, 1)[..., None]
    picture = one + (other - one) * share
    grain = rng.normal(0, 1, (height, width, 3)) * rng.uniform(0, 0.15)
    return _focus(rng, (picture + rng.uniform(0.1, 0.35) * _noise(rng, height, width)[..., None] + grain))


KINDS = {"photo": _photo, "room": _room, "clutter": _clutter, "gradient": _gradient, "pattern": _pattern}


@cache
def _stripes():
    photos = {name: load_photo(DATA / "photos" / name).rgb for name, *_ in EMPTY}
    stripes = []
    for name, low, high in EMPTY:
        width = photos[name].shape[1]
        stripes.append(photos[name][:, round(low * width) : round(high * width)].astype(np.float32) / 255)
    return stripes


def _noise(rng, height, width):
    """(height, width) float32 about -1..1, of four sizes."""
    rows, columns = np.mgrid[:height, :width] / UNIT
    points = np.stack([columns, rows, np.zeros_like(rows)], -1).reshape(-1, 3).astype(np.float32)
    octaves = [smooth_noise(points, rng, 2.0 * 3**octave) / 2**octave for octave in range(4)]
    return np.sum(octaves, 0).reshape(height, width)


def _focus(rng, picture):
    return cv2.GaussianBlur(picture.astype(np.float32), (0, 0), rng.uniform(0.5, 4)).clip(0, 1)

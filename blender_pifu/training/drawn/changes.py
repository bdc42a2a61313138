# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos of drawn people as if others had been taken: moved, zoomed and rolled, in other colours and prints, cut out
and taken worse."""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from ...engine.labels import LABELS
from ...engine.networks.limb_maps import draw_hints
from ...engine.srgb import to_linear
from .people import DrawnPeople

ROLLED, ZOOM, OFF = 10.0, (0.8, 2.2), 0.35  # degrees, times, and of what a zoomed photo lacks on either side
MOVED, UNKNOWN = 0.04, 0.05  # spread of shifts, field units; share of photos in which nobody is recognised
DYED, PRINTED = 0.65, 0.25  # share of garments in another colour, and with a print
GARMENTS = ("upper_garment", "lower_garment", "outer_garment", "shoes", "thing")


@dataclass(frozen=True)
class Shown:
    """A part of a photo, s x s pixels: `colors` and `albedo` (s, s, 3) linear, without the background's share; `matte`
    (s, s) 0..1; `normals` (s, s, 3) as they are drawn; labels of `front` and `back` (s, s); and `hints` of the limbs,
    as `draw_hints` gives them."""

    colors: np.ndarray
    albedo: np.ndarray
    matte: np.ndarray
    normals: np.ndarray
    front: np.ndarray
    back: np.ndarray
    hints: Tensor

    def shading(self, darkest: float, least: float, most: float) -> np.ndarray:
        """(s, s, 3) logarithm of what light makes of the albedo, within bounds; darkest: see `maps.DARKEST`."""
        return np.log((self.colors + darkest) / (self.albedo + darkest)).clip(least, most)


def show_part(people: DrawnPeople, seed: int, side: int, rng: np.random.Generator) -> Shown:
    """A part of a photo, moved, zoomed, rolled and mirrored or not."""
    names = ("rgb", "mask", "labels_front", "labels_back", "landmarks", "albedo_front")
    raw = people.raw(seed, *names)
    size = len(raw["mask"])
    turn, shift = _placed(raw["mask"], rng)
    pixels = _pixels(turn, shift, size, side)

    def warped(image, how=cv2.INTER_LINEAR):
        return cv2.warpAffine(image, pixels, (side, side), flags=how)

    spread = float(0.35 * size / side / np.linalg.norm(turn[0]))

    def pictured(image):
        image = cv2.GaussianBlur(image, (0, 0), spread) if spread > 0.4 else image
        return warped(image).astype(np.float32) / 255

    matte, front, back = pictured(raw["mask"]), *(warped(raw[name], cv2.INTER_NEAREST) for name in names[2:4])
    colors, albedo = (
        to_linear((pictured(raw[name]) / np.maximum(matte, 0.01)[..., None]).clip(0, 1)) * (matte > 0.02)[..., None]
        for name in ("rgb", "albedo_front")
    )
    normals = warped(people.drawn[seed].astype(np.int16)).astype(np.float32) / 127
    normals[..., :2] = normals[..., :2] @ (turn.T / np.linalg.norm(turn[0])).astype(np.float32)
    return Shown(colors, albedo, matte, normals, front, back, _hints(raw["landmarks"], turn, shift, rng))


def dyed(albedo, labels, rng):
    """Albedo (s, s, 3), linear, with garments of other colours and with prints."""
    linear = albedo.copy()
    tones = {}
    for name in GARMENTS:
        there = labels == LABELS[name]
        if not there.any():
            continue
        if rng.random() < DYED:
            # Two of a suit, or of whatever is alike; and now and then of the colour of skin.
            tone = _tone(rng) if not tones or rng.random() < 0.75 else tones[rng.choice(list(tones))]
            mean = linear[there].mean(0) + 0.01
            tones[name] = tone
            flat = rng.uniform(0.3, 1.0)
            shade = linear[there] @ np.full(3, 1 / 3, np.float32)[:, None] / mean.mean()
            linear[there] = tone * (flat * shade + (1 - flat) * linear[there] / mean)
        if rng.random() < PRINTED:
            linear[there] *= _print(len(linear), rng)[there]
    if rng.random() < 0.3:
        hair = labels == LABELS["hair"]
        linear[hair] *= np.float32(rng.uniform(0.3, 2.5)) * rng.uniform(0.85, 1.15, 3).astype(np.float32)
    return linear.clip(0, 1)


def cast_shadow(size: int, rng: np.random.Generator) -> np.ndarray:
    """(size, size, 3) logarithm of the light that is left under leaves or beside a wall: darker, and bluer."""
    y, x = np.mgrid[:size, :size].astype(np.float32) / size - 0.5
    if rng.random() < 0.4:
        angle = rng.uniform(0, 2 * np.pi)
        depth = x * np.cos(angle) + y * np.sin(angle) - rng.uniform(-0.3, 0.3)
    else:
        wide = np.exp(rng.uniform(np.log(4), np.log(40)))
        depth = cv2.GaussianBlur(rng.standard_normal((size, size)).astype(np.float32), (0, 0), wide)
        depth = (depth / depth.std() + rng.uniform(-0.7, 0.7)) * wide / size
    sharp = np.exp(rng.uniform(np.log(20), np.log(200)))
    share = 1 / (1 + np.exp((-depth * sharp).clip(-30, 30)))
    tint = np.array([0.1, 0, -0.25]) * rng.uniform(0, 1)
    return -share[..., None] * (rng.uniform(0.25, 1.2) + tint)


def cut_out(colors, matte, rng):
    """Colours and matte as a person is cut out: now and then a little too wide or narrow, and what is too wide has the
    background's colour."""
    if rng.random() < 0.5:
        return colors, matte
    colors[matte < 0.3] = rng.uniform(0, 1, 3)
    soft = cv2.GaussianBlur(matte, (0, 0), 1.2)
    off = cv2.GaussianBlur(rng.standard_normal(matte.shape, np.float32), (0, 0), 6) * np.float32(rng.uniform(0.4, 2.5))
    return colors, (soft + off * ((soft > 0.02) & (soft < 0.98))).clip(0, 1)


def as_taken(colors, rng):
    """Colours (n, n, 3) sRGB in other tones, with noise, blur and JPEG."""
    tint = (rng.uniform(0.75, 1.2) * rng.uniform(0.92, 1.08, 3)).astype(np.float32)
    colors = colors.clip(0, 1) ** np.float32(rng.uniform(0.75, 1.35)) * tint
    if rng.random() < 0.15:
        grey = colors.mean(-1, keepdims=True)
        colors = grey + np.float32(rng.uniform(0, 0.5)) * (colors - grey)
    if rng.random() < 0.4:
        colors = cv2.GaussianBlur(colors, (0, 0), rng.uniform(0.4, 1.6))
    colors = colors + np.float32(rng.uniform(0, 0.04)) * rng.standard_normal(colors.shape, np.float32)
    picture = (colors.clip(0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.5:
        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 96))])
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR)
    return picture.astype(np.float32) / 255


def _placed(mask, rng):
    """A mirror or not, a roll and a zoom as a linear map (2, 2) of field space, and a shift (2,) after it, that shows a
    part of the person."""
    zoom, roll = np.exp(rng.uniform(*np.log(ZOOM))), np.radians(rng.normal(0, ROLLED))
    turn = zoom * np.array([[np.cos(roll), -np.sin(roll)], [np.sin(roll), np.cos(roll)]])
    turn[:, 0] *= rng.choice([-1, 1])
    rows, columns = np.nonzero(mask[::4, ::4] > 127)
    pick, size = rng.integers(len(rows)), len(mask) / 4
    middle = np.array([columns[pick] + 0.5, size - rows[pick] - 0.5]) * 2 / size - 1
    middle *= min(1, max(0, 1 - 1 / zoom) * (1 + OFF))
    return turn, -turn @ (middle + rng.normal(0, MOVED, 2))


def _pixels(linear, shift, size, side) -> np.ndarray:
    """The affine map of pixels (2, 3), of a picture of `size` to one of `side`, that moves field places by these."""
    first = np.array([[2 / size, 0, 1 / size - 1], [0, -2 / size, 1 - 1 / size], [0, 0, 1]])
    field = np.vstack([np.column_stack([linear, shift]), [0, 0, 1]])
    last = np.array([[side / 2, 0, side / 2 - 0.5], [0, -side / 2, side / 2 - 0.5], [0, 0, 1]])
    return np.asarray((last @ field @ first)[:2], np.float64)


def _hints(landmarks, turn, shift, rng):
    """The limbs of landmarks (33, 4) once moved; none of few."""
    landmarks = landmarks.astype(np.float32)
    if landmarks.any():
        landmarks[:, :2] = landmarks[:, :2] @ turn.T + shift
        landmarks[:, 2] *= np.linalg.norm(turn[0])
    known = landmarks.any() and rng.random() > UNKNOWN
    return draw_hints(torch.from_numpy(landmarks)[None]) * float(known)


def _tone(rng):
    """A linear colour (3,) of cloth: black, white, like skin, redder than that, or any."""
    kind = rng.random()
    if kind < 0.2:
        return (rng.uniform(0.005, 0.05) * rng.uniform(0.8, 1.2, 3)).astype(np.float32)
    if kind < 0.35:
        return np.full(3, rng.uniform(0.5, 0.9), np.float32)
    if kind < 0.45:
        return (np.array([0.6, 0.33, 0.22]) * rng.uniform(0.3, 1.2)).astype(np.float32)
    if kind < 0.65:
        return (rng.uniform(0.3, 1) * np.array([1, rng.uniform(0, 0.4), rng.uniform(0, 0.3)])).astype(np.float32)
    return (rng.uniform(0, 1, 3) ** 2 * rng.uniform(0.3, 1)).astype(np.float32)


def _print(size, rng):
    """(size, size, 3) factors: stripes, checks or blots."""
    y, x = np.mgrid[:size, :size].astype(np.float32)
    angle, period = rng.uniform(0, np.pi), rng.uniform(6, 40)
    waves = np.sin((x * np.cos(angle) + y * np.sin(angle)) * 2 * np.pi / period)
    kind = rng.random()
    if kind < 0.35:
        waves = waves * np.sin((y * np.cos(angle) - x * np.sin(angle)) * 2 * np.pi / period)
    elif kind < 0.7:
        waves = cv2.GaussianBlur(rng.standard_normal((size, size)).astype(np.float32), (0, 0), period / 4) * period
    shape = 1 / (1 + np.exp(-waves * rng.uniform(2, 12) + rng.uniform(-2, 2)))
    return 1 + shape[..., None] * (rng.uniform(0.2, 1.6, 3).astype(np.float32) - 1)

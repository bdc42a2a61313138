# SPDX-License-Identifier: GPL-3.0-or-later
"""Skin, eyes, hair: colours kept per vertex as linear albedo 0..1."""

from dataclasses import dataclass

import numpy as np

from ...engine.srgb import to_linear as srgb_to_linear
from .body import Body
from .noise import smooth_noise

SKIN = np.array(  # sRGB 0..1, from light to dark
    [
        [0.96, 0.83, 0.76],
        [0.91, 0.74, 0.63],
        [0.84, 0.64, 0.51],
        [0.70, 0.49, 0.36],
        [0.50, 0.33, 0.23],
        [0.30, 0.20, 0.15],
    ]
)
HAIR = np.array(
    [
        [0.07, 0.06, 0.06],
        [0.16, 0.11, 0.08],
        [0.30, 0.20, 0.13],
        [0.48, 0.33, 0.18],
        [0.70, 0.55, 0.33],
        [0.45, 0.17, 0.09],
        [0.62, 0.60, 0.58],
    ]
)
IRIS = np.array([[0.20, 0.12, 0.07], [0.35, 0.22, 0.12], [0.30, 0.40, 0.50], [0.33, 0.40, 0.28]])


def to_linear(srgb: np.ndarray) -> np.ndarray:
    """sRGB, cut off at 0 and 1, to linear 0..1 float32."""
    return srgb_to_linear(np.clip(srgb, 0, 1)).astype(np.float32)


def skin_tone(rng: np.random.Generator) -> np.ndarray:
    """A random tone (3,) sRGB."""
    level = rng.uniform(0, len(SKIN) - 1)
    low = int(level)
    tone = SKIN[low] + (level - low) * (SKIN[min(low + 1, len(SKIN) - 1)] - SKIN[low])
    return np.clip(tone * rng.normal(1, 0.03, 3), 0.05, 1)


def hair_tone(rng: np.random.Generator, skin: np.ndarray) -> np.ndarray:
    """A random hair colour (3,) sRGB, dark with dark skin."""
    dark = skin.mean() < 0.5
    return np.clip(HAIR[rng.integers(0, 2 if dark else len(HAIR))] * rng.uniform(0.8, 1.2), 0, 1)


@dataclass(frozen=True)
class Face:
    """Coordinates of a face in rest for every base vertex, in distances between mouth and eyes: `across` from the
    middle, `up` from the mouth; `ahead`: before the ears, metres."""

    across: np.ndarray
    up: np.ndarray
    ahead: np.ndarray


def face_of(body: Body, rest: np.ndarray) -> Face:
    mouth = rest[body.mask("lips") > 0.5].mean(0)
    eyes = rest[np.unique(np.r_[body.group_faces("helper-l-eye"), body.group_faces("helper-r-eye")])].mean(0)
    ears = rest[body.mask("ears") > 0.5]
    unit = eyes[2] - mouth[2]
    return Face(np.abs(rest[:, 0] - mouth[0]) / unit, (rest[:, 2] - mouth[2]) / unit, ears[:, 1].mean() - rest[:, 1])


def paint_body(body: Body, rest: np.ndarray, skin: np.ndarray, feminine: bool, rng: np.random.Generator) -> np.ndarray:
    """Skin over the base mesh, `rest: (19158, 3)`: noise, lips, nails, flushed ears and cheeks, freckles, make-up;
    returns sRGB (19158, 3)."""
    mottle = 0.03 * smooth_noise(rest, rng, 1 / 0.03) + 0.03 * smooth_noise(rest, rng, 1 / 0.15)
    color = skin * (1 + mottle[:, None])
    face = face_of(body, rest)
    if rng.random() < 0.3:
        spots = np.clip(4 * smooth_noise(rest, rng, 1 / rng.uniform(0.006, 0.014)) - rng.uniform(2, 4.5), 0, 1)
        color = _blend(color, skin * np.array([0.72, 0.58, 0.5]), rng.uniform(0.2, 0.6) * spots)
    made_up = feminine and rng.random() < 0.5
    painted = rng.random() < (0.8 if made_up else 0.1)
    lips = np.array([rng.uniform(0.4, 0.8), 0.12, 0.15]) if painted else skin * np.array([0.88, 0.62, 0.62])
    color = _blend(color, lips, body.mask("lips") * rng.uniform(0.5, 1))
    cheeks = np.exp(-(((face.across - 0.62) / 0.28) ** 2) - ((face.up - 0.45) / 0.3) ** 2) * (face.ahead > 0.02)
    red = skin * np.array([1.0, 0.72, 0.72])
    color = _blend(color, red, rng.uniform(0, 0.45 if made_up else 0.25) * cheeks)
    nose = np.exp(-((face.across / 0.2) ** 2) - ((face.up - 0.5) / 0.2) ** 2) * (face.ahead > 0.05)
    color = _blend(color, red, np.clip(0.5 * body.mask("ears") + rng.uniform(0, 0.3) * nose, 0, 1))
    if made_up:
        color = _blend(color, rng.uniform(0.05, 0.5, 3), rng.uniform(0.2, 0.7) * body.mask("eyelids"))
    if rng.random() < (0.4 if feminine else 0.02):
        color = _blend(color, rng.uniform(0, 0.9, 3), 0.9 * np.maximum(body.mask("fingernails"), body.mask("toenails")))
    return color


def beard(body: Body, rest: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """How much of a beard covers each base vertex, (19158,) 0..1, and its thickness, metres: stubble, a full beard, a
    moustache or a goatee."""
    face = face_of(body, rest)
    line = np.clip(0.9 * (face.across - 0.35), -0.12, 1.1)  # its upper edge, from the corners of the mouth to the ears
    jaw = _soft(line - face.up, 0.12) * _soft(face.up + 1.0, 0.2) * _soft(face.ahead, 0.012)
    lip = _soft(0.5 - face.across, 0.1) * _soft(face.up - 0.1, 0.06) * _soft(0.36 - face.up, 0.06)
    chin = jaw * _soft(0.5 - face.across, 0.15)
    kind = rng.choice(["stubble", "full", "moustache", "goatee"], p=[0.45, 0.3, 0.1, 0.15])
    cover = {"moustache": lip, "goatee": np.maximum(lip, chin)}.get(kind, np.maximum(lip, jaw))
    cover = cover * (1 - body.mask("lips")) * (face.ahead > -0.01) * (face.up < 1.2)
    strength = rng.uniform(0.2, 0.5) if kind == "stubble" else rng.uniform(0.7, 0.97)
    patchy = 1 - rng.uniform(0, 0.3) * np.abs(smooth_noise(rest, rng, 1 / 0.012))
    thick = 0.0 if kind == "stubble" else rng.uniform(0.002, 0.012 if kind == "full" else 0.005)
    return (cover * strength * patchy).astype(np.float32), thick


def _soft(value: np.ndarray, width: float) -> np.ndarray:
    """0 below 0, 1 above `width`."""
    return np.clip(value / width, 0, 1)


def _blend(color: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    return color + np.asarray(share)[:, None] * (other - color)


def paint_eyes(body: Body, rest: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """White, iris and pupil by the angle from the line of sight; linear (19158, 3), meaningful on the eyeballs."""
    iris = IRIS[rng.integers(len(IRIS))]
    color = np.full((len(rest), 3), 0.86)
    for group in ("helper-l-eye", "helper-r-eye"):
        ball = np.unique(body.group_faces(group))
        centre = rest[ball].mean(0)
        ray = rest[ball] - centre
        ahead = -ray[:, 1] / np.maximum(np.linalg.norm(ray, axis=1), 1e-9)
        color[ball] = np.where(ahead[:, None] > 0.97, 0.03, np.where(ahead[:, None] > 0.86, iris, 0.86))
    return to_linear(color)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Colours: skin, hair and cloth, all kept per vertex as linear albedo 0..1."""

import numpy as np

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
    """sRGB 0..1 to linear 0..1 (IEC 61966-2-1)."""
    srgb = np.clip(srgb, 0, 1)
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4).astype(np.float32)


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


def paint_body(body: Body, rest: np.ndarray, skin: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Skin over the base mesh, `rest: (19158, 3)`: noise, lips, nails, flushed ears; returns linear (19158, 3)."""
    mottle = 0.03 * smooth_noise(rest, rng, 1 / 0.03) + 0.03 * smooth_noise(rest, rng, 1 / 0.15)
    color = skin * (1 + mottle[:, None])
    lips = skin * np.array([0.88, 0.62, 0.62]) if rng.random() < 0.7 else np.array([rng.uniform(0.4, 0.8), 0.12, 0.15])
    strength = (body.mask("lips") * rng.uniform(0.5, 1))[:, None]
    color = color * (1 - strength) + lips * strength
    flush = (0.5 * body.mask("ears") + 0.15 * body.mask("face") * np.clip(mottle * 20, 0, 1))[:, None]
    color = color * (1 - flush * np.array([0.0, 0.14, 0.14]))
    return to_linear(color)


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


def cloth_tone(rng: np.random.Generator) -> np.ndarray:
    """A colour people wear (3,) sRGB: greys, blues, browns most, some of any hue, black and white among them."""
    if rng.random() < 0.35:
        return np.full(
            3, rng.choice([rng.uniform(0.03, 0.2), rng.uniform(0.2, 0.6), rng.uniform(0.75, 0.97)])
        ) * rng.normal(1, 0.03, 3)
    hue, saturation, value = rng.uniform(0, 1), rng.beta(2, 2.5), rng.uniform(0.1, 0.95)
    wheel = np.clip(np.abs((hue * 6 + np.array([0, 4, 2])) % 6 - 3) - 1, 0, 1)
    return value * (1 - saturation + saturation * wheel)


def paint_cloth(rest: np.ndarray, rng: np.random.Generator, texel: np.ndarray | None = None) -> np.ndarray:
    """A material over cloth, `rest: (V, 3)` metres: the piece's own texture with changed colours, or plain, stripes,
    checks, camouflage, gradient or two-tone; returns linear (V, 3)."""
    one, two = cloth_tone(rng), cloth_tone(rng)
    if texel is not None and rng.random() < 0.6:
        color = texel[:, :3] * rng.uniform(0.6, 1.3) * np.clip(rng.normal(1, 0.2, 3), 0.4, 1.6)
        return to_linear(color[:, rng.permutation(3)] if rng.random() < 0.3 else color)
    kind = rng.choice(
        ["plain", "stripes", "checks", "camouflage", "gradient", "two_tone", "print"],
        p=[0.52, 0.1, 0.08, 0.06, 0.06, 0.1, 0.08],
    )
    x, y, z = rest.T
    if kind == "plain":
        mix = np.zeros(len(rest))
    elif kind == "stripes":
        along = z if rng.random() < 0.6 else x
        mix = (np.sin(along * rng.uniform(60, 260)) > rng.uniform(-0.6, 0.8)).astype(float)
    elif kind == "checks":
        step = rng.uniform(40, 160)
        mix = 0.5 * (np.sin(x * step) > 0) + 0.5 * (np.sin(z * step) > 0)
    elif kind == "camouflage":
        mix = np.round(2 * np.clip(0.5 + smooth_noise(rest, rng, rng.uniform(5, 14)), 0, 1)) / 2
    elif kind == "gradient":
        mix = np.clip((z - z.min()) / max(np.ptp(z), 1e-6), 0, 1)
    elif kind == "two_tone":
        mix = (z > rng.uniform(np.quantile(z, 0.2), np.quantile(z, 0.9))).astype(float)
    else:  # a print on the chest
        centre, size = np.array([rng.normal(0, 0.05), rng.uniform(0.1, 0.35)]), rng.uniform(0.04, 0.12)
        shape = np.hypot(x - centre[0], z - centre[1]) + 0.03 * smooth_noise(rest, rng, 1 / 0.06)
        mix = ((shape < size) & (y < 0)).astype(float)
    weave = 1 + 0.04 * smooth_noise(rest, rng, 1 / 0.04)
    return to_linear((one + mix[:, None] * (two - one)) * weave[:, None])

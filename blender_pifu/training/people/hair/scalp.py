# SPDX-License-Identifier: GPL-3.0-or-later
"""Colours of hair of people of generation 4, and where on a scalp it grows."""

from functools import lru_cache

import numpy as np

from ..body import Body
from ..library import Library
from ..looks import HAIR, to_linear
from ..skin.skin_maps import corner_uv, load_maps, on_texture

GREY = np.array([0.66, 0.65, 0.63])
DYED = np.array([[0.55, 0.1, 0.2], [0.2, 0.3, 0.6], [0.5, 0.25, 0.55], [0.85, 0.72, 0.5], [0.6, 0.15, 0.08]])


def hair_color(rng: np.random.Generator, skin: np.ndarray, age: float) -> np.ndarray:
    """A random colour (3,) sRGB: dark with dark skin, grey with age, seldom dyed."""
    dark = skin.mean() < 0.5
    color = HAIR[rng.choice(3, p=[0.6, 0.32, 0.08]) if dark else rng.choice(6, p=[0.2, 0.26, 0.24, 0.14, 0.1, 0.06])]
    grey = np.clip((age - 0.62) / 0.3, 0, 1) * rng.uniform(0.1, 1.2)
    color = color + np.clip(grey, 0, 1) * (GREY * rng.uniform(0.75, 1.15) - color)
    if rng.random() < 0.04:
        color = DYED[rng.integers(len(DYED))]
    return np.clip(color * rng.uniform(0.8, 1.25) * rng.normal(1, 0.03, 3), 0.02, 0.95)


class Strands:
    """Streaked hair. Called with a lock's own coordinates (see `locks.Locks`), or mapped on texture coordinates that
    run with the hair. `texture`: grey (h, w) uint8 of a hair style, or None."""

    def __init__(self, rng: np.random.Generator, tone: np.ndarray, texture: np.ndarray | None = None):
        self.tone, self.texture, self.mapped = tone, texture, texture is not None
        self._table = rng.random((64, 257)).astype(np.float32)
        self.contrast = rng.uniform(0.25, 0.6)
        self.roots = rng.uniform(0.6, 1.0) if rng.random() < 0.7 else rng.uniform(0.35, 0.6)
        self.tips = rng.uniform(0.95, 1.25)
        self.fine = int(rng.integers(7, 16))
        self._mean = 1.0 if texture is None else max(float(texture[texture > 20].mean()), 20.0)
        self.base = to_linear(tone)

    def __call__(self, points: np.ndarray, where: np.ndarray, spacing: float = 0.0) -> np.ndarray:
        """Linear (P, 3)."""
        if not len(points):
            return np.zeros((0, 3), np.float32)
        if self.texture is not None:
            return to_linear(self.tone * self._drawn(self.texture, where)[:, None])
        across, along, number = points.T
        lock = np.round(number).astype(int)
        own = self._table[lock % 64, (lock // 64) % 257]
        column = (across * self.fine + 37 * lock).astype(int) % 257
        row = (along * 40).astype(int) % 64
        streak = 0.6 * self._table[lock * 7 % 64, column] + 0.4 * self._table[row, column]
        edge = 1 - 0.22 * np.abs(across) ** 3  # locks part from each other by a darker line
        shade = (1 + self.contrast * (1.1 * (streak - 0.5) + 0.4 * (own - 0.5))) * edge
        shade *= self.roots + (self.tips - self.roots) * np.clip(along / 0.09, 0, 1)
        return to_linear(self.tone * np.clip(shade, 0.15, 2)[:, None])

    def _drawn(self, texture: np.ndarray, uv: np.ndarray) -> np.ndarray:
        drawn = on_texture(texture, uv % 1.0) / self._mean
        streak = self._table[(uv[:, 1] * 3).astype(int) % 64, (uv[:, 0] * 900).astype(int) % 257]
        return np.clip(0.3 + 0.7 * drawn, 0.2, 1.7) * (1 + 0.5 * self.contrast * (streak - 0.5))


@lru_cache(maxsize=1)
def scalp_faces(library: Library, body: Body) -> np.ndarray:
    """Which faces of the body's skin bear hair on the head, (T,) 0..1 of `body.group_faces("body")`."""
    uv = corner_uv(library, body, "body")
    roots = load_maps(library).masks[..., 3]
    return on_texture(roots, uv.reshape(-1, 2)).reshape(-1, 3).mean(1) / 255


@lru_cache(maxsize=1)
def scalp_roots(library: Library, body: Body, count: int = 3000) -> tuple[np.ndarray, np.ndarray]:
    """Evenly spread roots on the mean head: base vertices (count, 3) and weights (count, 3)."""
    rng = np.random.default_rng(0)
    faces = body.group_faces("body")[scalp_faces(library, body) > 0.55]
    a, b, c = body.mean_vertices[faces].transpose(1, 0, 2)
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    order = np.searchsorted(np.cumsum(area), (np.arange(count) + rng.random(count)) / count * area.sum())
    weights = rng.dirichlet([1, 1, 1], count)
    return faces[np.minimum(order, len(faces) - 1)], weights

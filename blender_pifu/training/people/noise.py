# SPDX-License-Identifier: GPL-3.0-or-later
"""Smooth random fields over points, as sums of random waves (random Fourier features)."""

import numpy as np

WAVES = 14


def smooth_noise(points: np.ndarray, rng: np.random.Generator, frequency: float, stretch=(1.0, 1.0, 1.0)) -> np.ndarray:
    """`points: (V, 3)` metres -> (V,) about -1..1 with features of size 1 / `frequency` metres; `stretch` raises the
    frequency along an axis."""
    directions = rng.normal(size=(WAVES, 3)) * np.asarray(stretch)
    directions *= frequency * rng.uniform(0.5, 1.5, (WAVES, 1)) / np.linalg.norm(directions, axis=1, keepdims=True)
    phase = (points @ directions.T.astype(np.float32)) * (2 * np.pi) + rng.uniform(0, 2 * np.pi, WAVES)
    return np.sin(phase, dtype=np.float32).sum(1) / np.float32(0.5 * WAVES) ** 0.5 / 1.6

# SPDX-License-Identifier: GPL-3.0-or-later
"""Folds of cloth: across the limb where a pose presses it together, hanging where it is loose."""

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

KERNELS = 160
REACH = 0.09  # metres, beyond which a fold is not felt


def squeeze(
    faces: np.ndarray, rest: np.ndarray, posed: np.ndarray, smoother: sparse.csr_matrix
) -> tuple[np.ndarray, np.ndarray]:
    """How a pose presses cloth together: unit direction in rest (V, 3) of the strongest pressure, and its strength (V,)
    0..1. `rest`, `posed`: (V, 3) metres; `smoother`: the mean over neighbours."""
    i, j = faces[:, [0, 1, 2]].ravel(), faces[:, [1, 2, 0]].ravel()
    along = rest[j] - rest[i]
    length = np.maximum(np.linalg.norm(along, axis=1), 1e-6)
    pressed = np.clip(1 - np.linalg.norm(posed[j] - posed[i], axis=1) / length, 0, 0.8)
    along = along / length[:, None]
    parts = pressed[:, None] * np.stack([along[:, a] * along[:, b] for a, b in _PAIRS], 1)
    count = np.maximum(np.bincount(i, minlength=len(rest)) + np.bincount(j, minlength=len(rest)), 1)
    tensor = np.stack(
        [np.bincount(i, column, len(rest)) + np.bincount(j, column, len(rest)) for column in parts.T], 1
    ) / count[:, None]  # fmt: skip
    for _ in range(4):
        tensor = 0.5 * tensor + 0.5 * (smoother @ tensor)
    full = np.empty((len(rest), 3, 3))
    for k, (a, b) in enumerate(_PAIRS):
        full[:, a, b] = full[:, b, a] = tensor[:, k]
    values, vectors = np.linalg.eigh(full)
    return vectors[:, :, 2].astype(np.float32), np.clip(2 * values[:, 2], 0, 1).astype(np.float32)


_PAIRS = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))


def pressed_folds(
    points: np.ndarray, tree: cKDTree, direction: np.ndarray, strength: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Height (V,) about -1..1 of folds that lie across the pressure, `points (V, 3)` metres in rest and their tree:
    waves under bell curves, long across the pressure and a wave or two wide along it (a sparse Gabor noise: Lagae et
    al. 2009)."""
    chance = strength.astype(float) ** 1.5
    if chance.sum() < 1e-6:
        return np.zeros(len(points), np.float32)
    centres = rng.choice(len(points), KERNELS, p=chance / chance.sum())
    near = tree.query_ball_point(points[centres], REACH, return_sorted=False)
    sizes = np.fromiter((len(found) for found in near), int, KERNELS)
    vertex, kernel = np.concatenate(near), np.repeat(np.arange(KERNELS), sizes)
    wave = rng.uniform(0.022, 0.055, KERNELS).astype(np.float32)[kernel]
    phase = rng.uniform(0, 2 * np.pi, KERNELS).astype(np.float32)[kernel]
    arm = (points[vertex] - points[centres][kernel]).astype(np.float32)
    along = np.einsum("nc,nc->n", arm, direction[centres][kernel])
    across = np.einsum("nc,nc->n", arm, arm) - along * along
    wave = along / wave
    bell = np.exp(-np.square(wave / 0.9) - across / 0.05**2) * strength[centres][kernel]
    height = np.bincount(vertex, bell * np.cos(2 * np.pi * wave + phase), len(points))
    return np.clip(height, -1, 1).astype(np.float32)

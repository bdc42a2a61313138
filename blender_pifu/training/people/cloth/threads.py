# SPDX-License-Identifier: GPL-3.0-or-later
"""The distances that a mesh of cloth keeps: along its edges, across its faces, and over its edges against bending."""

from dataclasses import dataclass

import numpy as np

from .pattern import sides_of, unique_edges

EDGE, SHEAR, BEND = 2e-3, 2.0, 25.0  # compliance over the squared step, for a point of unit mass
SPRING = 1.04  # bends push at most to this share of the straight distance in the cut, where that is not flat


@dataclass(frozen=True)
class Threads:
    """Ends `i`, `j (M,)`, `rest (M,)` metres, `soft (M,)` as cloth.c takes it; the first `edges` are the mesh's."""

    i: np.ndarray
    j: np.ndarray
    rest: np.ndarray
    soft: np.ndarray
    edges: int


@dataclass(frozen=True)
class Measure:
    """What threads are measured on, at every vertex: `loose (V, 3)` the cut's shape, `close (V, 3)` the body's, to
    which ribbing draws it by `tight (V,)` 0..1; `axes (V, 3)` unit directions along limbs; `uneven (V,)` by how much,
    in parts, threads are too long there."""

    loose: np.ndarray
    close: np.ndarray
    axes: np.ndarray
    tight: np.ndarray
    uneven: np.ndarray

    def finer(self, matrix) -> "Measure":
        """On a subdivided mesh."""
        return Measure(*(matrix @ getattr(self, name) for name in Measure.__dataclass_fields__))


def spin(quads: np.ndarray, measure: Measure, gather: float, length: float, bend: float, tied: np.ndarray) -> Threads:
    """Threads of a mesh. `gather`, `length`: around and along limbs, in parts of the measured; `bend`: softness;
    `tied (K, 2)`: pairs of vertices held together, as buttons do."""
    edges, diagonals, bends, over = _pairs(quads)
    i, j = np.concatenate([edges, diagonals, bends]).T
    held = np.minimum(measure.tight[i], measure.tight[j])
    across = (measure.loose[i] - measure.loose[j]) * (1 - held)[:, None]
    across += 1.02 * (measure.close[i] - measure.close[j]) * held[:, None]
    axis = measure.axes[i] + measure.axes[j]
    axis /= np.maximum(np.linalg.norm(axis, axis=1, keepdims=True), 1e-9)
    along = np.einsum("nc,nc->n", across, axis)
    around = np.sqrt(np.maximum(np.einsum("nc,nc->n", across, across) - along * along, 0))
    length = length * (1 + 0.5 * (measure.uneven[i] + measure.uneven[j]))
    rest = np.hypot((1 + (gather - 1) * (1 - held)) * around, length * along)
    first = len(edges) + len(diagonals)
    # Cloth is flat when nothing bends it, so opposite corners are as far apart as the way between them is long.
    way = sum(np.linalg.norm(measure.loose[bends[:, k]] - measure.loose[over], axis=1) for k in (0, 1))
    rest[first:] *= np.clip(way / np.maximum(np.linalg.norm(across[first:], axis=1), 1e-9), 1, SPRING)
    soft = np.repeat([EDGE, SHEAR, -BEND * bend], [len(edges), len(diagonals), len(bends)])
    soft[first:] *= 1 - 0.9 * held[first:]
    if len(tied):
        i, j = np.r_[i, tied[:, 0]], np.r_[j, tied[:, 1]]
        rest, soft = np.r_[rest, np.full(len(tied), 0.004)], np.r_[soft, np.full(len(tied), 2 * EDGE)]
    return Threads(i.astype(np.int32), j.astype(np.int32), rest.astype(np.float32), soft.astype(np.float32), len(edges))


def _pairs(quads: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Edges (E, 2); diagonals of quads (D, 2); pairs of vertices beyond each other (B, 2) and the one between (B,)."""
    sides, face = sides_of(quads)
    edges, edge, count = unique_edges(sides)
    whole = quads[quads[:, 3] >= 0]
    diagonals = np.concatenate([whole[:, [0, 2]], whole[:, [1, 3]]])
    corners = np.bincount(face, minlength=len(quads))
    start = np.cumsum(corners) - corners
    before, after = np.arange(len(sides)) - 1, np.arange(len(sides)) + 1
    before[start], after[start + corners - 1] = start + corners - 1, start
    order = np.argsort(edge, kind="stable")
    first = (np.cumsum(count) - count)[count == 2]
    one, two = order[first], order[first + 1]  # one side runs a -> b, the other b -> a
    pairs = np.concatenate([
        np.stack([sides[before[one], 0], sides[after[two], 1]], 1),
        np.stack([sides[after[one], 1], sides[before[two], 0]], 1),
    ])  # fmt: skip
    over = np.concatenate([sides[one, 0], sides[one, 1]])
    kept = pairs[:, 0] != pairs[:, 1]
    pairs, over = pairs[kept], over[kept]
    _, chosen = np.unique(pairs.min(1).astype(np.int64) << 32 | pairs.max(1), return_index=True)
    return edges, diagonals, pairs[chosen], over[chosen]

# SPDX-License-Identifier: GPL-3.0-or-later
"""Normals from the field's own values at lattice points that were sampled anyway, without asking it again."""

import numpy as np

from .marching_cubes import logits
from .mesh import vertex_normals

# The mesh's normal stands where the two differ by more than 60 degrees: at a cut, where the field ends, or in a crease.
LEAST_AGREEMENT = 0.5


def gradient_normals(lattice, value_at, vertices):
    """Unit outward directions (V, 3) float32, field space, in which the field falls at vertices on the lattice's edges.

    lattice: see Lattice; value_at: keys (M,) -> occupancy (M,), 0 where unknown; vertices: (V, 3) float32, field space.
    The logit's slopes at the two ends of a vertex's edge, by central differences where both neighbours are known and
    by one-sided ones where one is, mixed by where the vertex lies between them. 0 where nothing is known.
    """
    steps = (vertices.astype(np.float64) + 1) / lattice.spacing
    nearest = np.round(steps)
    rows, axis = np.arange(len(steps)), np.abs(steps - nearest).argmax(1)
    start = nearest.astype(np.int64)
    start[rows, axis] = np.floor(steps[rows, axis])
    share = (steps - start)[rows, axis, None]
    lower = lattice.keys(start)
    ends, index = np.unique(np.stack([lower, lower + lattice.axis_offsets[axis]]), return_inverse=True)
    first, last = _slopes(lattice, value_at, ends)[index.reshape(2, -1)]
    return _unit(first * (share - 1) - last * share)


def best_normals(vertices, faces, gradients):
    """Unit normals (V, 3) float32 of a mesh: `gradients (V, 3)` where they agree roughly with the faces round them."""
    mesh = vertex_normals(vertices, faces)
    agree = np.einsum("vi,vi->v", mesh, gradients) > LEAST_AGREEMENT
    return np.where(agree[:, None], gradients, mesh)


def _slopes(lattice, value_at, keys):
    """Differences (N, 3) of the logit along the axes, a step, at lattice points `keys (N,)`."""
    here = logits(value_at(keys))
    slopes = np.empty((len(keys), 3))
    for axis, offset in enumerate(lattice.axis_offsets):
        before, after = value_at(keys - offset), value_at(keys + offset)
        low, high = np.where(before > 0, logits(before), here), np.where(after > 0, logits(after), here)
        slopes[:, axis] = (high - low) / np.maximum((before > 0).astype(int) + (after > 0), 1)
    return slopes


def _unit(vectors):
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.maximum(length, np.finfo(float).tiny)).astype(np.float32)

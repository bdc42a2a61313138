# SPDX-License-Identifier: GPL-3.0-or-later
"""Lips that touch and do not pass through each other: those of the mean head do, by a quarter of a millimetre, and so
do those of most heads fitted to photos."""

from dataclasses import replace
from functools import lru_cache

import numpy as np

from ...body.head import Head, load_head
from ...surface.mesh import neighbour_mean, split_quads, vertex_normals
from ..crossings import crossing_pairs
from .template import load_template

NEAR_M = 0.045  # metres from the middle of the lips, what is looked at
STEP_M, ROUNDS = 0.00012, 8  # that what crosses is sunk into its own lip at once, and how often at most


def with_lips_apart(head: Head) -> Head:
    """The head with no triangles of its lips passing through others without an expression, or fewer."""
    triangles, mean = _about_lips()
    count = mean.shape[0]
    skin = head.neutral[:count].copy()
    for _ in range(ROUNDS):
        pairs = crossing_pairs(skin, triangles)
        if not len(pairs):
            break
        share = np.zeros(count)
        share[np.unique(triangles[pairs])] = 1
        share = np.maximum(share, mean @ share)
        skin -= STEP_M * share[:, None] * vertex_normals(skin, triangles)
    moved = np.zeros_like(head.neutral)
    moved[:count] = skin - head.neutral[:count]
    return replace(head, lips=moved)


@lru_cache(maxsize=1)
def _about_lips():
    """The triangles (T, 3) of the skin about the lips, and a sparse matrix that takes means over neighbours there."""
    template = load_template()
    lips = load_head().mark_vertices[load_head().mark_groups == "lips"]
    near = np.linalg.norm(template.rest - template.rest[lips].mean((0, 1)), axis=1) < NEAR_M
    triangles = split_quads(template.faces)[0]
    triangles = triangles[near[triangles].all(1)]
    return triangles, neighbour_mean(triangles, len(template.rest))

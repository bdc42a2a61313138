# SPDX-License-Identifier: GPL-3.0-or-later
"""The bones of a fitted body, in the space of its mesh: the rest pose is the pose of the mesh."""

from dataclasses import dataclass

import numpy as np

from .bones import ARM, BONES, INDEX, LEG, PARENTS, SIDES, TRUNK
from .fit import Fit
from .model import load_body


@dataclass(frozen=True)
class Skeleton:
    """names: (B,) str; parents: (B,) int32, -1 the root, before their children; heads, tails: (B, 3) float32, the
    mesh's space; stands_for: (52,) int32, which of these bones moves what a canonical bone moves: itself or, where it
    is left out, the next on its way to the root."""

    names: np.ndarray
    parents: np.ndarray
    heads: np.ndarray
    tails: np.ndarray
    stands_for: np.ndarray


def skeleton(fit: Fit) -> Skeleton:
    """The bones of all parts that the photo shows, field space."""
    body = load_body()
    heads = fit.rows[body.head_rows]
    ends = dict(zip(body.tail_bones, fit.rows[body.tail_rows], strict=True))
    tails = np.stack([ends[bone] if bone in ends else heads[INDEX[_next(bone)]] for bone in BONES])
    kept = np.flatnonzero(fit.seen)
    number = np.full(len(BONES), -1)
    number[kept] = np.arange(len(kept))
    stands_for = number.copy()
    for bone, parent in enumerate(PARENTS):
        if stands_for[bone] < 0:
            stands_for[bone] = stands_for[parent]
    parents = np.array([-1 if PARENTS[bone] < 0 else number[PARENTS[bone]] for bone in kept], np.int32)
    return Skeleton(np.array(BONES)[kept], parents, heads[kept], tails[kept], stands_for.astype(np.int32))


def _next(bone):
    """The bone at whose head this one ends."""
    if bone in TRUNK:
        return TRUNK[TRUNK.index(bone) + 1]
    name, side = bone[:-2], bone[-2:]
    assert side in SIDES
    if name == "hand":
        return "middle_1" + side
    for chain in (ARM, LEG):
        if name in chain:
            return chain[chain.index(name) + 1] + side
    finger, joint = name.rsplit("_", 1)
    return f"{finger}_{int(joint) + 1}{side}"

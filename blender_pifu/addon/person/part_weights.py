# SPDX-License-Identifier: GPL-3.0-or-later
"""Skin weights of a bone set from those of the canonical bones: parted along limbs, shared with helpers. numpy only.

A helper bone turns half as far as its limb. Where skin hangs as much on the trunk as on the limb, linear blending puts
it on the chord between both; the helper takes it along the arc, as "half joints" do in rigs for film.
"""

import numpy as np

from ...result_file import Rig
from .bones import Bone

_RAMP = 0.4  # of a bone's length: over so much of it the weights go from one of its parts to the next
LEAST_WEIGHT = 0.05  # a bone that has no vertex with so much moves nothing one would see
_HELP = 0.9  # of what limb and trunk have in common goes to the helper at most; more makes armpits bulge
_AWAY = 0.12  # of weight in common: below it skin is not of the shoulder, and weights may have been dropped
_TRUNK = ("shoulder{}", "upper_chest", "chest", "spine", "neck")


def part_weights(rig: Rig, vertices: np.ndarray, bones: list[Bone]) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """(bone's name, vertex indices, weights) of each deforming bone that moves something: at most 4 a vertex, sum 1.

    vertices (V, 3) are what `rig` gives weights to. Where a set parts a bone, the weights are parted along it.
    """
    parts = [[bone for bone in bones if bone.of == name and bone.deform] for name in rig.names]
    table = np.zeros((len(vertices), len(rig.names)))
    np.add.at(table, (np.arange(len(vertices))[:, None], rig.weight_bones), rig.weights)
    columns: list[tuple[Bone, np.ndarray, np.ndarray]] = []
    for bone in bones:
        if bone.helps in rig.names:
            taken = take(table, [rig.names.index(bone.helps)], trunk_columns(rig.names, bone.helps))
            rows = np.flatnonzero(taken)
            columns += [(bone, rows, taken[rows])] if len(rows) else []
    for index, own in enumerate(parts):
        rows = np.flatnonzero(table[:, index] > 0)
        if not len(rows):
            continue
        axis = (rig.tails[index] - rig.heads[index]).astype(np.float64)
        along = (vertices[rows] - rig.heads[index]) @ axis / (axis @ axis)
        columns += [(bone, rows, table[rows, index] * _share(bone, own, along)) for bone in own]
    return _limited([column for column in columns if column[2].max() >= LEAST_WEIGHT], len(vertices))


def trunk_columns(names, limb: str) -> list[int]:
    """Which of the canonical bones `names` are the trunk that a limb, as "upper_arm.L", hangs on."""
    trunk = {name.format(limb[-2:]) for name in _TRUNK}
    return [index for index, name in enumerate(names) if name in trunk]


def take(table: np.ndarray, limb: list[int], trunk: list[int]) -> np.ndarray:
    """Take a helper's weights (V,) out of those of a limb's and the trunk's columns of `table` (V, B), in place."""
    ours, theirs = table[:, limb].sum(1), table[:, trunk].sum(1)
    common = np.maximum(np.minimum(ours, theirs) - _AWAY, 0)
    common *= _HELP * common / (common + _AWAY)  # begins softly
    for columns, whole in ((limb, ours), (trunk, theirs)):
        table[:, columns] *= (1 - common / np.maximum(whole, 1e-12))[:, None]
    return 2 * common


def give_back(table: np.ndarray, limb: list[int], trunk: list[int], taken: np.ndarray) -> None:
    """Put a helper's weights (V,) back where `take` had them from, in place."""
    for columns in (limb, trunk):
        left = table[:, columns]
        whole = left.sum(1, keepdims=True)
        shares = np.where(whole > 1e-9, left / np.maximum(whole, 1e-9), 1 / max(len(columns), 1))
        table[:, columns] = left + shares * taken[:, None] / 2


def _limited(columns, count: int):
    rows = np.concatenate([rows for _, rows, _ in columns])
    names = np.concatenate([np.full(len(rows), index) for index, (_, rows, _) in enumerate(columns)])
    weights = np.concatenate([weights for _, _, weights in columns])
    order = np.lexsort((-weights, rows))
    rows, names, weights = rows[order], names[order], weights[order]
    rank = np.arange(len(rows)) - np.searchsorted(rows, rows)
    keep = (rank < 4) & (weights > 1e-5)
    rows, names, weights = rows[keep], names[keep], weights[keep]
    weights = weights / np.bincount(rows, weights, minlength=count)[rows]
    result = []
    for index, (bone, _, _) in enumerate(columns):
        mine = names == index
        if mine.any():
            result.append((bone.name, rows[mine], weights[mine]))
    return result


def _share(bone: Bone, parts: list[Bone], along: np.ndarray) -> np.ndarray:
    """How much of a canonical bone's weight goes to this part of it, by where along the bone a vertex is."""
    share = np.ones(len(along))
    for end, first in ((bone.span[0], 0.0), (bone.span[1], 1.0)):
        if len(parts) > 1 and end != first:
            rise = np.clip((along - end) / _RAMP + 0.5, 0, 1)
            rise = rise * rise * (3 - 2 * rise)
            share *= rise if end == bone.span[0] else 1 - rise
    return share

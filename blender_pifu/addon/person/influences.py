# SPDX-License-Identifier: GPL-3.0-or-later
"""The weights of a person's vertex groups as games take them: few to a vertex, of sum 1."""

import numpy as np

from .human import Human, group_weights

MOST_INFLUENCES = 4


def limit_influences(person: Human) -> None:
    """Keep the strongest four of each vertex."""
    rows, groups, weights = group_weights(person.body)
    order = np.lexsort((-weights, rows))
    rank = np.empty(len(rows), int)
    rank[order] = np.arange(len(rows)) - np.searchsorted(rows[order], rows[order])
    weak = rank >= MOST_INFLUENCES
    for row, group in zip(rows[weak].tolist(), groups[weak].tolist(), strict=True):
        person.body.vertex_groups[group].remove((row,))
    normalise_weights(person)


def normalise_weights(person: Human) -> None:
    """Have the weights of each vertex sum to 1."""
    rows, groups, weights = group_weights(person.body)
    sums = np.bincount(rows, weights, minlength=len(person.body.data.vertices))
    keep = (sums[rows] > 0) & (np.abs(sums[rows] - 1) > 1e-6)
    set_weights(person, rows[keep], groups[keep], weights[keep] / sums[rows[keep]])


def set_weights(person: Human, rows: np.ndarray, groups: np.ndarray, weights: np.ndarray) -> None:
    """Give vertices (N,) these weights (N,) in groups (N,), by index."""
    for row, group, weight in zip(rows.tolist(), groups.tolist(), weights.tolist(), strict=True):
        person.body.vertex_groups[group].add((row,), weight, "REPLACE")


def idle_bones(person: Human) -> list:
    """The bones of the person's armature that are to deform the mesh and move nothing of it."""
    _rows, groups, weights = group_weights(person.body)
    names = [group.name for group in person.body.vertex_groups]
    moving = {names[group] for group in np.unique(groups[weights > 0]).tolist()} if len(groups) else set()
    return [bone for bone in person.armature.data.bones if bone.use_deform and bone.name not in moving]


def turn_deform_off(person: Human) -> None:
    """Have bones that move nothing count as bones that do not deform, and take away their empty groups."""
    for bone in idle_bones(person):
        bone.use_deform = False
        if bone.name in person.body.vertex_groups:
            person.body.vertex_groups.remove(person.body.vertex_groups[bone.name])

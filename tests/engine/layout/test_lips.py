# SPDX-License-Identifier: GPL-3.0-or-later
"""Lips touch, and pass through nothing."""

import numpy as np
import pytest
import torch

from blender_pifu.engine.body.head import Head, load_head
from blender_pifu.engine.layout.animation.lips import with_lips_apart
from blender_pifu.engine.layout.animation.template import load_template
from blender_pifu.engine.layout.crossings import crossing_faces
from blender_pifu.engine.surface.mesh import split_quads


def head_of(identity):
    still = np.zeros(len(load_head().actions))
    return Head(torch.zeros(20), identity, still, np.eye(3), 1.0, np.zeros(3), 0.0, 0.001)


def crossed(head):
    """How many triangles of the face pass through others without an expression."""
    template = load_template()
    skin = head.neutral[: len(template.rest)]
    triangles = split_quads(template.faces)[0]
    face = np.linalg.norm(template.rest - head.neutral[load_head().mark_vertices].mean((0, 1)), axis=1) < 0.1
    return int(crossing_faces(skin, triangles[face[triangles].all(1)]).sum())


@pytest.mark.parametrize("seed", [None, 0, 1, 2])
def test_lips_pass_through_nothing_and_lie_where_they_did(seed):
    count = len(load_head().modes)
    head = head_of(np.zeros(count) if seed is None else np.random.default_rng(seed).normal(0, 0.7, count))
    apart = with_lips_apart(head)
    assert crossed(apart) == 0 and (crossed(head) > 0 or seed in (1, 2))
    moved = np.linalg.norm(apart.neutral - head.neutral, axis=1)
    assert moved.max() < 0.0008
    assert (moved > 0).sum() < 400, "the rest of the head stays"
    assert np.array_equal(apart.expressed - apart.neutral, head.expressed - head.neutral)

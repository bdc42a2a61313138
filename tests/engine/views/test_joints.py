# SPDX-License-Identifier: GPL-3.0-or-later
"""How joints stand otherwise in another photo: limbs follow them as the body's own do."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from blender_pifu.engine.body.bones import INDEX
from blender_pifu.engine.body.model import load_body, rotation
from blender_pifu.engine.views.joints import SWAY_DEG, TURNS, joints_near, joints_of
from helpers.body_photos import STANDING, photo, posed


def turned(bone: str, vector) -> np.ndarray:
    turns = np.zeros((len(SWAY_DEG), 3))
    turns[list(SWAY_DEG).index(bone)] = vector
    return turns.ravel()


def test_a_limb_turns_with_its_joint_as_the_posed_body_does():
    body, pose = load_body(), posed(STANDING)
    rows = np.arange(body.skin_vertices)
    before, turn = body.pose(pose).double().numpy(), (0.2, 0.1, 0.0)
    moved = joints_of(before, rows).moved(before[rows], turned("thigh.L", turn))
    rotations = pose.rotations.clone()
    rotations[INDEX["thigh.L"]] = rotation(torch.tensor([turn]))[0] @ rotations[INDEX["thigh.L"]]
    after = body.pose(replace(pose, rotations=rotations)).numpy()[rows]
    assert np.abs(moved - after).max() < 1e-4
    assert np.linalg.norm(after - before[rows], axis=1).max() > 0.1


def test_slopes_tell_how_places_move_with_small_turns():
    seen = photo(posed(STANDING))
    joints = joints_near(seen, seen.vertices)
    turns = np.random.default_rng(0).normal(size=TURNS) * 1e-4
    moved = joints.moved(seen.vertices, turns) - seen.vertices
    assert joints.slopes(seen.vertices) @ turns == pytest.approx(moved, abs=1e-6)

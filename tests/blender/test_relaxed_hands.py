# SPDX-License-Identifier: GPL-3.0-or-later
"""A-pose and T-pose relax the hands: nobody's rest pose is a fist, nor a flat hand."""

import numpy as np
import pytest

from blender_pifu.addon.posing.poses import turns
from blender_pifu.engine.body.bones import BONES, PARENT_NAMES, SIDES
from blender_pifu.engine.body.fit import Fit
from blender_pifu.engine.body.model import load_body
from blender_pifu.engine.body.skeleton import skeleton
from blender_pifu.engine.hands.finger_chain import BENDS, FingerChain
from blender_pifu.engine.hands.hand_pose import relaxed


def bent(heads, tails, side):
    """Degrees from the hand's direction to each finger's end."""
    along = tails["hand" + side] - heads["hand" + side]
    ends = [tails[f"{finger}_3{side}"] - heads[f"{finger}_3{side}"] for finger in ("index", "middle", "ring", "little")]
    return np.degrees([np.arccos(along @ end / np.linalg.norm(along) / np.linalg.norm(end)) for end in ends])


def joints(angles):
    """Heads and tails by bone of a body with such hands, Blender's axes."""
    body, pose = load_body(), load_body().rest_pose()
    for side in SIDES:
        pose = FingerChain(body, pose, side).posed(angles)
    bones = skeleton(Fit(pose, body.pose(pose).numpy(), 0.0, 1.0, "surface", None, np.ones(len(BONES), bool)))
    heads, tails = (np.stack([p[:, 0], -p[:, 2], p[:, 1]], 1) for p in (bones.heads, bones.tails))
    return dict(zip(BONES, heads, strict=True)), dict(zip(BONES, tails, strict=True))


def turned(heads, tails, rotations):
    """Where the bones are after the rotations."""
    new_heads, new_tails = {}, {}
    for bone, parent in PARENT_NAMES.items():
        before = rotations[parent] if parent else rotations[bone]
        start = new_heads[parent] + before @ (heads[bone] - heads[parent]) if parent else heads[bone]
        new_heads[bone], new_tails[bone] = start, start + rotations[bone] @ (tails[bone] - heads[bone])
    return new_heads, new_tails


@pytest.mark.parametrize("pose", ["A", "T"])
@pytest.mark.parametrize("bend", [1.0, 0.0, None], ids=["fist", "flat", "relaxed"])
def test_hands_are_relaxed(pose, bend):
    angles = relaxed()
    if bend is not None:
        angles[BENDS] = bend
    heads, tails = joints(angles)
    parents = {bone: parent or "" for bone, parent in PARENT_NAMES.items()}
    rotations = turns(pose, heads, tails, parents)
    after = turned(heads, tails, rotations)
    wanted = bent(*joints(relaxed()), ".L")
    for side in SIDES:
        np.testing.assert_allclose(bent(*after, side), wanted, atol=8)
    if bend is None:  # already so: next to nothing is moved
        ahead = rotations["hand.L"].T @ rotations["index_1.L"]
        assert np.degrees(np.arccos((np.trace(ahead) - 1) / 2)) < 8

# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn a rigged mesh's bones to given directions and skin it: to see what its weights are worth."""

import numpy as np

from ...engine.body.skeleton import Skeleton
from ...result_file import Rig
from ..people.pose import between

# Directions in the person's frame: x to their left, y up, z forward.
POSES = {
    "T-pose": {
        "upper_arm.L": (1, 0, 0), "forearm.L": (1, 0, 0), "hand.L": (1, 0, 0),
        "upper_arm.R": (-1, 0, 0), "forearm.R": (-1, 0, 0), "hand.R": (-1, 0, 0),
    },
    "arms up": {
        "shoulder.L": (1, 0.5, 0), "upper_arm.L": (0.35, 1, 0), "forearm.L": (0.1, 1, 0.1), "hand.L": (0, 1, 0),
        "shoulder.R": (-1, 0.5, 0), "upper_arm.R": (-0.35, 1, 0), "forearm.R": (-0.1, 1, 0.1), "hand.R": (0, 1, 0),
    },
    "knee lifted": {
        "thigh.L": (0.15, -0.1, 1), "shin.L": (0.05, -1, 0), "upper_arm.L": (0.5, -1, 0), "upper_arm.R": (-0.5, -1, 0),
    },
}  # fmt: skip


def repose(vertices, skeleton: Skeleton | Rig, bones, weights, directions) -> np.ndarray:
    """`vertices (V, 3)` skinned by `bones, weights (V, 4)` after the named bones were turned, each by the smallest
    rotation, to `directions` in the frame of the person's hips; field space."""
    names = list(skeleton.names)
    frame = _hip_frame(skeleton, names)
    turns, moves = np.zeros((len(names), 3, 3)), np.zeros((len(names), 3))
    for index, name in enumerate(names):
        parent = skeleton.parents[index]
        turn = np.eye(3) if parent < 0 else turns[parent]
        head = skeleton.heads[index] if parent < 0 else turns[parent] @ skeleton.heads[index] + moves[parent]
        if name in directions:
            along = turn @ (skeleton.tails[index] - skeleton.heads[index])
            turn = between(along, frame @ np.array(directions[name], float)) @ turn
        turns[index], moves[index] = turn, head - turn @ skeleton.heads[index]
    posed = np.zeros(vertices.shape)
    for slot in range(bones.shape[1]):
        bone = bones[:, slot]
        posed += weights[:, slot, None] * (np.einsum("vij,vj->vi", turns[bone], vertices) + moves[bone])
    return posed.astype(np.float32)


def _hip_frame(skeleton, names):
    """(3, 3): columns the person's left, up and forward."""
    left = skeleton.heads[names.index("thigh.L")] - skeleton.heads[names.index("thigh.R")]
    up = skeleton.heads[names.index("neck")] - skeleton.heads[names.index("hips")]
    left = left / np.linalg.norm(left)
    up = up - (up @ left) * left
    up = up / np.linalg.norm(up)
    return np.stack([left, up, np.cross(left, up)], 1)

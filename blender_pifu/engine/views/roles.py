# SPDX-License-Identifier: GPL-3.0-or-later
"""Which side of the person a photo shows."""

import numpy as np
import torch

from ..body.model import load_body
from .shared_body import Camera, SharedBody

SIDES = ("front", "front left", "left", "back left", "back", "back right", "right", "front right")


def role_of(shared: SharedBody, camera: Camera) -> str:
    """One of SIDES: the side of the person's trunk on which the camera stood; left is the person's own."""
    body = load_body()
    heads = body.rest(torch.zeros(len(body.basis)))[body.head_rows]
    ahead = body.chain(shared.pose, heads)[0][body.bones.index("chest")].numpy() @ (0, 0, 1)
    turn = np.arctan2(*camera.towards[[0, 2]]) - np.arctan2(ahead[0], ahead[2])
    return SIDES[round(float(turn) / (np.pi / 4)) % len(SIDES)]

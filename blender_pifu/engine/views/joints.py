# SPDX-License-Identifier: GPL-3.0-or-later
"""A pose for each photo: how its joints stand otherwise than those of the one body that all photos share."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from scipy.spatial import cKDTree

from ..body.bones import INDEX, SIDES
from ..body.model import load_body, rotation
from .one_photo import OnePhoto

# Degrees, standard deviation, about each axis, that a joint turns between photos of somebody who tries to keep still.
SWAY_DEG = {
    "chest": 1.0,
    "neck": 3.0,
    **{
        bone + side: spread
        for bone, spread in {"upper_arm": 4.0, "forearm": 5.0, "thigh": 1.5, "shin": 1.5, "foot": 4.0}.items()
        for side in SIDES
    },
}
TURNS = 3 * len(SWAY_DEG)  # components of the turns of all joints
SPREAD = np.repeat(np.radians(list(SWAY_DEG.values())), 3)
SKIN = 8  # vertices of the skin that a place hangs on


@dataclass(frozen=True)
class Joints:
    """heads (J, 3): where the joints of SWAY_DEG lie; hangs (V, J), 0..1: how much each of V places hangs on them."""

    heads: np.ndarray
    hangs: np.ndarray

    def moved(self, points: np.ndarray, turns: np.ndarray) -> np.ndarray:
        """The places (V, 3) after turns of the joints, rotation vectors (TURNS,) in the places' space."""
        step = np.zeros(points.shape)
        for k, turn in enumerate(rotation(torch.from_numpy(turns.reshape(-1, 3))).numpy()):
            step += self.hangs[:, k, None] * ((points - self.heads[k]) @ (turn - np.eye(3)).T)
        return points + step

    def slopes(self, points: np.ndarray) -> np.ndarray:
        """(V, 3, TURNS): how the places (V, 3) move with small turns."""
        levers = points[:, None] - self.heads
        x, y, z = (self.hangs * levers[..., axis] for axis in range(3))
        still = np.zeros_like(x)
        about_x, about_y, about_z = np.stack([still, -z, y]), np.stack([z, still, -x]), np.stack([-y, x, still])
        return np.stack([about_x, about_y, about_z], -1).transpose(1, 0, 2, 3).reshape(len(points), 3, TURNS)


def joints_of(posed: np.ndarray, rows: np.ndarray) -> Joints:
    """Of some rows (n,) of a body that is posed, all rows (N, 3)."""
    return Joints(_heads(posed), _hangs()[rows])


def joints_near(photo: OnePhoto, points: np.ndarray) -> Joints:
    """Of points (V, 3) on a photo's surface, by its fitted body."""
    skin = slice(0, load_body().skin_vertices)
    apart, near = cKDTree(photo.rows[skin]).query(points, k=SKIN)
    share = 1 / (apart / photo.metre + 1e-3) ** 2
    hangs = (share[..., None] * _hangs()[near]).sum(1) / share.sum(1)[:, None]
    return Joints(_heads(photo.rows), hangs)


def _heads(rows):
    return rows[load_body().head_rows][[INDEX[bone] for bone in SWAY_DEG]].astype(np.float64)


@lru_cache(maxsize=1)
def _hangs():
    body = load_body()
    return (body.weights @ body.descendants[[INDEX[bone] for bone in SWAY_DEG]].T).double().numpy()

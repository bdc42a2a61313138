# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of poses before a photo is seen: how far each joint turns about which axis, and where it stops.

Turns are relative to the model's rest pose; each bone has axes of its own: twist along the bone, then the hinge, then
the third. Figures are those of everyday joints, rounded.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from .bones import INDEX, SIDES
from .model import BodyModel, Pose, load_body, rotation_vector

FREE = 1e3
# Degrees: spread about (x or twist, y or hinge, z or third); then the hinge's least and greatest turn.
TRUNK_SPREAD = {
    "spine": (8, 8, 6), "chest": (8, 8, 6), "upper_chest": (6, 6, 5), "neck": (10, 14, 8), "head": (12, 18, 10),
}  # fmt: skip
LIMB_SPREAD = {
    "shoulder": (8, 10, 10), "upper_arm": (30, 60, 60), "forearm": (30, 50, 4), "hand": (15, 15, 15),
    "thigh": (15, 40, 15), "shin": (7, 40, 3), "foot": (10, 14, 7),
}  # fmt: skip
LIMITS = {"forearm": (-42.0, 105.0), "shin": (-10.0, 150.0)}
LIMIT_SPREAD = 1.5
ACTIVE = tuple(INDEX[bone] for bone in ("hips", *TRUNK_SPREAD)) + tuple(
    INDEX[bone + side] for side in SIDES for bone in LIMB_SPREAD
)


@dataclass(frozen=True)
class PosePrior:
    """Per active bone: axes (A, 3, 3) in columns, spread (A, 3), least and greatest turn (A, 3); radians."""

    axes: Tensor
    spread: Tensor
    least: Tensor
    greatest: Tensor

    def rows(self, pose: Pose) -> tuple[Tensor, Tensor]:
        """Residuals (R,) in standard deviations and their derivatives (R, 3 A) with respect to left factors."""
        own, beyond, slope = (each[0] for each in self.turns(pose.rotations[None, list(ACTIVE)]))
        limit = np.radians(LIMIT_SPREAD)
        residual = torch.cat([(own / self.spread).ravel(), (beyond / limit).ravel()])
        count = len(own)
        derivative = torch.zeros(2, count, 3, count, 3)
        each = torch.arange(count)
        derivative[0, each, :, each] = slope / self.spread[:, :, None]
        derivative[1, each, :, each] = slope * (beyond != 0)[:, :, None] / limit
        return residual, derivative.reshape(2 * 3 * count, 3 * count)

    def turns(self, rotations: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of the active bones' rotations (N, A, 3, 3): how far each is turned about its own axes (N, A, 3), how far
        that is beyond its limits (N, A, 3), radians, and the former's derivatives (N, A, 3, 3) with respect to left
        factors."""
        vectors = rotation_vector(rotations.reshape(-1, 3, 3)).reshape(rotations.shape[:-1])
        own = torch.einsum("aij,nai->naj", self.axes, vectors)
        beyond = (own - self.greatest).clamp_min(0) + (own - self.least).clamp_max(0)
        # d log(exp(d) R) = J^-1(log R) d; then along the bone's axes.
        inverse = _inverse_left_jacobian(vectors.reshape(-1, 3)).reshape(rotations.shape)
        return own, beyond, torch.einsum("aij,naik->najk", self.axes, inverse)


def _inverse_left_jacobian(vectors):
    """(A, 3, 3) of rotation vectors (A, 3). Sola et al. 2018, "A micro Lie theory", eq. 146."""
    angle = vectors.norm(dim=1).clamp_min(1e-4)
    x, y, z = vectors.unbind(1)
    zero = torch.zeros_like(x)
    skew = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], 1).reshape(-1, 3, 3)
    factor = 1 / angle**2 - (1 + torch.cos(angle)) / (2 * angle * torch.sin(angle).clamp_min(1e-4))
    return torch.eye(3) - skew / 2 + factor[:, None, None] * (skew @ skew)


@lru_cache(maxsize=1)
def pose_prior() -> PosePrior:
    """The prior of the packed body."""
    body = load_body()
    heads = body.mean[body.head_rows]
    axes, spread, least, greatest = [], [], [], []
    for index in ACTIVE:
        bone = body.bones[index]
        name = bone[:-2] if bone[-2:] in SIDES else bone
        axes.append(_limb_axes(body, heads, bone) if name in LIMB_SPREAD else torch.eye(3))
        spread.append(TRUNK_SPREAD.get(name) or LIMB_SPREAD.get(name) or (FREE, FREE, FREE))
        low, high = LIMITS.get(name, (-FREE, FREE))
        least.append((-FREE, low, -FREE))
        greatest.append((FREE, high, FREE))
    return PosePrior(
        torch.stack(axes), *(torch.deg2rad(torch.tensor(x, dtype=torch.float32)) for x in (spread, least, greatest))
    )


def _limb_axes(body: BodyModel, heads, bone):
    """Twist, hinge, third in columns; the hinge so that a positive turn bends elbow and knee."""
    name, side = bone[:-2], bone[-2:]
    follows = {"shoulder": "upper_arm", "upper_arm": "forearm", "forearm": "hand", "hand": "middle_1",
               "thigh": "shin", "shin": "foot", "foot": "toe"}  # fmt: skip
    place = {b: heads[INDEX[b + side]] for b in follows} | {b: heads[INDEX[b + side]] for b in follows.values()}
    twist = torch.nn.functional.normalize(place[follows[name]] - place[name], dim=0)
    if name == "forearm":
        hinge = torch.linalg.cross(place["forearm"] - place["upper_arm"], twist)
    else:
        hinge = torch.tensor([1.0, 0, 0]) if name in ("thigh", "shin", "foot") else torch.tensor([0.0, 1, 0])
    hinge = torch.nn.functional.normalize(hinge - (hinge @ twist) * twist, dim=0)
    return torch.stack([twist, hinge, torch.linalg.cross(twist, hinge)], 1)

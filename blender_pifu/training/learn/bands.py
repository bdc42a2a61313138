# SPDX-License-Identifier: GPL-3.0-or-later
"""Losses on what of maps is coarse, fine or sharp: depth in two bands, slopes at three scales, agreement of normals
with depth, and the texture of what cannot be known pixel by pixel."""

import torch
import torch.nn.functional as F
from torch import Tensor

BASE_M = 0.02  # spread of the blur that parts the base of depth from its detail
SCALES = (1, 2, 4)  # pixels between what is compared
JUMP = 0.03  # field units of a difference of depth from which on more counts less
STEEP = 0.35  # normals with less towards the camera tell of an outline, where drawn depth is no surface
PATCH = 32  # pixels in whose Gram matrix a texture is


def parted(depth: Tensor, solid: Tensor, pixels_a_metre: Tensor) -> tuple[Tensor, Tensor]:
    """Base and detail of depths (B, C, h, w): blurred by BASE_M within `solid (B, 1, h, w)`, and the rest, 0 elsewhere;
    pixels_a_metre (B,). Two boxes are near enough to a Gaussian."""
    depth = depth * solid
    base = torch.stack([_blur(d, s, p) for d, s, p in zip(depth, solid, pixels_a_metre.tolist(), strict=True)])
    return base, depth - base


def _blur(weighted: Tensor, solid: Tensor, pixels_a_metre: float) -> Tensor:
    side = max(3, 2 * round(1.2 * BASE_M * pixels_a_metre) + 1)
    side = min(side, weighted.shape[-1] // 2 * 2 - 1)
    both = torch.cat([weighted, solid])[None]
    for _ in range(2):
        both = F.avg_pool2d(F.avg_pool2d(both, (1, side), 1, (0, side // 2)), (side, 1), 1, (side // 2, 0))
    return both[0, :-1] / both[0, -1:].clamp_min(1e-3) * solid


def slopes(error: Tensor, solid: Tensor, dampened: float | None = None) -> Tensor:
    """Mean absolute difference of an error (B, C, h, w) between pixels at three scales, a channel: form without place.
    dampened: from which difference on it grows as its logarithm only, as it does where depth jumps."""
    total = error.new_zeros(())
    for step in SCALES:
        if step > 1:
            share = F.avg_pool2d(solid, 2)
            error = F.avg_pool2d(error * solid, 2) / share.clamp_min(1e-3)
            solid = (share > 0.99).float()
        for axis in (2, 3):
            length = error.shape[axis] - 1
            change = (error.narrow(axis, 1, length) - error.narrow(axis, 0, length)).abs()
            both = solid.narrow(axis, 1, length) * solid.narrow(axis, 0, length)
            if dampened:
                change = dampened * torch.log1p(change / dampened)
            total = total + (change * both).sum() / (both.sum() * error.shape[1]).clamp_min(1)
    return total / (2 * len(SCALES))


def disagreement(depth: Tensor, normals: Tensor, true: Tensor, solid: Tensor, pitch: float, facing: int) -> Tensor:
    """Mean L1 distance of drawn normals (B, 3, h, w) from those of the drawn depth (B, 1, h, w), field units; where the
    true ones are not steep. pitch: of pixels; facing: 1 towards the camera, -1 away."""
    right = (depth[..., 1:-1, 2:] - depth[..., 1:-1, :-2]) / (2 * pitch)
    up = (depth[..., :-2, 1:-1] - depth[..., 2:, 1:-1]) / (2 * pitch)
    own = facing * F.normalize(torch.cat([-right, -up, torch.ones_like(right)], 1), dim=1)
    inner = (..., slice(1, -1), slice(1, -1))
    weight = -F.max_pool2d(-solid, 3, 1)
    weight = weight * (facing * true[inner][:, 2:3] > STEEP)
    return ((own - normals[inner]).abs().sum(1, keepdim=True) * weight).sum() / weight.sum().clamp_min(1)


def texture_error(drawn: Tensor, true: Tensor, solid: Tensor) -> Tensor:
    """Mean difference of local Gram matrices of the slopes of maps (B, C, h, w) at three scales: how much is going on
    in a patch and in which directions, wherever in the patch it is. The mean of all that could be there is smooth,
    so a loss by pixels alone draws no folds on a back (Gatys et al. 2015 and Simoncelli & Portilla 2000)."""
    total = drawn.new_zeros(())
    for level, _ in enumerate(SCALES):
        patch = PATCH >> level
        grams = [_gram(_edges(values, solid), patch) for values in (drawn, true)]
        weight = F.avg_pool2d(solid[..., 1:, 1:], patch, patch // 2)
        change = (grams[0].clamp_min(1e-8).sqrt() - grams[1].clamp_min(1e-8).sqrt()).abs().mean(1, keepdim=True)
        total = total + (change * weight).sum() / weight.sum().clamp_min(1)
        share = F.avg_pool2d(solid, 2)
        drawn, true = (F.avg_pool2d(values * solid, 2) / share.clamp_min(1e-3) for values in (drawn, true))
        solid = (share > 0.99).float()
    return total / len(SCALES)


def _edges(values: Tensor, solid: Tensor) -> Tensor:
    """Differences along both axes, (B, 2 C, h - 1, w - 1), 0 where one of the pixels is not solid."""
    here, there = values[..., 1:, 1:], solid[..., 1:, 1:]
    right = (here - values[..., 1:, :-1]) * there * solid[..., 1:, :-1]
    down = (here - values[..., :-1, 1:]) * there * solid[..., :-1, 1:]
    return torch.cat([right, down], 1)


def _gram(edges: Tensor, patch: int) -> Tensor:
    """Means over patches of the squares of differences to the right, downwards and of both together: those of all
    directions follow from them."""
    right, down = edges.chunk(2, 1)
    return F.avg_pool2d(torch.cat([right, down, right + down], 1).square(), patch, patch // 2)

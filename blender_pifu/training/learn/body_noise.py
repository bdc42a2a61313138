# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies as wrong as fitted ones are, for networks that read them.

Of people of generation 4, fitted bodies lie 4.5 cm before or behind the true one in a pixel, normals are 21 degrees
off, and the outlines cover each other by 0.80: bodies are off as a whole, in the thickness of parts, and often by a
limb that the surface or the landmarks had at the wrong depth. The constants below make errors of that size.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from ...engine.networks.body_maps import BACK_NORMALS, FRONT_NORMALS
from .pictures import unit_body

DROPPED = 0.5  # share of samples that are given no body
# Metres: spread of the depth of the whole, of parts, and of how thick they are; of places in the picture.
WHOLE_M, PARTS_M, THICK_M, ASIDE_M = 0.02, 0.045, 0.012, 0.01
LIMB, LIMB_M, LIMB_REACH_M = 0.6, 0.10, (0.08, 0.25)  # how often a limb is wrong, by how much, how large it is
TURN, WIDER = 0.025, 0.03  # spreads: radians in the picture; share of the size


def fitted(bodies: Tensor, scale: Tensor, generator: torch.Generator) -> Tensor:
    """Drawn bodies (B, CHANNELS, h, w) as if fitted, half of them left out; scale (B,): field units a metre."""
    count, _, size, _ = bodies.shape

    def draw(*shape: int) -> Tensor:
        return torch.randn(count, *shape, generator=generator)

    metre = scale.view(-1, 1, 1, 1)
    turn, wider = TURN * draw(), 1 + WIDER * draw()
    rows = torch.stack([wider * turn.cos(), -turn.sin(), turn.sin(), wider * turn.cos()], 1).view(-1, 2, 2)
    away = ASIDE_M * scale[:, None] * draw(2)
    grid = F.affine_grid(torch.cat([rows, away[..., None]], 2), [count, 1, size, size], align_corners=False)
    grid = grid + (ASIDE_M * metre * _smooth(draw(2, 5, 5), size)).permute(0, 2, 3, 1)
    moved = F.grid_sample(bodies, grid, align_corners=False)
    share = moved[:, :1]
    moved = unit_body(moved / share.clamp_min(1e-3) * (share >= 0.5))
    there = moved[:, :1]
    offset = WHOLE_M * draw(1, 1, 1) + PARTS_M * _smooth(draw(1, 4, 4), size)
    offset = (offset + _limbs(there, scale, generator)) * metre
    thicker = THICK_M * _smooth(draw(1, 6, 6), size) * metre
    front, back = moved[:, 1:2] + offset + thicker, moved[:, 2:3] + offset - thicker
    front_normals = _tilted(moved[:, FRONT_NORMALS], offset + thicker, 1)
    back_normals = _tilted(moved[:, BACK_NORMALS], offset - thicker, -1)
    kept = (torch.rand(count, 1, 1, 1, generator=generator) >= DROPPED).float()
    return unit_body(torch.cat([there, front, back, front_normals, back_normals], 1) * there) * kept


def _smooth(knots: Tensor, size: int) -> Tensor:
    return F.interpolate(knots, (size, size), mode="bicubic", align_corners=True)


def _limbs(there: Tensor, scale: Tensor, generator: torch.Generator) -> Tensor:
    """Metres (B, 1, h, w) that a round part of some bodies is too far or too near."""
    size = there.shape[-1]
    across = (torch.arange(size) + 0.5) / size * 2 - 1
    out = torch.zeros_like(there)
    for i in torch.nonzero(torch.rand(len(there), generator=generator) < LIMB)[:, 0].tolist():
        pixels = there[i, 0].nonzero()
        if not len(pixels):
            continue
        row, column = pixels[int(torch.randint(len(pixels), (1,), generator=generator))]
        low, high = LIMB_REACH_M
        reach = (low + (high - low) * torch.rand(1, generator=generator)) * scale[i]
        off = (across[None] - across[column]).square() + (across[:, None] - across[row]).square()
        out[i, 0] = LIMB_M * torch.randn(1, generator=generator) * torch.exp(-0.5 * off / reach**2)
    return out


def _tilted(normals: Tensor, offset: Tensor, facing: int) -> Tensor:
    """Normals of a surface z(x, y), which faces the camera or not, after `offset` is added to it."""
    pitch = 2 / offset.shape[-1]
    right = F.pad(offset[..., 2:] - offset[..., :-2], (1, 1, 0, 0), mode="replicate") / (2 * pitch)
    up = F.pad(offset[..., :-2, :] - offset[..., 2:, :], (0, 0, 1, 1), mode="replicate") / (2 * pitch)
    along = normals[:, 2:3].abs()
    return normals - facing * along * torch.cat([right, up, torch.zeros_like(right)], 1)

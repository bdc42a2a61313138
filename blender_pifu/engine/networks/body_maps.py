# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fitted body says of a person, drawn for the coarse level: where it is, and depth and normals of both sides.

Normals and depth of a body as further input are ICON's (Xiu et al. 2022); here the network was trained on bodies that
are a little wrong or missing, so that the photo wins where the two disagree.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BODY_PX = 128
CHANNELS = 9  # whether the body is there; z of front and back; normals of front and back
FRONT, BACK = 1, 2  # the channels of depth
FRONT_NORMALS, BACK_NORMALS = slice(3, 6), slice(6, 9)


def stack_body(front_depth: Tensor, back_depth: Tensor, front_normals: Tensor, back_normals: Tensor) -> Tensor:
    """(B, CHANNELS, h, w) of depths (B, 1, h, w), field units, and unit normals (B, 3, h, w), 0 where the body is not;
    reduced to BODY_PX. ValueError where sides are no multiple of that."""
    there = (front_normals.abs().sum(1, keepdim=True) > 0).float()
    body = torch.cat([there, front_depth, back_depth, front_normals, back_normals], 1)
    factor, left = divmod(body.shape[-1], BODY_PX)
    if left or not factor:
        raise ValueError(f"a body drawn at {body.shape[-1]} pixels cannot be reduced to {BODY_PX}")
    return whole_pixels(F.avg_pool2d(body * there, factor))


def whole_pixels(body: Tensor) -> Tensor:
    """Drawn bodies whose outermost pixels are covered in part: those of half or more become whole, the others empty."""
    share = body[:, :1]
    return body / share.clamp_min(1e-3) * (share >= 0.5)


def mirrored_body(body: Tensor) -> Tensor:
    """The drawn body (B, CHANNELS, h, w) of the mirror image."""
    return body.flip(3) * body.new_tensor([1, 1, 1, -1, 1, 1, -1, 1, 1]).view(1, CHANNELS, 1, 1)


def body_from_behind(body: Tensor) -> Tensor:
    """The same body seen from the other side, pixels in their places."""
    swapped = body[..., [0, 2, 1, 6, 7, 8, 3, 4, 5], :, :]
    return swapped * body.new_tensor([1, -1, -1, 1, 1, -1, 1, 1, -1]).view(CHANNELS, 1, 1)


class BodyStem(nn.Module):
    """What a drawn body adds to the features at the core's resolution; starts as nothing, and is nothing without a
    body."""

    def __init__(self, channels: int):
        super().__init__()
        self.look = nn.Conv2d(CHANNELS, channels, 3, padding=1, bias=False)
        self.out = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        nn.init.zeros_(self.out.weight)

    def forward(self, body: Tensor, size: tuple[int, int]) -> Tensor:
        """`body (B, CHANNELS, h, w)` -> (B, channels, *size)."""
        if body.shape[-2:] != size:
            body = F.interpolate(body, size, mode="area")
        return self.out(F.silu(self.look(body)))


def body_depths(body: Tensor, size: tuple[int, int]) -> Tensor:
    """Depth of front and back (B, 2, *size) of a drawn body, 0 off it."""
    return F.interpolate(body[:, FRONT : BACK + 1].float(), size, mode="bilinear", align_corners=False)

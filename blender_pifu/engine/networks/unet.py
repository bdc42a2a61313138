# SPDX-License-Identifier: GPL-3.0-or-later
"""A small U-Net (Ronneberger et al. 2015) that works on half of a picture's resolution and draws on all of it."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

GROUPS = 8  # of channels that are normed together


class Block(nn.Module):
    """Two convolutions, the second beside what the first gives; normed: each with a norm over groups of channels (Wu
    and He 2018)."""

    def __init__(self, inner: int, outer: int, stride: int = 1, normed: bool = False):
        super().__init__()
        self.first = nn.Conv2d(inner, outer, 3, stride, 1)
        self.second = nn.Conv2d(outer, outer, 3, 1, 1)
        self.norms = nn.ModuleList(nn.GroupNorm(GROUPS, outer) if normed else nn.Identity() for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        first, second = self.norms
        x = F.leaky_relu(first(self.first(x)), 0.1)
        return x + F.leaky_relu(second(self.second(x)), 0.1)


class UNet(nn.Module):
    """Draws (B, outer, h, w) from (B, inner, h, w), sides multiples of `step`. It begins with zeros."""

    def __init__(self, inner: int, outer: int, widths: tuple[int, ...], normed: bool = False):
        """widths: channels at a half of the resolution, a quarter, and so on; normed: what follows convolutions has a
        norm, so that it learns faster and tells no heights."""
        super().__init__()
        self.step = 2 ** len(widths)
        inners, strides = (4 * inner, *widths), (1, *[2] * (len(widths) - 1))
        beside = [sum(pair) for pair in zip(widths, widths[1:], strict=False)]
        self.down = nn.ModuleList(Block(*how, normed) for how in zip(inners, widths, strides, strict=False))
        self.up = nn.ModuleList(Block(*how, normed=normed) for how in zip(beside, widths, strict=False))
        self.last = nn.Conv2d(widths[0], 4 * outer, 3, 1, 1)
        for values in self.last.parameters():
            nn.init.zeros_(values)

    def forward(self, x: Tensor) -> Tensor:
        x, seen = F.pixel_unshuffle(x, 2), []
        for block in self.down:
            x = block(x)
            seen.append(x)
        for block, beside in zip(reversed(self.up), reversed(seen[:-1]), strict=True):
            x = block(torch.cat([F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False), beside], 1))
        return F.pixel_shuffle(self.last(x).float(), 2)

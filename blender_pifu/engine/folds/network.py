# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of folds: the relief of a few centimetres that the photo's shades tell of.

The levels draw a person's form, and of the folds on it next to none. How a shade tells of a slope is a matter of the
few centimetres about it, of the light, and of where the surface looks as a whole: so a small U-Net (Ronneberger et al.
2015) of these draws folds, as a height over the drawn surface, from which slopes follow: depth and normals agree.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..networks.maps import unit_normals
from .shades import CHANNELS

STEEP = 0.05  # a surface that looks farther away from the camera is taken for one that does not


@dataclass(frozen=True)
class FoldConfig:
    """Channels at a half of the photo's resolution, a quarter, and so on."""

    widths: tuple[int, ...] = (48, 64, 96, 96)

    @property
    def step(self) -> int:
        """What the sides of its input are multiples of."""
        return 2 ** len(self.widths)


class _Block(nn.Module):
    def __init__(self, inner: int, outer: int, stride: int = 1):
        super().__init__()
        self.first = nn.Conv2d(inner, outer, 3, stride, 1)
        self.second = nn.Conv2d(outer, outer, 3, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.leaky_relu(self.first(x), 0.1)
        return x + F.leaky_relu(self.second(x), 0.1)


class FoldNetwork(nn.Module):
    """Draws the height of folds over the drawn surface, (B, 1, h, w) in pixels, from what `stack_shades` gives, (B,
    CHANNELS, h, w), sides multiples of `config.step`. It begins with none."""

    def __init__(self, config: FoldConfig | None = None):
        super().__init__()
        self.config = config or FoldConfig()
        widths = self.config.widths
        inner, strides = (4 * CHANNELS, *widths), (1, *[2] * (len(widths) - 1))
        self.down = nn.ModuleList(map(_Block, inner, widths, strides))
        self.up = nn.ModuleList(map(_Block, map(sum, zip(widths, widths[1:], strict=False)), widths))
        self.height = nn.Conv2d(widths[0], 4, 3, 1, 1)
        for values in self.height.parameters():
            nn.init.zeros_(values)

    def forward(self, shades: Tensor) -> Tensor:
        x, seen = F.pixel_unshuffle(shades, 2), []
        for block in self.down:
            x = block(x)
            seen.append(x)
        for block, beside in zip(reversed(self.up), reversed(seen[:-1]), strict=True):
            x = block(torch.cat([F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False), beside], 1))
        return F.pixel_shuffle(self.height(x).float(), 2)


def folded(normals: Tensor, height: Tensor) -> Tensor:
    """Unit normals (B, 3, h, w) of the surface with `normals` once a height (B, 1, h, w), pixels, is laid on it."""
    around = F.pad(height, (1, 1, 1, 1), mode="replicate")
    right = (around[..., 1:-1, 2:] - around[..., 1:-1, :-2]) / 2
    up = (around[..., :-2, 1:-1] - around[..., 2:, 1:-1]) / 2
    towards = normals[:, 2:].clamp_min(STEEP)
    return unit_normals(torch.cat([normals[:, :2] - towards * torch.cat([right, up], 1), towards], 1))

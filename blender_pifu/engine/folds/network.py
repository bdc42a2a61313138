# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of folds: the relief of a few centimetres that the photo's shades tell of.

The levels draw a person's form, and of the folds on it next to none. How a shade tells of a slope is a matter of the
few centimetres about it, of the light, and of where the surface looks as a whole: so a small U-Net of these draws
folds, as a height over the drawn surface, from which slopes follow: depth and normals agree.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..networks.maps import unit_normals
from ..networks.unet import UNet
from .shades import CHANNELS

STEEP = 0.05  # a surface that looks farther away from the camera is taken for one that does not


@dataclass(frozen=True)
class FoldConfig:
    """Channels at a half of the photo's resolution, a quarter, and so on."""

    widths: tuple[int, ...] = (48, 64, 96, 96)


class FoldNetwork(nn.Module):
    """Draws the height of folds over the drawn surface, (B, 1, h, w) in pixels, from what `stack_shades` gives, (B,
    CHANNELS, h, w), sides multiples of `step`. It begins with none."""

    def __init__(self, config: FoldConfig | None = None):
        super().__init__()
        self.config = config or FoldConfig()
        self.unet = UNet(CHANNELS, 1, self.config.widths)

    @property
    def step(self) -> int:
        """What the sides of its input are multiples of."""
        return self.unet.step

    def forward(self, shades: Tensor) -> Tensor:
        return self.unet(shades)


def folded(normals: Tensor, height: Tensor) -> Tensor:
    """Unit normals (B, 3, h, w) of the surface with `normals` once a height (B, 1, h, w), pixels, is laid on it."""
    around = F.pad(height, (1, 1, 1, 1), mode="replicate")
    right = (around[..., 1:-1, 2:] - around[..., 1:-1, :-2]) / 2
    up = (around[..., :-2, 1:-1] - around[..., 2:, 1:-1]) / 2
    towards = normals[:, 2:].clamp_min(STEEP)
    return unit_normals(torch.cat([normals[:, :2] - towards * torch.cat([right, up], 1), towards], 1))

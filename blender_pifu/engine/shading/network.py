# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of shading: by how much each pixel is brighter or darker than the light that was found makes it.

A small U-Net. What it adds to the light's spherical harmonics begins as nothing: cast shadows, hollows, highlights, and
light that comes from so low or so near that harmonics of the second order do not hold it.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ..networks.unet import UNet
from ..srgb import DARKEST, to_linear

CHANNELS = 13  # of what is seen
MOST = 2.5  # of logarithms of linear colours, each way
MIDDLE = -2.0  # of logarithms of a person's colours, about which they are told


@dataclass(frozen=True)
class ShadingConfig:
    """Channels at a half of the input's resolution, a quarter, and so on."""

    widths: tuple[int, ...] = (16, 32, 56, 88, 112, 112)


class ShadingNetwork(nn.Module):
    """Draws the logarithm (B, 3, h, w) of what linear colours are multiplied by beside the light that was found, from
    what `stack_lit` gives, sides multiples of `step`."""

    def __init__(self, config: ShadingConfig | None = None):
        super().__init__()
        self.config = config or ShadingConfig()
        self.unet = UNet(CHANNELS, 3, self.config.widths, normed=True)

    @property
    def step(self) -> int:
        """What the sides of its input are multiples of."""
        return self.unet.step

    def forward(self, seen: Tensor) -> Tensor:
        return self.unet(seen)


def stack_lit(photo: np.ndarray, normals: np.ndarray, shading: np.ndarray) -> Tensor:
    """(CHANNELS, h, w) of a photo (h, w, 4), sRGB and matte 0..1, of a surface with unit normals (h, w, 3), and by what
    (h, w, 3) the light that was found multiplies linear colours.

    In order: colours (3), matte, normals (3), logarithms of the light (3), and of colours without it (3); 0 beyond the
    person."""
    colors, matte = photo[..., :3].astype(np.float32), photo[..., 3:].astype(np.float32)
    light = np.log(shading)
    bare = np.log(to_linear(colors) + DARKEST) - light - MIDDLE
    parts = [colors - 0.5, np.ones_like(matte), normals, light, bare.clip(-MOST, MOST) / 2]
    return torch.from_numpy(np.ascontiguousarray((np.dstack(parts) * matte).transpose(2, 0, 1), np.float32))

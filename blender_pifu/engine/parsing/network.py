# SPDX-License-Identifier: GPL-3.0-or-later
"""The network of human parsing: which label each pixel of a person has, and which the hidden side has behind it.

A small U-Net of the photo, the drawn normals and the limbs: what a garment is shows in where it lies on the body, and
where it ends in colours.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..labels import LABELS
from ..networks.limb_maps import CHANNELS as LIMB_CHANNELS
from ..networks.unet import UNet

CHANNELS, MATTE = 7 + LIMB_CHANNELS, 3  # of what is seen, and which of them is the matte
WORN = len(LABELS) - 1  # all but the background, which the matte tells


@dataclass(frozen=True)
class ParsingConfig:
    """Channels at a half of the input's resolution, a quarter, and so on."""

    widths: tuple[int, ...] = (32, 48, 64, 96, 128, 128)


class ParsingNetwork(nn.Module):
    """Draws logits of the labels but the background, of what is seen and of what is behind: twice (B, WORN, h, w), from
    what `stack_seen` gives, sides multiples of `step`."""

    def __init__(self, config: ParsingConfig | None = None):
        super().__init__()
        self.config = config or ParsingConfig()
        self.unet = UNet(CHANNELS, 2 * WORN, self.config.widths, normed=True)

    @property
    def step(self) -> int:
        """What the sides of its input are multiples of."""
        return self.unet.step

    def forward(self, seen: Tensor) -> tuple[Tensor, Tensor]:
        front, back = self.unet(seen).chunk(2, 1)
        return front, back


def stack_seen(photo: Tensor, normals: Tensor, hints: Tensor) -> Tensor:
    """(B, CHANNELS, h, w) of photos (B, 4, h, w), sRGB and matte 0..1, drawn normals (B, 3, h, w), and limbs as
    `draw_hints` gives them, of any size."""
    matte = photo[:, 3:]
    limbs = F.interpolate(hints, photo.shape[-2:], mode="bilinear", align_corners=False)
    return torch.cat([(photo[:, :3] - 0.5) * matte, matte, normals * matte, limbs], 1)

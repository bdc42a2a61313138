# SPDX-License-Identifier: GPL-3.0-or-later
"""The fine level: redraws the coarse level's maps at twice its resolution, for folds, fingers and faces.

As PIFuHD's (Saito et al. 2020, section 3.2) it sees a larger photo together with what the coarse level understood, and
may be trained on windows of it: nothing in it normalises across pixels, so a window is drawn as in the whole.
"""

import dataclasses
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .coarse import Maps, double, silence, unit_normals

MAPS = 12  # drawn channels: normals 3 + 3, depth 1 + 1, hidden side's colour 3 and how much of it is the front's
DEPTH_STEP = 0.05  # field units a drawn unit of depth moves the coarse surface
GATE_START = -4.0


@dataclass(frozen=True)
class FineConfig:
    """Sizes of the fine level; stored beside the weights."""

    widths: tuple[int, ...] = (16, 32, 64)


class Block(nn.Module):
    """Two convolutions beside a shortcut; starts as the identity."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv1, self.conv2 = (nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2))
        silence(self.conv2)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(F.silu(self.conv1(F.silu(x))))


class FineLevel(nn.Module):
    """A shallow U-Net on photo, coarse maps and coarse features; draws what is to be added to the maps."""

    def __init__(self, config: FineConfig, features: int):
        """`features`: channels of the coarse level's `Maps.fine`."""
        super().__init__()
        self.config = config
        steps = list(zip(config.widths, config.widths[1:], strict=False))
        self.stem = nn.Conv2d(4 + 8 + 3 + features, config.widths[0], 3, padding=1)
        self.enter = Block(config.widths[0])
        self.down = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, 3, stride=2, padding=1), Block(b), Block(b)) for a, b in steps
        )
        self.merge = nn.ModuleList(nn.Conv2d(b + a, a, 1) for a, b in steps)
        self.up = nn.ModuleList(nn.Sequential(Block(a), Block(a)) for a, _ in steps)
        self.draw = nn.Conv2d(config.widths[0], MAPS, 3, padding=1)
        silence(self.draw)
        self.draw.get_parameter("bias").data[-1] = GATE_START

    def forward(self, image: Tensor, coarse: Maps) -> Maps:
        """`image (B, 4, h, w)` masked photo in [-1, 1] and mask, `coarse` maps enlarged to its size -> maps as fine as
        the image. Sides must be multiples of `stride`."""
        features = coarse.fine * torch.rsqrt(coarse.fine.square().mean(1, keepdim=True) + 1e-6)
        drawn = (coarse.front_normals, coarse.back_normals, coarse.front_depth, coarse.back_depth, coarse.back_rgb)
        skips = [self.enter(self.stem(torch.cat([image, *drawn, features.to(image)], 1)))]
        for stage in self.down:
            skips.append(stage(skips[-1]))
        x = skips.pop()
        for merge, up in zip(reversed(self.merge), reversed(self.up), strict=True):
            x = up(merge(torch.cat([double(x), skips.pop()], 1)))
        added = self.draw(F.silu(x)).float()
        front = ((image.float()[:, :3] / image.float()[:, 3:].clamp_min(0.1)) + 1) / 2
        painted = (coarse.back_rgb + added[:, 8:11]).clamp(0, 1)
        return dataclasses.replace(
            coarse,
            front_normals=unit_normals(coarse.front_normals + added[:, 0:3]),
            back_normals=unit_normals(coarse.back_normals + added[:, 3:6]),
            front_depth=coarse.front_depth + DEPTH_STEP * added[:, 6:7],
            back_depth=coarse.back_depth + DEPTH_STEP * added[:, 7:8],
            back_rgb=torch.lerp(painted, front.clamp(0, 1), torch.sigmoid(added[:, 11:12])),
        )

    @property
    def stride(self) -> int:
        """Pixels to which a window's place and sides must be aligned."""
        return 1 << len(self.down)


def enlarged(maps: Maps) -> Maps:
    """Maps of twice the resolution, by interpolation; `wide` stays: it is sampled by place, not by pixel."""
    values = {
        field.name: double(getattr(maps, field.name)) for field in dataclasses.fields(maps) if field.name != "wide"
    }
    for name in ("front_normals", "back_normals"):
        values[name] = unit_normals(values[name])
    return Maps(**values, wide=maps.wide)

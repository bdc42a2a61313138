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

from .coarse import silence
from .maps import Maps, double, front_colors, unit_normals

MAPS = 12  # drawn channels: normals 3 + 3, depth 1 + 1, hidden side's colour 3 and how much of it is the front's
DEPTH_STEP = 0.05  # field units a drawn unit of depth moves the coarse surface
GATE_START = -4.0
JOINED = 8  # channels that are doubled at once


@dataclass(frozen=True)
class FineConfig:
    """Sizes of the fine level; stored beside the weights."""

    widths: tuple[int, ...] = (16, 32, 64)
    deep: int = 0  # further blocks at each resolution
    labels: int = 0  # as the coarse level's
    shading: bool = False


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
        count = 2 + config.deep
        self.down = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, 3, stride=2, padding=1), *(Block(b) for _ in range(count))) for a, b in steps
        )
        self.merge = nn.ModuleList(nn.Conv2d(b + a, a, 1) for a, b in steps)
        self.up = nn.ModuleList(nn.Sequential(*(Block(a) for _ in range(count))) for a, _ in steps)
        self.draw = nn.Conv2d(config.widths[0], MAPS, 3, padding=1)
        silence(self.draw)
        self.draw.get_parameter("bias").data[-1] = GATE_START
        self.further = FurtherMaps(config) if config.labels or config.shading else None

    def forward(self, image: Tensor, coarse: Maps) -> Maps:
        """`image (B, 4, h, w)` masked photo in [-1, 1] and mask, `coarse` maps enlarged to its size -> maps as fine as
        the image. Sides must be multiples of `stride`."""
        features = coarse.fine * torch.rsqrt(coarse.fine.square().mean(1, keepdim=True) + 1e-6)
        drawn = (coarse.front_normals, coarse.back_normals, coarse.front_depth, coarse.back_depth, coarse.back_rgb)
        seen = self.stem(torch.cat([image, *drawn, features.to(image)], 1))
        if self.further is not None:
            seen = seen + self.further.look(self.further.known(coarse).to(image))
        skips = [self.enter(seen)]
        del features, seen  # tens of megabytes
        for stage in self.down:
            skips.append(stage(skips[-1]))
        x = skips.pop()
        for merge, up in zip(reversed(self.merge), reversed(self.up), strict=True):
            x = up(merge(_joined(x, skips.pop())))
        x = F.silu(x)
        added = self.draw(x).float()
        painted = (coarse.back_rgb + added[:, 8:11]).clamp(0, 1)
        maps = dataclasses.replace(
            coarse,
            front_normals=unit_normals(coarse.front_normals + added[:, 0:3]),
            back_normals=unit_normals(coarse.back_normals + added[:, 3:6]),
            front_depth=coarse.front_depth + DEPTH_STEP * added[:, 6:7],
            back_depth=coarse.back_depth + DEPTH_STEP * added[:, 7:8],
            back_rgb=torch.lerp(painted, front_colors(image), torch.sigmoid(added[:, 11:12])),
        )
        return maps if self.further is None else self.further(x, maps)

    @property
    def stride(self) -> int:
        """Pixels to which a window's place and sides must be aligned."""
        return 1 << len(self.down)

    def widen(self, smaller: "FineLevel") -> None:
        """Take the weights of a level with fewer blocks or resolutions, and begin by drawing what that drew."""
        self.load_state_dict(self.state_dict() | smaller.state_dict())
        for merge in self.merge[len(smaller.merge) :]:  # what comes from further below is nothing at first
            assert isinstance(merge, nn.Conv2d) and merge.bias is not None
            silence(merge)
            width = merge.out_channels
            merge.weight.data[:, -width:, 0, 0] = torch.eye(width)


def _joined(x: Tensor, skip: Tensor) -> Tensor:
    """Twice as many pixels of x (B, C, h, w), and skip (B, D, 2 h, 2 w): (B, C + D, 2 h, 2 w)."""
    if torch.is_grad_enabled():
        return torch.cat([double(x), skip], 1)
    count = x.shape[1]  # a few channels at a time: doubled at once all of them take tens of megabytes more
    joined = skip.new_empty(len(skip), count + skip.shape[1], *skip.shape[2:])
    joined[:, count:] = skip
    for first in range(0, count, JOINED):
        part = slice(first, min(first + JOINED, count))
        joined[:, part] = double(x[:, part])
    return joined


class FurtherMaps(nn.Module):
    """What a fine level redraws of labels and shading; starts as nothing."""

    def __init__(self, config: FineConfig):
        super().__init__()
        self.parts = [*[config.labels] * 2, *[3 * config.shading] * 2]
        self.look = nn.Conv2d(sum(self.parts), config.widths[0], 3, padding=1, bias=False)
        self.draw = nn.Conv2d(config.widths[0], sum(self.parts), 3, padding=1)
        silence(self.look)
        silence(self.draw)

    def known(self, coarse: Maps) -> Tensor:
        """What the coarse level drew of them, in one (B, C, h, w)."""
        names = ("front_labels", "back_labels", "front_shading", "back_shading")
        maps = (getattr(coarse, name) for name, width in zip(names, self.parts, strict=True) if width)
        return torch.cat(list(maps), 1)

    def forward(self, features: Tensor, maps: Maps) -> Maps:
        """`maps`, whose labels and shading are the coarse level's, with these redrawn."""
        *labels, front_shading, back_shading = self.draw(features).float().split(self.parts, 1)
        found = {}
        if labels[0].shape[1]:
            for name, added in zip(("front_labels", "back_labels"), labels, strict=True):
                found[name] = (getattr(maps, name).clamp_min(1e-4).log() + added).softmax(1)
        if front_shading.shape[1]:
            found["front_shading"] = maps.front_shading + front_shading
            found["back_shading"] = maps.back_shading + back_shading
        return dataclasses.replace(maps, **found)

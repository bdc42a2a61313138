# SPDX-License-Identifier: GPL-3.0-or-later
"""A network that reads where marks of a head lie in a picture of it, each with how sure it is.

A trunk of depthwise blocks sees the whole head and says where the marks about are; features of all its sizes, summed on
a map, are then looked up round each mark, twice, and move it. After Wood et al. 2022, "3D Face Reconstruction with
Dense Landmarks": dense marks with a spread of their own; the trunk is laid out, and begins, as that of MediaPipe's face
mesh (Grishchenko et al. 2020, "Attention Mesh").
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class MarkConfig:
    """marks: how many; size: pixels of the picture's side; map: channels of the map that marks are looked up on."""

    marks: int = 600
    size: int = 192
    map: int = 48
    about: int = 256
    looks: int = 2


WIDTHS = (16, 32, 64, 128, 128)  # of the trunk, at 1/2, 1/4, ... of the picture
BLOCKS = 2  # at each
ROUND = ((0.0, 0.0), (1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0))
STEP = 0.035  # how far round a mark is looked, in halves of the picture's side
LEAST_SPREAD = 0.002  # of a mark, in the same


class Block(nn.Module):
    """A depthwise and a pointwise convolution beside the input; at half the size where it has a stride."""

    def __init__(self, before: int, after: int, stride: int = 1):
        super().__init__()
        self.stride, self.more = stride, after - before
        self.depth = nn.Conv2d(before, before, 3, stride, 0 if stride == 2 else 1, groups=before)
        self.point = nn.Conv2d(before, after, 1)
        self.slope = nn.PReLU(after)

    def forward(self, x: Tensor) -> Tensor:
        beside = x if self.stride == 1 else F.max_pool2d(x, 2)
        inside = self.depth(x if self.stride == 1 else F.pad(x, (0, 1, 0, 1)))
        return self.slope(F.pad(beside, (0, 0, 0, 0, 0, self.more)) + self.point(inside))


class MarkNetwork(nn.Module):
    """forward: pictures (N, 3, size, size) 0..1 -> a list of marks (N, M, 2), from -1 to 1 over the picture, right and
    down: first about, then after each look; and their spread (N, M) in the same units."""

    def __init__(self, config: MarkConfig | None = None):
        super().__init__()
        self.config = config = config or MarkConfig()
        self.stem = nn.Sequential(nn.Conv2d(3, WIDTHS[0], 3, 2), nn.PReLU(WIDTHS[0]))
        before = (WIDTHS[0], *WIDTHS[:-1])
        self.levels = nn.ModuleList(
            nn.Sequential(*([Block(low, high, 2)] if k else []), *(Block(high, high) for _ in range(BLOCKS)))
            for k, (low, high) in enumerate(zip(before, WIDTHS, strict=True))
        )
        least = config.size // 2 ** len(WIDTHS)
        self.whole = nn.Sequential(nn.Conv2d(WIDTHS[-1], 48, 1), nn.PReLU(48), nn.Flatten())
        self.about = nn.Sequential(nn.Linear(48 * least**2, config.about), nn.PReLU(config.about))
        self.first = nn.Linear(config.about, 2 * config.marks)
        nn.init.zeros_(self.first.weight)  # at first every face is the mean one
        nn.init.zeros_(self.first.bias)
        self.sides = nn.ModuleList(nn.Conv2d(width, config.map, 1) for width in WIDTHS[1:])
        self.smooth = Block(config.map, config.map)
        self.look = nn.ModuleList(Look(config) for _ in range(config.looks))
        self.mean = nn.Parameter(torch.zeros(config.marks, 2), requires_grad=False)

    def forward(self, pictures: Tensor) -> tuple[list[Tensor], Tensor]:
        x = self.stem(F.pad(pictures, (0, 1, 0, 1)))
        sizes = []
        for level in self.levels:
            x = level(x)
            sizes.append(x)
        about = self.about(self.whole(x))
        found = [self.mean + self.first(about).view(-1, self.config.marks, 2)]
        summed = self.sides[-1](sizes[-1])
        for side, features in zip(reversed(list(self.sides)[:-1]), reversed(sizes[1:-1]), strict=True):
            summed = side(features) + F.interpolate(summed, scale_factor=2.0, mode="bilinear", align_corners=False)
        summed = self.smooth(summed)
        spread = torch.zeros(())
        for look in self.look:
            moved, spread = look(summed, found[-1].detach(), about)
            found.append(found[-1].detach() + moved)
        return found, spread


class Look(nn.Module):
    """Looks round each mark and says how far it lies off, and its spread."""

    def __init__(self, config: MarkConfig, width: int = 64):
        super().__init__()
        self.reduce = nn.Linear(len(ROUND) * config.map + 2, width)
        self.whole = nn.Linear(config.about, width)
        self.own = nn.Parameter(torch.zeros(config.marks, width))
        self.mix = nn.Linear(width, width)
        self.out = nn.Parameter(torch.zeros(config.marks, width, 3))
        self.shift = nn.Parameter(torch.tensor([0.0, 0.0, -3.0]).repeat(config.marks, 1))
        self.round = nn.Buffer(torch.tensor(ROUND) * STEP)

    def forward(self, features: Tensor, marks: Tensor, about: Tensor) -> tuple[Tensor, Tensor]:
        places = marks[:, :, None] + self.round
        seen = F.grid_sample(features, places, padding_mode="border", align_corners=False)  # (N, C, M, 5)
        seen = torch.cat([seen.permute(0, 2, 1, 3).flatten(2), marks], 2)
        hidden = F.silu(self.reduce(seen) + self.whole(about)[:, None] + self.own)
        hidden = hidden + F.relu(self.mix(hidden))
        moved = torch.einsum("nmw,mwk->nmk", hidden, self.out) + self.shift
        return 0.1 * moved[..., :2], F.softplus(moved[..., 2]) + LEAST_SPREAD

# SPDX-License-Identifier: GPL-3.0-or-later
"""The coarse level: an encoder that draws depth, normals and the hidden side, and a pixel-aligned occupancy head.

The occupancy head is a PIFu (Saito et al. 2019, section 3.1) whose depth is measured from the drawn front and back
surfaces instead of from the crop's centre: with absolute depth it takes days of training before limbs stop being
extruded through the volume. Nothing here normalises across points: any subset of points gives the same answers.
"""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..crop_space import sample_maps
from .body_maps import BodyStem, body_depths, mirrored_body
from .limb_maps import CHANNELS as HINT_CHANNELS
from .maps import Maps, double, front_colors, unit_normals

LOGIT_SLOPE, LOGIT_LIMIT = 40.0, 6.0  # prior logit of a point: its depth under the nearer drawn surface
FREQUENCIES = (4.0, 12.0, 36.0)


@dataclass(frozen=True)
class CoarseConfig:
    """Sizes of the coarse level; stored beside the weights."""

    core_px: int = 128  # what the U-Net sees; it reasons about the whole body
    details: int = 1  # doublings of the resolution after it
    detail_width: int = 16
    widths: tuple[int, ...] = (24, 48, 80, 128, 160, 160)
    hints: bool = False  # whether it sees the landmarks, drawn by `hints.draw_hints`, beside the photo
    body: bool = False  # whether it sees a fitted body, drawn as `body_maps` says
    labels: int = 0  # how many labels it draws of front and back: those of `labels.LABELS`, or none
    shading: bool = False  # whether it draws the shading of front and back
    deep: int = 0  # further blocks at each of the three lowest resolutions, where they cost next to nothing
    wide_features: int = 32
    hidden: int = 64
    layers: int = 4

    @property
    def input_px(self) -> int:
        """Side of the crop the network is given."""
        return self.core_px << self.details


def silence(layer: nn.Module) -> None:
    """Start a layer as one that gives nothing."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)


class Residual(nn.Module):
    """Two normalised convolutions beside a shortcut; starts as the identity."""

    def __init__(self, channels: int):
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(8, channels), nn.GroupNorm(8, channels)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        silence(self.conv2)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv1(F.silu(self.norm1(x)))
        return x + self.conv2(F.silu(self.norm2(y)))


class HintStem(nn.Module):
    """What hints add to the features at half the core's resolution; starts as nothing, and is nothing without hints."""

    def __init__(self, channels: int):
        super().__init__()
        self.look = nn.Conv2d(HINT_CHANNELS, channels, 3, padding=1, bias=False)
        self.out = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        silence(self.out)

    def forward(self, hints: Tensor, size: tuple[int, int]) -> Tensor:
        """`hints (B, HINT_CHANNELS, h, w)` -> (B, channels, *size)."""
        return self.out(F.silu(self.look(F.interpolate(hints, size, mode="area"))))


class UNet(nn.Module):
    """(B, 4, h, w), hints -> features (B, widths[0], h, w) and (B, wide_features, h / 4, w / 4)."""

    def __init__(self, config: CoarseConfig):
        super().__init__()
        widths = config.widths
        steps = list(zip(widths, widths[1:], strict=False))
        self.stem = nn.Conv2d(4, widths[0], 3, padding=1)
        blocks = [2 if i else 1 for i in range(len(steps))]
        blocks[-3:] = [count + config.deep for count in blocks[-3:]]
        self.down = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, 3, stride=2, padding=1), *(Residual(b) for _ in range(count)))
            for (a, b), count in zip(steps, blocks, strict=True)
        )
        self.merge = nn.ModuleList(nn.Conv2d(b + a, a, 1) for a, b in steps)
        self.up = nn.ModuleList(
            nn.Sequential(Residual(a), *([Residual(a)] if i > 1 else [])) for i, a in enumerate(widths[:-1])
        )
        self.wide = nn.Conv2d(widths[2], config.wide_features, 1)
        self.hints = HintStem(widths[1]) if config.hints else None
        self.body = BodyStem(widths[0]) if config.body else None

    def forward(self, image: Tensor, hints: Tensor | None, body: Tensor | None = None) -> tuple[Tensor, Tensor]:
        skips = [self.stem(image)]
        if self.body is not None and body is not None:
            skips[0] = skips[0] + self.body(body, skips[0].shape[-2:])
        for stage in self.down:
            skips.append(stage(skips[-1]))
            if len(skips) == 2 and self.hints is not None and hints is not None:
                skips[-1] = skips[-1] + self.hints(hints, skips[-1].shape[-2:])
        x = skips.pop()
        wide = x
        for level in reversed(range(len(self.up))):
            x = self.up[level](self.merge[level](torch.cat([double(x), skips[level]], 1)))
            if level == 2:
                wide = self.wide(x)
        return x, wide


class Detail(nn.Module):
    """Doubles the resolution of features by what the image shows there; starts as plain interpolation."""

    def __init__(self, config: CoarseConfig):
        super().__init__()
        features, width = config.widths[0], config.detail_width
        self.stem = nn.Conv2d(4, width, 3, padding=1)
        self.merge = nn.Conv2d(features + width, width, 1)
        self.body = Residual(width)
        self.out = nn.Conv2d(width, features, 3, padding=1)
        silence(self.out)

    def forward(self, features: Tensor, image: Tensor) -> Tensor:
        """`features (B, C, h, w)`, `image (B, 4, 2h, 2w)` -> (B, C, 2h, 2w)."""
        features = double(features)
        return features + self.out(F.silu(self.body(self.merge(torch.cat([features, self.stem(image)], 1)))))


class Encoder(nn.Module):
    """A U-Net at low resolution, then details, on the masked photo and its mask, (B, 4, H, W) -> `Maps` at H x W.

    Takes crops of `core_px`, or of any doubling of it up to `input_px`: then with as many details as fit.
    """

    def __init__(self, config: CoarseConfig):
        super().__init__()
        self.core_px = config.core_px
        self.core = UNet(config)
        self.details = nn.ModuleList(Detail(config) for _ in range(config.details))
        self.draw = nn.Sequential(nn.GroupNorm(8, config.widths[0]), nn.SiLU(), nn.Conv2d(config.widths[0], 12, 1))
        self.further = FurtherHead(config) if config.body or config.labels or config.shading else None

    def forward(self, image: Tensor, hints: Tensor | None = None, body: Tensor | None = None) -> Maps:
        pyramid = [image]
        while pyramid[-1].shape[-1] > self.core_px:
            pyramid.append(F.avg_pool2d(pyramid[-1], 2))
        x, wide = self.core(pyramid.pop(), hints, body)
        for detail in self.details[: len(pyramid)]:
            x = detail(x, pyramid.pop())
        seen = self.draw[:2](x)
        drawn = self.draw[2](seen).float()
        towards = drawn.new_tensor([0, 0, 0.5]).view(1, 3, 1, 1)
        maps = Maps(
            front_normals=unit_normals(drawn[:, 0:3] + towards),
            back_normals=unit_normals(drawn[:, 3:6] - towards),
            front_depth=0.1 + drawn[:, 6:7],
            back_depth=-0.1 + drawn[:, 7:8],
            back_rgb=_hidden_side(image, drawn[:, 8:11], drawn[:, 11:12]),
            fine=x.float(),
            wide=wide.float(),
        )
        return maps if self.further is None else self.further(seen, maps, body)


class FurtherHead(nn.Module):
    """What is drawn beside depth, normals and colours, and how far depth follows a given body; starts as nothing."""

    def __init__(self, config: CoarseConfig):
        super().__init__()
        self.parts = [2 * config.body, *[config.labels] * 2, *[3 * config.shading] * 2]
        self.draw = nn.Conv2d(config.widths[0], sum(self.parts), 1)
        silence(self.draw)

    def forward(self, features: Tensor, maps: Maps, body: Tensor | None) -> Maps:
        """`features` as the maps were drawn from. Where a body is trusted, what was drawn as depth is what is to be
        added to the body's."""
        trust, *labels, front_shading, back_shading = self.draw(features).float().split(self.parts, 1)
        found = {}
        if trust.shape[1] and body is not None:
            front, back = (trust * body_depths(body, trust.shape[-2:])).split(1, 1)
            found |= {"front_depth": maps.front_depth + front, "back_depth": maps.back_depth + back}
        if labels[0].shape[1]:
            found |= dict(zip(("front_labels", "back_labels"), (part.softmax(1) for part in labels), strict=True))
        if front_shading.shape[1]:
            found |= {"front_shading": front_shading, "back_shading": back_shading}
        return replace(maps, **found)


def _hidden_side(image: Tensor, painted: Tensor, copied: Tensor) -> Tensor:
    """Colours of the hidden side, 0..1: the front's in the same pixel where they look alike, painted elsewhere."""
    return torch.lerp(torch.sigmoid(painted), front_colors(image), torch.sigmoid(copied))


def sample(maps: Tensor, xy: Tensor) -> Tensor:
    """Bilinear pixel-aligned samples: `maps (B, C, h, w)` at `xy (B, N, 2)` field units -> (B, N, C)."""
    return sample_maps(maps, xy).transpose(1, 2)


class OccupancyHead(nn.Module):
    """MLP on column features and depth relative to the drawn surfaces, both given again to every layer.

    A column is all points of one (x, y): `columns` does its part of every layer once, `forward` the rest a point.
    """

    def __init__(self, config: CoarseConfig):
        super().__init__()
        self.config = config
        column = (
            config.widths[0] + config.wide_features + 4 + 6 + 1
        )  # features, masked photo and mask, normals, thickness
        point = 2 + 4 * len(FREQUENCIES)
        self.column_in = nn.ModuleList(nn.Linear(column, config.hidden) for _ in range(config.layers))
        self.point_in = nn.ModuleList(nn.Linear(point, config.hidden, bias=False) for _ in range(config.layers))
        self.inner = nn.ModuleList(
            nn.Linear(config.hidden, config.hidden, bias=False) for _ in range(config.layers - 1)
        )
        self.out = nn.Linear(config.hidden, 1)
        silence(self.out)

    def columns(self, features: Tensor) -> Tensor:
        """(..., C) column features -> (..., layers, hidden), the columns' share of every layer."""
        return torch.stack([layer(features) for layer in self.column_in], -2)

    def forward(self, columns: Tensor, under_front: Tensor, over_back: Tensor) -> Tensor:
        """Logits (...,) of points from their columns' share (..., layers, hidden) and their signed distances along z,
        (...,): how far behind the front surface, how far before the back one, positive inside."""
        both = torch.stack([under_front, over_back], -1)
        waves = [wave(both * k) for k in FREQUENCIES for wave in (torch.sin, torch.cos)]
        point = torch.cat([both.clamp(-0.5, 0.5) * 4, *waves], -1)
        x = F.silu(columns[..., 0, :] + self.point_in[0](point))
        for i, inner in enumerate(self.inner, start=1):
            x = F.silu(inner(x) + columns[..., i, :] + self.point_in[i](point)) + x
        prior = (LOGIT_SLOPE * torch.minimum(under_front, over_back)).clamp(-LOGIT_LIMIT, LOGIT_LIMIT)
        return prior + self.out(x)[..., 0]


class CoarseLevel(nn.Module):
    """Encoder and occupancy head of one level."""

    def __init__(self, config: CoarseConfig):
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.head = OccupancyHead(config)

    def forward(self, image: Tensor, hints: Tensor | None = None, body: Tensor | None = None) -> Maps:
        return self.encoder(image, hints, body)

    def draw_evenly(self, image: Tensor, hints: Tensor | None = None, body: Tensor | None = None) -> Maps:
        """The mean of what is drawn of an image (B, 4, H, W) with the hints, and of its mirror image without: what is a
        guess, above all which limb is how far away, comes out nearer to the truth than by one look, and a landmark that
        is wrong does half the harm. Both see the body, as `body_maps.stack_body` gives it."""
        other = self(image.flip(3), None, None if body is None else mirrored_body(body))
        return self(image, hints, body).mean(other.mirrored())

    @staticmethod
    def stack(maps: Maps, image: Tensor) -> Tensor:
        """What is drawn, and what is seen, in one (B, 12, h, w); made once for any number of queries."""
        return torch.cat([maps.front_normals, maps.back_normals, maps.front_depth, maps.back_depth, image], 1)

    @staticmethod
    def column_features(stack: Tensor, maps: Maps, xy: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What the head needs of columns `xy (B, N, 2)`: features (B, N, C), front and back depth (B, N). `stack`: of
        the maps, as the method of that name makes it."""
        near = sample(stack, xy)
        front, back = near[..., 6], near[..., 7]
        thickness = (front - back).unsqueeze(-1)
        both = sample(maps.fine, xy), sample(maps.wide, xy)
        features = torch.cat([near[..., :6], near[..., 8:], *both, thickness], -1)
        return features, front, back

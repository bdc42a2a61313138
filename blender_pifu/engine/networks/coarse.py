# SPDX-License-Identifier: GPL-3.0-or-later
"""The coarse level: an encoder that draws depth, normals and the hidden side, and a pixel-aligned occupancy head.

The occupancy head is a PIFu (Saito et al. 2019, section 3.1) whose depth is measured from the drawn front and back
surfaces instead of from the crop's centre: with absolute depth it takes days of training before limbs stop being
extruded through the volume. Nothing here normalises across points: any subset of points gives the same answers.
"""

from dataclasses import dataclass, fields

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..crop_space import sample_maps
from .limb_maps import CHANNELS as HINT_CHANNELS

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


@dataclass(frozen=True)
class Maps:
    """What the encoder draws, all (B, C, h, w) on the crop's pixels; field space."""

    front_normals: Tensor  # 3, unit
    back_normals: Tensor  # 3, unit
    front_depth: Tensor  # 1, z of the first surface, half crops from the person's mean depth
    back_depth: Tensor  # 1, z of the last surface
    back_rgb: Tensor  # 3, 0..1 sRGB, the hidden side seen through the front's pixels
    fine: Tensor  # widths[0] features
    wide: Tensor  # wide_features at a quarter of the core's resolution

    def mirrored(self) -> "Maps":
        """The maps of the mirror image: left and right changed, in normals too."""
        flipped = {field.name: getattr(self, field.name).flip(3) for field in fields(self)}
        for name in ("front_normals", "back_normals"):
            flipped[name] = flipped[name] * flipped[name].new_tensor([-1, 1, 1]).view(1, 3, 1, 1)
        return Maps(**flipped)


def unit_normals(normals: Tensor) -> Tensor:
    """Drawn normals (B, 3, h, w) of length 1; those that are next to nothing stay short."""
    return F.normalize(normals, dim=1, eps=1e-4)


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

    def forward(self, image: Tensor, hints: Tensor | None) -> tuple[Tensor, Tensor]:
        skips = [self.stem(image)]
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

    def forward(self, image: Tensor, hints: Tensor | None = None) -> Maps:
        pyramid = [image]
        while pyramid[-1].shape[-1] > self.core_px:
            pyramid.append(F.avg_pool2d(pyramid[-1], 2))
        x, wide = self.core(pyramid.pop(), hints)
        for detail in self.details[: len(pyramid)]:
            x = detail(x, pyramid.pop())
        drawn = self.draw(x).float()
        towards = drawn.new_tensor([0, 0, 0.5]).view(1, 3, 1, 1)
        return Maps(
            front_normals=unit_normals(drawn[:, 0:3] + towards),
            back_normals=unit_normals(drawn[:, 3:6] - towards),
            front_depth=0.1 + drawn[:, 6:7],
            back_depth=-0.1 + drawn[:, 7:8],
            back_rgb=_hidden_side(image, drawn[:, 8:11], drawn[:, 11:12]),
            fine=x.float(),
            wide=wide.float(),
        )


def _hidden_side(image: Tensor, painted: Tensor, copied: Tensor) -> Tensor:
    """Colours of the hidden side, 0..1: the front's in the same pixel where they look alike, painted elsewhere."""
    image = image.float()
    front = (image[:, :3] / image[:, 3:].clamp_min(0.1) + 1) / 2
    return torch.lerp(torch.sigmoid(painted), front.clamp(0, 1), torch.sigmoid(copied))


def double(maps: Tensor) -> Tensor:
    """Twice the resolution, bilinear."""
    return F.interpolate(maps, scale_factor=2, mode="bilinear", align_corners=False)


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

    def forward(self, image: Tensor, hints: Tensor | None = None) -> Maps:
        return self.encoder(image, hints)

    def draw_evenly(self, image: Tensor, hints: Tensor | None = None) -> Maps:
        """The mean of what is drawn of an image (B, 4, H, W) with the hints, and of its mirror image without: what is a
        guess, above all which limb is how far away, comes out nearer to the truth than by one look, and a landmark that
        is wrong does half the harm."""
        maps, other = self(image, hints), self(image.flip(3)).mirrored()
        mean = {field.name: (getattr(maps, field.name) + getattr(other, field.name)) / 2 for field in fields(Maps)}
        for name in ("front_normals", "back_normals"):
            mean[name] = unit_normals(mean[name])
        return Maps(**mean)

    @staticmethod
    def stack(maps: Maps, image: Tensor) -> Tensor:
        """All that is sampled at the crop's resolution, in one (B, C, h, w); made once for any number of queries."""
        return torch.cat(
            [maps.front_normals, maps.back_normals, maps.front_depth, maps.back_depth, image, maps.fine], 1
        )

    @staticmethod
    def column_features(stack: Tensor, wide: Tensor, xy: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What the head needs of columns `xy (B, N, 2)`: features (B, N, C), front and back depth (B, N)."""
        near = sample(stack, xy)
        front, back = near[..., 6], near[..., 7]
        thickness = (front - back).unsqueeze(-1)
        features = torch.cat([near[..., :6], near[..., 8:], sample(wide, xy), thickness], -1)
        return features, front, back

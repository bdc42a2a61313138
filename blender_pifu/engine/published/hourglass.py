# SPDX-License-Identifier: GPL-3.0-or-later
"""The stacked hourglass that turns an image into pixel-aligned features (Newell et al. 2016, as PIFu uses it)."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..files.tensors import Tensors

GROUPS = 32


@dataclass(frozen=True)
class HourglassSizes:
    """All a file's shapes tell about one filter."""

    inputs: int  # channels of the image
    widths: tuple[int, int, int, int]  # of the stem and the three blocks after it
    stacks: int
    depth: int  # halvings inside one hourglass
    features: int  # channels given out

    @classmethod
    def of(cls, tensors: Tensors) -> "HourglassSizes":
        """Read the sizes from the filter's tensors. Raises InputError."""
        inputs = tensors.shape("conv1.weight", 4)[1]

        def after(block: str, before: int) -> int:
            change = f"{block}.downsample.2.weight"
            return width_of(tensors, change, 4 * GROUPS) if change in tensors else before

        stem = width_of(tensors, "conv1.weight", GROUPS)
        second = after("conv2", stem)
        third = after("conv3", second)
        widths = stem, second, third, after("conv4", third)
        stacks = max(1, tensors.count("m{}.b1_1.conv1.weight"))
        depth = max(1, tensors.count("m0.b1_{}.conv1.weight", start=1))
        return cls(inputs, widths, stacks, depth, tensors.shape(f"l{stacks - 1}.weight", 4)[0])


class ConvBlock(nn.Module):
    """Three convolutions of falling width, their outputs side by side, beside a shortcut. Normalises before each."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        half, quarter = outputs // 2, outputs // 4
        self.conv1 = nn.Conv2d(inputs, half, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(half, quarter, 3, padding=1, bias=False)
        self.conv3 = nn.Conv2d(quarter, quarter, 3, padding=1, bias=False)
        self.bn1, self.bn2, self.bn3 = (_norm(width) for width in (inputs, half, quarter))
        # Files hold bn4 always, though only a change of width uses it, and then once more as downsample.0.
        self.bn4 = _norm(inputs)
        self.downsample = None
        if inputs != outputs:
            self.downsample = nn.Sequential(self.bn4, nn.ReLU(inplace=True), nn.Conv2d(inputs, outputs, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        first = self.conv1(F.relu_(self.bn1(x)))
        second = self.conv2(F.relu_(self.bn2(first)))
        third = self.conv3(F.relu_(self.bn3(second)))
        out = torch.cat([first, second, third], 1)
        return out.add_(x if self.downsample is None else self.downsample(x))


class Hourglass(nn.Module):
    """Looks at ever smaller copies of its input, and adds what it saw there back up: (B, C, h, w) to the same."""

    def __init__(self, width: int, depth: int):
        super().__init__()
        self.depth = depth
        for level in range(depth, 0, -1):
            for name in ("b1", "b2", *(["b2_plus"] if level == 1 else []), "b3"):
                self.add_module(f"{name}_{level}", ConvBlock(width, width))

    def forward(self, x: Tensor) -> Tensor:
        return self._level(self.depth, x)

    def _level(self, level: int, x: Tensor) -> Tensor:
        block = self.get_submodule
        low = block(f"b2_{level}")(F.avg_pool2d(x, 2))
        low = self._level(level - 1, low) if level > 1 else block("b2_plus_1")(low)
        low = block(f"b3_{level}")(low)
        low = F.interpolate(low, scale_factor=2, mode="bicubic", align_corners=True)
        return block(f"b1_{level}")(x).add_(low)


class HourglassFilter(nn.Module):
    """Image (B, inputs, H, W) -> features of the last stack (B, features, H / 2, W / 2), with `pool` at H / 4."""

    def __init__(self, sizes: HourglassSizes, pool: bool):
        super().__init__()
        self.sizes, self.pool = sizes, pool
        stem, second, third, width = sizes.widths
        self.conv1 = nn.Conv2d(sizes.inputs, stem, 7, stride=2, padding=3)
        self.bn1 = _norm(stem)
        self.conv2, self.conv3 = ConvBlock(stem, second), ConvBlock(second, third)
        self.conv4 = ConvBlock(third, width)
        for i in range(sizes.stacks):
            self.add_module(f"m{i}", Hourglass(width, sizes.depth))
            self.add_module(f"top_m_{i}", ConvBlock(width, width))
            self.add_module(f"conv_last{i}", nn.Conv2d(width, width, 1))
            self.add_module(f"bn_end{i}", _norm(width))
            self.add_module(f"l{i}", nn.Conv2d(width, sizes.features, 1))
            if i + 1 < sizes.stacks:
                self.add_module(f"bl{i}", nn.Conv2d(width, width, 1))
                self.add_module(f"al{i}", nn.Conv2d(sizes.features, width, 1))

    def forward(self, image: Tensor) -> Tensor:
        x = self.conv2(F.relu_(self.bn1(self.conv1(image))))
        if self.pool:
            x = F.avg_pool2d(x, 2)
        x = self.conv4(self.conv3(x))
        part, out = self.get_submodule, x
        for i in range(self.sizes.stacks):
            seen = part(f"top_m_{i}")(part(f"m{i}")(x))
            seen = F.relu_(part(f"bn_end{i}")(part(f"conv_last{i}")(seen)))
            out = part(f"l{i}")(seen)
            if i + 1 < self.sizes.stacks:
                x = x + part(f"bl{i}")(seen) + part(f"al{i}")(out)
        return out


def width_of(tensors: Tensors, name: str, multiple: int) -> int:
    """How many channels a convolution gives out. Raises InputError unless that is a `multiple`, as norms need it."""
    width = tensors.shape(name, 4)[0]
    if width % multiple:
        raise tensors.misfit(name, f"whose first number is no multiple of {multiple}")
    return width


def _norm(width: int) -> nn.GroupNorm:
    return nn.GroupNorm(GROUPS, width)

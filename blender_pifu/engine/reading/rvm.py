# SPDX-License-Identifier: GPL-3.0-or-later
"""The matting network of "Robust High-Resolution Video Matting" (Lin and others, 2021), for stills.

A still has no past: the recurrent state is zero, so the parts of its units that would read it are left out.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..device import placed
from ..errors import ModelError
from ..files.tensors import REINSTALL, read_tensors

WEIGHTS = Path(__file__).parents[2] / "data" / "rvm.safetensors"

# MobileNetV3-Large: kernel, widened channels, output channels, squeeze and excite, activation, stride, dilation.
BLOCKS = (
    (3, 16, 16, False, "relu", 1, 1),
    (3, 64, 24, False, "relu", 2, 1),
    (3, 72, 24, False, "relu", 1, 1),
    (5, 72, 40, True, "relu", 2, 1),
    (5, 120, 40, True, "relu", 1, 1),
    (5, 120, 40, True, "relu", 1, 1),
    (3, 240, 80, False, "hardswish", 2, 1),
    (3, 200, 80, False, "hardswish", 1, 1),
    (3, 184, 80, False, "hardswish", 1, 1),
    (3, 184, 80, False, "hardswish", 1, 1),
    (3, 480, 112, True, "hardswish", 1, 1),
    (3, 672, 112, True, "hardswish", 1, 1),
    (5, 672, 160, True, "hardswish", 1, 2),
    (5, 960, 160, True, "hardswish", 1, 2),
    (5, 960, 160, True, "hardswish", 1, 2),
)
SKIPS = {0: 16, 2: 24, 5: 40}  # blocks whose output the decoder reads, and their channels: at 1/2, 1/4, 1/8
ROWS, MARGIN = 128, 4  # of the picture in the last layers, and what these need around; both even
FLAT = 1e-5  # of the guided filter: variance of the picture below which it says nothing


class RVM(nn.Module):
    """Picture (1, 3, h, w) sRGB 0..1 -> (1, 4, h, w): what to add to the picture to get the foreground's colours,
    and alpha; neither is clamped. Made for a longer side of about 512; sharpen with `GuidedFilter` beyond."""

    def __init__(self):
        super().__init__()
        self.encoder = Encoder()
        self.aspp = ASPP(960, 128)
        self.bottleneck = StillGRU(64)
        self.up8 = UpBlock(128, 40, 80)
        self.up4 = UpBlock(80, 24, 40)
        self.up2 = UpBlock(40, 16, 32)
        self.out1 = _conv(32 + 3, 16, 3)
        self.out2 = _conv(16, 16, 3)
        self.project = _conv(16, 4, 1)

    def forward(self, picture: Tensor) -> Tensor:
        half = _halve(picture)
        quarter = _halve(half)
        eighth = _halve(quarter)
        skip2, skip4, skip8, deep = self.encoder(picture)
        x = self.bottleneck(self.aspp(deep))
        x = self.up8(x, skip8, eighth)
        x = self.up4(x, skip4, quarter)
        x = self.up2(x, skip2, half)
        return torch.cat([self._finish(x, picture, first) for first in range(0, picture.shape[2], ROWS)], 2)

    def _finish(self, x, picture, first):
        """The last layers, on ROWS rows of the picture from `first`: whole, they take more memory than all before."""
        height = picture.shape[2]
        last = min(first + ROWS, height)
        low, high = max(0, first - MARGIN), min(height, last + MARGIN)
        picture = picture[:, :, low:high]
        x = _double(x[:, :, low // 2 : -(-high // 2)], picture)
        x = F.relu(self.out1(torch.cat([x, picture], 1)))
        return self.project(F.relu(self.out2(x)))[:, :, first - low : last - low]


def load_rvm(device: torch.device, path: Path = WEIGHTS) -> RVM:
    """The network with its bundled weights, ready to use, float32. Raises ModelError when the file is not whole."""
    network = RVM()
    stored, _ = read_tensors(path)
    try:
        state = {name: _values(name, stored) for name in network.state_dict()}
        network.load_state_dict(state)
    except (KeyError, RuntimeError) as error:
        raise ModelError(f"{path.name} holds no network of this program ({error}).", fix=REINSTALL) from error
    return placed(network.requires_grad_(False).eval(), device)


def _values(name, stored):
    """The 8 bit tensor `name` as float32; scale and minimum are one each or one for each output channel."""
    numbers = stored[name].float()
    scale, low = (stored[f"{name}/{part}"].view(-1, *[1] * (numbers.dim() - 1)) for part in ("scale", "min"))
    return numbers * scale + low


class Encoder(nn.Module):
    """MobileNetV3-Large whose last stage is dilated instead of strided; 960 channels at 1/16, and `SKIPS`."""

    mean: torch.Tensor
    inverse_deviation: torch.Tensor

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(3))
        self.register_buffer("inverse_deviation", torch.ones(3))
        self.stem = _conv(3, 16, 3, stride=2)
        self.blocks = nn.ModuleList()
        width = 16
        for block in BLOCKS:
            self.blocks.append(InvertedResidual(width, *block))
            width = block[2]
        self.head = _conv(160, 960, 1)

    def forward(self, picture):
        x = (picture - self.mean[:, None, None]) * self.inverse_deviation[:, None, None]
        x = F.hardswish(self.stem(x))
        skips = []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in SKIPS:
                skips.append(x)
        return *skips, F.hardswish(self.head(x))


class InvertedResidual(nn.Module):
    """Widen, filter each channel by itself, weigh the channels, narrow again."""

    def __init__(self, width, kernel, wide, narrow, excite, activation, stride, dilation):
        super().__init__()
        self.widen = _conv(width, wide, 1) if wide != width else None
        self.depthwise = _conv(wide, wide, kernel, stride, dilation, groups=wide)
        self.excite = Excite(wide) if excite else None
        self.narrow = _conv(wide, narrow, 1)
        self.activate = getattr(F, activation)
        self.residual = stride == 1 and width == narrow

    def forward(self, x):
        y = x if self.widen is None else self.activate(self.widen(x))
        y = self.activate(self.depthwise(y))
        y = self.narrow(y if self.excite is None else self.excite(y))
        return x + y if self.residual else y


class Excite(nn.Module):
    """Weigh each channel by what all of them are on average."""

    def __init__(self, width):
        super().__init__()
        squeezed = -(-width // 32) * 8  # a quarter, rounded up to whole eights
        self.squeeze, self.spread = _conv(width, squeezed, 1), _conv(squeezed, width, 1)

    def forward(self, x):
        return x * F.hardsigmoid(self.spread(F.relu(self.squeeze(x.mean((2, 3), keepdim=True)))))


class ASPP(nn.Module):
    """The lite reduced pyramid: local features, weighed by the whole picture."""

    def __init__(self, width, narrow):
        super().__init__()
        self.local, self.whole = _conv(width, narrow, 1), _conv(width, narrow, 1, bias=False)

    def forward(self, x):
        return F.relu(self.local(x)) * torch.sigmoid(self.whole(x.mean((2, 3), keepdim=True)))


class StillGRU(nn.Module):
    """A convolutional GRU at its first step, on the second half of the channels; the first half passes."""

    def __init__(self, width):
        super().__init__()
        self.gate, self.candidate = _conv(width, width, 3), _conv(width, width, 3)

    def forward(self, x):
        through, x = x.chunk(2, 1)
        return torch.cat([through, torch.sigmoid(self.gate(x)) * torch.tanh(self.candidate(x))], 1)


class UpBlock(nn.Module):
    """Twice the size, joined with the encoder's features and the picture of that size."""

    def __init__(self, width, skip, out):
        super().__init__()
        self.join, self.gru = _conv(width + skip + 3, out, 3), StillGRU(out // 2)

    def forward(self, x, skip, picture):
        picture = picture.contiguous(memory_format=torch.channels_last)  # as what else is joined: it takes a third
        return self.gru(F.relu(self.join(torch.cat([_double(x, skip), skip, picture], 1))))


class GuidedFilter:
    """Fast guided filter: what the small picture's pixels say about `target`, carried to the large picture's.

    small: (1, 3, h, w) picture 0..1; target: (1, 4, h, w) as RVM gives it. A local straight line through each window
    of 3 x 3 pixels maps a channel of the picture (for alpha its mean) to that of the target.
    """

    def __init__(self, small: Tensor, target: Tensor):
        guide = torch.cat([small, small.mean(1, keepdim=True)], 1)
        mean_guide, mean_target = _box(guide), _box(target)
        covariance = _box(guide * target) - mean_guide * mean_target
        variance = _box(guide * guide) - mean_guide * mean_guide
        self.slope = covariance / (variance + FLAT)
        self.offset = mean_target - self.slope * mean_guide

    def rows(self, guide: Tensor, first: int, height: int) -> Tensor:
        """Some rows of the large target. guide: (1, 4, n, W), these rows of the large picture and its mean, from row
        `first` of `height`. Returns (1, 4, n, W)."""
        small = self.slope.shape[2]
        place = (torch.arange(first, first + guide.shape[2], device=guide.device) + 0.5) * small / height - 0.5
        above = place.floor()
        share = (place - above)[:, None]
        above = above.long()
        low, high = above.clamp(0, small - 1), (above + 1).clamp(0, small - 1)
        slope, offset = (
            F.interpolate(
                torch.lerp(line[:, :, low], line[:, :, high], share),
                size=guide.shape[2:],
                mode="bilinear",
                align_corners=False,
            )
            for line in (self.slope, self.offset)
        )
        return slope.mul_(guide).add_(offset)


def _conv(width, out, kernel, stride=1, dilation=1, groups=1, bias=True):
    return nn.Conv2d(width, out, kernel, stride, dilation * (kernel // 2), dilation, groups, bias)


def _halve(picture):
    """Averages of 2 x 2 pixels; at an odd border of those that are there."""
    return F.avg_pool2d(picture, 2, ceil_mode=True, count_include_pad=False)


def _double(x, like):
    x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    return x[:, :, : like.shape[2], : like.shape[3]]


def _box(x):
    """Means over 3 x 3 pixels, of those that are there."""
    return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)

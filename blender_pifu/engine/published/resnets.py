# SPDX-License-Identifier: GPL-3.0-or-later
"""Image networks of one body: halve the image, work on it in residual blocks, for pictures double it again.

`NormalGenerator` draws PIFuHD's normals (it is the global generator of pix2pixHD), `ColorFilter` gives PIFu's colour
features. Layers keep the places that the files number them by.
"""

from torch import Tensor, nn

from ..files.tensors import Tensors
from .hourglass import GROUPS, width_of


class ResidualBlock(nn.Module):
    """Two convolutions beside a shortcut. `norms`: two layers; None in place of the second leaves it out."""

    def __init__(self, width: int, bias: bool, norms: tuple[nn.Module, nn.Module | None]):
        super().__init__()
        layers = []
        for norm, activation in zip(norms, (nn.ReLU(inplace=True), None), strict=True):
            layers += [nn.ReflectionPad2d(1), nn.Conv2d(width, width, 3, bias=bias), norm, activation]
        self.conv_block = nn.Sequential(*(layer for layer in layers if layer is not None))

    def forward(self, x: Tensor) -> Tensor:
        return self.conv_block(x).add_(x)


class NormalGenerator(nn.Module):
    """Image (B, 3, H, W) in [-1, 1] -> normals (B, 3, H, W) in [-1, 1], not of unit length.

    Normalises every image by its own statistics.
    """

    def __init__(self, inputs: int, outputs: int, width: int, halvings: int, blocks: int):
        super().__init__()

        def normed(convolution):
            return [convolution, nn.InstanceNorm2d(convolution.out_channels), nn.ReLU(inplace=True)]

        widths = [width << i for i in range(halvings + 1)]
        layers = [nn.ReflectionPad2d(3), *normed(nn.Conv2d(inputs, width, 7))]
        for before, after in zip(widths, widths[1:], strict=False):
            layers += normed(nn.Conv2d(before, after, 3, stride=2, padding=1))
        for _ in range(blocks):
            norms = nn.InstanceNorm2d(widths[-1]), nn.InstanceNorm2d(widths[-1])
            layers.append(ResidualBlock(widths[-1], True, norms))
        for after, before in reversed(list(zip(widths, widths[1:], strict=False))):
            layers += normed(nn.ConvTranspose2d(before, after, 3, stride=2, padding=1, output_padding=1))
        self.model = nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(width, outputs, 7), nn.Tanh())

    @classmethod
    def like(cls, tensors: Tensors) -> "NormalGenerator":
        """Built to the sizes of a file's tensors. Raises InputError."""
        width, inputs, _, _ = tensors.shape("model.1.weight", 4)
        halvings, blocks = _halvings_and_blocks(tensors)
        last = 3 * (2 * halvings + 1) + blocks + 2
        outputs = tensors.shape(f"model.{last}.weight", 4)[0]
        return cls(inputs, outputs, width, halvings, blocks)

    def forward(self, image: Tensor) -> Tensor:
        return self.model(image)


class ColorFilter(nn.Module):
    """Image (B, 3, H, W) in [-1, 1] -> features (B, C, H / 4, W / 4)."""

    def __init__(self, inputs: int, width: int, halvings: int, blocks: int):
        super().__init__()

        def normed(convolution):
            return [convolution, nn.GroupNorm(GROUPS, convolution.out_channels), nn.ReLU(inplace=True)]

        widths = [width << i for i in range(halvings + 1)]
        layers = [nn.ReflectionPad2d(3), *normed(nn.Conv2d(inputs, width, 7, bias=False))]
        for before, after in zip(widths, widths[1:], strict=False):
            layers += normed(nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False))
        for block in range(blocks):
            last = None if block + 1 == blocks else nn.GroupNorm(GROUPS, widths[-1])
            layers.append(ResidualBlock(widths[-1], False, (nn.GroupNorm(GROUPS, widths[-1]), last)))
        self.model = nn.Sequential(*layers)
        self.features = widths[-1]

    @classmethod
    def like(cls, tensors: Tensors) -> "ColorFilter":
        """Built to the sizes of a file's tensors. Raises InputError."""
        inputs, width = tensors.shape("model.1.weight", 4)[1], width_of(tensors, "model.1.weight", GROUPS)
        return cls(inputs, width, *_halvings_and_blocks(tensors))

    def forward(self, image: Tensor) -> Tensor:
        return self.model(image)


def _halvings_and_blocks(tensors: Tensors) -> tuple[int, int]:
    """Convolutions stand at 1, 4, 7 ...; right after the last one's norm and activation come the residual blocks."""
    halvings = 0
    while f"model.{3 * halvings + 4}.weight" in tensors:
        halvings += 1
    return halvings, tensors.count("model.{}.conv_block.1.weight", start=3 * halvings + 4)

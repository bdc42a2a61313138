# SPDX-License-Identifier: GPL-3.0-or-later
"""PIFu (Saito et al. 2019): one level on 512 pixels, and a second network of the same form for colour."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import InputError
from ..files.tensors import Tensors
from ..reading.person_cut import PersonCut, network_input
from .column_field import ColumnField, by_pixel, in_batches, sample
from .hourglass import HourglassFilter, HourglassSizes
from .model import PublishedModel, full_precision
from .point_mlp import PointMLP
from .resnets import ColorFilter
from .share_cache import Shares

IMAGE_PX = 512
MLP_NAMES = "conv{}"
SHAPE, COLOR = "netG.", "netC."  # prefixes of the two published files in ours


class ShapeNetwork(nn.Module):
    """net_G, under the names of its file. Raises InputError."""

    def __init__(self, tensors: Tensors):
        super().__init__()
        sizes = HourglassSizes.of(tensors.under("image_filter."))
        self.image_filter = HourglassFilter(sizes, pool=True)
        self.surface_classifier = PointMLP.like(tensors.under("surface_classifier."), MLP_NAMES, sizes.features)


class ColorNetwork(nn.Module):
    """net_C, under the names of its file; reads the `shape_features` of net_G as well. Raises InputError."""

    def __init__(self, tensors: Tensors, shape_features: int):
        super().__init__()
        self.image_filter = ColorFilter.like(tensors.under("image_filter."))
        features = shape_features + self.image_filter.features
        self.surface_classifier = PointMLP.like(tensors.under("surface_classifier."), MLP_NAMES, features)


class PIFuNetwork(nn.Module):
    """net_G and, where there is one, net_C. Raises InputError."""

    def __init__(self, tensors: Tensors):
        super().__init__()
        self.netG = ShapeNetwork(tensors.under(SHAPE))
        self.netC = None
        if any(name.startswith(COLOR) for name in tensors.values):
            self.netC = ColorNetwork(tensors.under(COLOR), self.netG.image_filter.sizes.features)


@dataclass(frozen=True)
class Encoding:
    """One encoded photo: features (1, C, h, w) float32, and the mask (1, 1, h, w) 0..1."""

    shape: Tensor
    color: Tensor | None  # those of net_G, then those of net_C
    mask: Tensor


class PIFuField(ColumnField):
    """net_G's occupancy."""

    def __init__(self, mlp: PointMLP, encoding: Encoding, depth_scale: float):
        super().__init__((mlp,), encoding.mask, encoding.shape.device)
        self.maps, self.depth_scale = (by_pixel(encoding.shape),), depth_scale

    def _columns(self, xy: Tensor) -> Shares:
        return [self.mlps[0].columns(sample(self.maps[0], xy))]

    def _occupancy(self, shares: Shares, row: Tensor, z: Tensor) -> Tensor:
        logits = self.mlps[0](shares[0], row, (z * self.depth_scale)[:, None])
        return torch.sigmoid(logits[:, 0].float())


class PIFuModel(PublishedModel[Encoding]):
    """The family of net_G and net_C. Shapes below are the published ones; other sizes of image are as good."""

    family, title, build = "pifu", "PIFu", PIFuNetwork
    license = "MIT (c) 2019 Shunsuke Saito, Zeng Huang and Ryota Natsume: of the code they came with, none of their own"
    input_px = IMAGE_PX
    network: PIFuNetwork

    def prepare(self, cut: PersonCut) -> tuple[Tensor, Tensor]:
        """What `encode` takes, from `cut(size, outer_centers)` (see person_cut.PersonCut)."""
        return network_input(*cut(IMAGE_PX, outer_centers=True), self.device)

    @torch.inference_mode()
    def encode(self, image: Tensor, mask: Tensor | None = None) -> Encoding:
        """Encode a crop `image (1, 3, 512, 512)` in [-1, 1], 0 outside the person; `mask (1, 1, h, w)` 0..1 limits the
        field's support, by default it is wherever the image is not exactly 0."""
        image = image.to(self._weight)
        if mask is None:
            mask = (image != 0).any(1, keepdim=True).float()
        color = None
        with full_precision():
            shape = self.network.netG.image_filter(image).float()
            if self.network.netC is not None:
                color = torch.cat([shape, self.network.netC.image_filter(image).float()], 1)
        return Encoding(shape, color, mask.to(self.device))

    def field(self, encoding: Encoding) -> PIFuField:
        """The occupancy field of an encoded photo."""
        return PIFuField(self.network.netG.surface_classifier, encoding, self.settings.depth_scale)

    @torch.inference_mode()
    def query_color(self, encoding: Encoding, points: Tensor) -> Tensor:
        """Colours (N, 3) sRGB in [0, 1] at `points (N, 3)` in field space. Raises InputError without a net_C."""
        maps, color = encoding.color, self.network.netC
        if maps is None or color is None:
            raise InputError(
                f"The model {self.name} has no colours.", fix="Import it again, with --color and the colour network."
            )
        mlp = color.surface_classifier

        def ask(xy, column, z):
            shares = mlp.columns(sample(maps, xy))
            return torch.tanh(mlp(shares, column, (z * self.settings.depth_scale)[:, None]).float()) * 0.5 + 0.5

        return in_batches(ask, points.to(maps))

    def vertex_colors(self, encoding: Encoding, vertices: np.ndarray) -> dict[str, np.ndarray]:
        """What `painting.paint` may know of vertices (V, 3): with net_C, their colours."""
        if encoding.color is None:
            return {}
        points = torch.from_numpy(np.ascontiguousarray(vertices, np.float32)).to(self.device)
        return {"guess": self.query_color(encoding, points).cpu().numpy()}

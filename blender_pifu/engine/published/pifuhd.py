# SPDX-License-Identifier: GPL-3.0-or-later
"""PIFuHD (Saito et al. 2020): normals of both sides, a coarse level on 512 pixels, a fine one on 1024."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..files.tensors import Tensors
from ..reading.person_cut import PersonCut, network_input
from .column_field import ColumnField, by_pixel, sample
from .hourglass import HourglassFilter, HourglassSizes
from .model import PublishedModel, full_precision
from .point_mlp import PointMLP
from .resnets import NormalGenerator
from .share_cache import Shares

COARSE_PX, FINE_PX = 512, 1024
MLP_NAMES = "filters.{}"


class CoarseLevel(nn.Module):
    """Normal generators, where the file has them, filter and MLP, under the names of the file."""

    def __init__(self, tensors: Tensors):
        super().__init__()
        self.netF, self.netB = (
            NormalGenerator.like(tensors.under(f"{name}.")) if f"{name}.model.1.weight" in tensors else None
            for name in ("netF", "netB")
        )
        sizes = HourglassSizes.of(tensors.under("image_filter."))
        drawn = sum(3 for net in (self.netF, self.netB) if net is not None)
        if sizes.inputs != 3 + drawn:
            raise tensors.misfit("image_filter.conv1.weight", f"where photo and normals are {3 + drawn} inputs")
        self.image_filter = HourglassFilter(sizes, pool=True)
        self.mlp = PointMLP.like(tensors.under("mlp."), MLP_NAMES, sizes.features)


class PIFuHDNetwork(nn.Module):
    """Both levels, under the names of the file, built to the sizes of its tensors. Raises InputError."""

    def __init__(self, tensors: Tensors):
        super().__init__()
        self.netG = CoarseLevel(tensors.under("netG."))
        sizes = HourglassSizes.of(tensors.under("image_filter."))
        if sizes.inputs != self.netG.image_filter.sizes.inputs:
            raise tensors.misfit("image_filter.conv1.weight", "with other inputs than the coarse level's")
        self.image_filter = HourglassFilter(sizes, pool=False)
        self.mlp = PointMLP.like(tensors.under("mlp."), MLP_NAMES, sizes.features)
        handed = tensors.shape("mlp.filters.0.weight", 3)[1] - sizes.features
        widths = [layer.out_channels for layer in self.netG.mlp.layers[:-1]]
        if handed not in widths:
            raise tensors.misfit("mlp.filters.0.weight", f"and no layer of the coarse level gives {handed} outputs")
        self.handed_layer = widths.index(handed)  # its activations go on to the fine level


@dataclass(frozen=True)
class Encoding:
    """One encoded photo. Normals in [-1, 1], field space, not of unit length; None where the file draws none."""

    front_normals: Tensor | None  # (1, 3, 512, 512)
    back_normals: Tensor | None
    coarse: Tensor  # (1, 256, 128, 128) float32 features
    fine: Tensor  # (1, 16, 512, 512) float32 features
    mask: Tensor | None  # (1, 1, h, w) 0..1


class PIFuHDField(ColumnField):
    """The fine level's occupancy."""

    def __init__(self, mlps: tuple[PointMLP, PointMLP], handed_layer: int, encoding: Encoding, depth_scale: float):
        """mlps: coarse, whose activations of `handed_layer` go on to the fine one."""
        super().__init__(mlps, encoding.mask, encoding.coarse.device)
        self.handed_layer, self.depth_scale = handed_layer, depth_scale
        self.maps = by_pixel(encoding.coarse), by_pixel(encoding.fine)

    def _columns(self, xy: Tensor) -> Shares:
        (coarse, fine), (coarse_maps, fine_maps) = self.mlps, self.maps
        return [coarse.columns(sample(coarse_maps, xy), self.handed_layer), fine.columns(sample(fine_maps, xy))]

    def _occupancy(self, shares: Shares, row: Tensor, z: Tensor) -> Tensor:
        coarse, fine = self.mlps
        handed = coarse(shares[0], row, (z * self.depth_scale)[:, None])
        return torch.sigmoid(fine(shares[1], row, handed)[:, 0].float())


class PIFuHDModel(PublishedModel[Encoding]):
    """The family of pifuhd.pt. Shapes below are the published ones; other sizes of image are as good."""

    family, title, build = "pifuhd", "PIFuHD", PIFuHDNetwork
    license = "CC BY-NC 4.0 (c) Facebook, Inc. and its affiliates: not for commercial use"
    notes = ("PIFuHD's weights are under CC BY-NC 4.0: not for commercial use.",)
    input_px = FINE_PX
    network: PIFuHDNetwork

    def prepare(self, cut: PersonCut) -> tuple[tuple[Tensor, Tensor], Tensor]:
        """What `encode` takes, from `cut(size, outer_centers)` (see person_cut.PersonCut)."""
        (small, mask), (large, _) = (
            network_input(*cut(size, outer_centers=True), self.device) for size in (COARSE_PX, FINE_PX)
        )
        return (small, large), mask

    @torch.inference_mode()
    def encode(self, images: tuple[Tensor, Tensor], mask: Tensor | None = None) -> Encoding:
        """Encode a crop given twice, as (1, 3, 512, 512) and (1, 3, 1024, 1024) in [-1, 1]; `mask (1, 1, h, w)` 0..1
        limits the field's support, without one it is the whole crop."""
        small, large = (image.to(self._weight) for image in images)
        coarse = self.network.netG
        with full_precision():
            normals = [None if net is None else net(small) for net in (coarse.netF, coarse.netB)]
            drawn = [maps for maps in normals if maps is not None]
            features = coarse.image_filter(torch.cat([small, *drawn], 1)).float()
            size = large.shape[-2:]
            drawn = [F.interpolate(maps, size, mode="bilinear", align_corners=True) for maps in drawn]
            fine = self.network.image_filter(torch.cat([large, *drawn], 1)).float()
        front, back = (None if maps is None else maps.float() for maps in normals)
        return Encoding(front, back, features, fine, None if mask is None else mask.to(self.device))

    def field(self, encoding: Encoding) -> PIFuHDField:
        """The occupancy field of an encoded photo."""
        network = self.network
        mlps = network.netG.mlp, network.mlp
        return PIFuHDField(mlps, network.handed_layer, encoding, self.settings.depth_scale)

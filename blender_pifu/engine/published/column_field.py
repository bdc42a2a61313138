# SPDX-License-Identifier: GPL-3.0-or-later
"""What the fields of the published families share: sampling, the mask's support, batches that do not change answers."""

import copy
from abc import abstractmethod

import torch
from torch import Tensor

from ..crop_space import sample_maps
from ..interfaces import Field
from ..networks.field import Support, pad
from .point_mlp import PointMLP
from .share_cache import ShareCache, Shares

BATCH = 8192  # points of one call at most, where the caller did not choose
BLOCK = 4096  # points that go through the layers together: what passes between these stays in a CPU's cache


class PublishedField(Field):
    """Occupancy of one photo that a published family encoded."""

    @abstractmethod
    def occupancy(self, xy: Tensor, column: Tensor, z: Tensor) -> Tensor:
        """As query_columns, but as the network says it outside the support too."""

    def at(self, points: Tensor) -> Tensor:
        """Occupancy (N,) of `points (N, 3)`, as the network says it."""
        return in_batches(self.occupancy, points)


class ColumnField(PublishedField):
    """Occupancy out of what networks know of pixel columns."""

    def __init__(self, mlps: tuple[PointMLP, ...], mask: Tensor | None, device: torch.device):
        """mlps: what a point goes through; `mask (1, 1, h, w)` 0..1; without one all of the crop is support."""
        self.mlps, self.device = mlps, device
        self._shares = ShareCache(self._columns)
        self._support = Support(mask) if mask is not None else in_crop

    def support(self, xy: Tensor) -> Tensor:
        """(C,) bool: columns `xy (C, 2)` field units that meet the dilated mask."""
        return self._support(xy)

    @torch.inference_mode()
    def query_columns(self, xy: Tensor, column: Tensor, z: Tensor) -> Tensor:
        """Occupancy (N,) float32 of points given as depth `z (N,)` in columns `column (N,)` of `xy (C, 2)`."""
        return self.occupancy(xy, column, z) * self.support(xy)[column]

    @torch.inference_mode()
    def occupancy(self, xy: Tensor, column: Tensor, z: Tensor) -> Tensor:
        """As query_columns, but as the network says it outside the support too."""
        shares, row = self._shares(pad(xy))
        found = [
            self._occupancy(shares, pad(row[some]), pad(depth))[: len(depth)]
            for some, depth in zip(column.split(BLOCK), z.split(BLOCK), strict=True)
        ]
        return torch.cat(found) * in_crop(xy)[column]

    @property
    def precision(self) -> str:
        """The name of what most of a point is worked out in."""
        return str(self.mlps[0].layers[0].weight.dtype).removeprefix("torch.")

    def lowered(self, dtype: torch.dtype) -> "ColumnField | None":
        """The field with its networks in a lower precision than float32; None where that is no way to go."""
        if self.precision != "float32" or any(mlp.normed for mlp in self.mlps):
            return None
        low = copy.copy(self)
        low.mlps = tuple(mlp.lowered(dtype) for mlp in self.mlps)
        low._shares = ShareCache(low._columns)
        return low

    @abstractmethod
    def _columns(self, xy: Tensor) -> Shares:
        """What the networks work out once for columns `xy (C, 2)`."""

    @abstractmethod
    def _occupancy(self, shares: Shares, row: Tensor, z: Tensor) -> Tensor:
        """Occupancy (N,) float32 of points whose columns' shares are in rows `row (N,)`."""


def in_batches(ask, points: Tensor) -> Tensor:
    """ask(xy, column, z) of `points (N, 3)`, each a column of its own, few at once: shares of columns are large."""
    index = torch.arange(min(BATCH, len(points)), device=points.device)
    answers = [ask(part[:, :2], index[: len(part)], part[:, 2]) for part in points.split(BATCH)]
    return torch.cat(answers)


def by_pixel(maps: Tensor) -> Tensor:
    """The same maps with a pixel's channels side by side in memory: twice as fast to sample where there are many."""
    return maps.contiguous(memory_format=torch.channels_last)


def sample(maps: Tensor, xy: Tensor) -> Tensor:
    """Bilinear samples (N, C) of `maps (1, C, h, w)` float32 at `xy (N, 2)`; the outer pixels' centres lie at -1 and 1,
    beyond them it fades to 0."""
    return sample_maps(maps, xy[None], outer_centres=True)[0].T


def in_crop(xy: Tensor) -> Tensor:
    """(N,) bool: whether `xy (N, 2)` lie in the crop, its border included."""
    return (xy.abs() <= 1).all(1)

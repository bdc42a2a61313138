# SPDX-License-Identifier: GPL-3.0-or-later
"""The occupancy field of one encoded photo, queried by pixel column."""

import torch
import torch.nn.functional as F
from torch import Tensor

from ..crop_space import sample_maps
from ..interfaces import Field
from .beyond_outline import beyond_outline_logits
from .coarse import CoarseLevel, sample
from .depth_gaps import depth_gap_logits
from .maps import Maps

SUPPORT_DILATION = 0.02  # field units the mask grows before everything outside counts as empty
# Logits that a point loses by the square of its distance, field units, before the first drawn surface or behind the
# last. Steadily: a step would print the lattice on the surface.
FADE = 25000.0
ROWS = 64  # batches of fewer or odd rows take other matrix kernels, with other rounding: results would depend on them


class Support:
    """Which pixel columns can hold the person: those that meet the dilated mask."""

    def __init__(self, mask: Tensor):
        """`mask (1, 1, h, w)` 0..1, square."""
        reach = max(1, round(SUPPORT_DILATION * mask.shape[-1] / 2))
        self._near = F.max_pool2d((mask > 0.1).float(), 2 * reach + 1, stride=1, padding=reach)

    def __call__(self, xy: Tensor) -> Tensor:
        """(C,) bool of columns `xy (C, 2)`, field units."""
        return sample_maps(self._near, xy[None], "nearest")[0, 0] > 0.5


class HumanField(Field):
    """The bundled family's occupancy of one person. Its MLP is so small that low precision would gain nothing."""

    def __init__(self, level: CoarseLevel, maps: Maps, image: Tensor):
        """`maps` and `image (1, 4, h, w)` as the encoder gave and got them."""
        self.device = image.device
        self._level, self._maps = level, maps
        self._stack = level.stack(maps, image)
        self._support = Support(image[:, 3:4])
        gaps = depth_gap_logits(maps.front_depth, maps.back_depth, image[:, 3:4])
        self._nobody = gaps + beyond_outline_logits(image[:, 3:4])

    def support(self, xy: Tensor) -> Tensor:
        """(C,) bool: columns `xy (C, 2)` field units that meet the dilated mask."""
        return self._support(xy)

    @torch.inference_mode()
    def query_columns(self, xy: Tensor, column: Tensor, z: Tensor) -> Tensor:
        """Occupancy (N,) of points given as depth `z (N,)` in columns `column (N,)` of `xy (C, 2)`, field units.

        The columns' share of the MLP is computed once a column. Nothing of the person lies before the first surface or
        behind the last one, where the MLP sees flakes, nor outside the outline. Results do not depend on how points are
        batched.
        """
        count = len(z)
        xy, column, z = (pad(values) for values in (xy, column, z))
        features, front, back = self._level.column_features(self._stack, self._maps, xy[None])
        shares = self._level.head.columns(features[0])
        under_front, over_back = front[0, column] - z, z - back[0, column]
        logits = self._level.head(shares[column], under_front, over_back)
        logits = logits - FADE * torch.minimum(under_front, over_back).clamp_max(0).square()
        logits = logits - sample(self._nobody, xy[None])[0, column, 0]
        return torch.sigmoid(logits)[:count] * self.support(xy)[column][:count]


def pad(values: Tensor) -> Tensor:
    """Zeros added, to a multiple of ROWS and at least that many."""
    short = ROWS - len(values) if len(values) < ROWS else -len(values) % ROWS
    return values if not short else torch.cat([values, values.new_zeros((short, *values.shape[1:]))])

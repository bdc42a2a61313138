# SPDX-License-Identifier: GPL-3.0-or-later
"""The maps that networks draw of a person, and what is done with all of them alike."""

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

DARKEST = 0.02  # added to colours before they are divided: black says nothing of light


@dataclass(frozen=True)
class Maps:
    """What the encoder draws, all (B, C, h, w) on the crop's pixels; field space. Networks that do not draw the last
    ones leave them None."""

    front_normals: Tensor  # 3, unit
    back_normals: Tensor  # 3, unit
    front_depth: Tensor  # 1, z of the first surface, half crops from the person's mean depth
    back_depth: Tensor  # 1, z of the last surface
    back_rgb: Tensor  # 3, 0..1 sRGB, the hidden side seen through the front's pixels
    fine: Tensor  # widths[0] features
    wide: Tensor  # wide_features at a quarter of the core's resolution
    front_labels: Tensor | None = None  # one a label of `labels.LABELS`: how likely it is, 0..1, sum 1
    back_labels: Tensor | None = None
    front_shading: Tensor | None = None  # 3, log of the colours over the albedo: see `without_light`
    back_shading: Tensor | None = None

    def each(self, change: Callable[[str, Tensor], Tensor]) -> "Maps":
        """The maps, each replaced by what `change` makes of its name and values."""
        values = {}
        for field in fields(self):
            given = getattr(self, field.name)
            values[field.name] = None if given is None else change(field.name, given)
        return Maps(**values)

    def blended(self, change: Callable[[str, Tensor], Tensor]) -> "Maps":
        """As `each`, with normals made unit again."""
        values = self.each(change)
        return replace(
            values, front_normals=unit_normals(values.front_normals), back_normals=unit_normals(values.back_normals)
        )

    def mirrored(self) -> "Maps":
        """The maps of the mirror image: left and right changed, in normals too."""
        return self.each(lambda name, values: _mirrored(values, name.endswith("normals")))

    def mean(self, other: "Maps") -> "Maps":
        """The mean of two drawings of the same photo."""
        return self.blended(lambda name, values: (values + getattr(other, name)) / 2)


def as_picture(values: Tensor) -> np.ndarray:
    """The map (1, C, h, w) of one photo as a picture (h, w, C) float32."""
    return values[0].permute(1, 2, 0).float().cpu().numpy()


def _mirrored(values: Tensor, vectors: bool) -> Tensor:
    flipped = values.flip(3)
    return flipped * flipped.new_tensor([-1, 1, 1]).view(1, 3, 1, 1) if vectors else flipped


def unit_normals(normals: Tensor) -> Tensor:
    """Drawn normals (B, 3, h, w) of length 1; those that are next to nothing stay short."""
    # F.normalize takes twenty times as long on a CPU.
    return normals * normals.square().sum(1, keepdim=True).clamp_min(1e-8).rsqrt()


def double(maps: Tensor) -> Tensor:
    """Twice the resolution, bilinear."""
    return F.interpolate(maps, scale_factor=2, mode="bilinear", align_corners=False)


def enlarged(maps: Maps) -> Maps:
    """Maps of twice the resolution, by interpolation; `wide` stays: it is sampled by place, not by pixel."""
    return maps.blended(lambda name, values: values if name == "wide" else double(values))


def without_light(rgb: Tensor, shading: Tensor) -> Tensor:
    """Albedo (B, 3, h, w) 0..1 sRGB of colours `rgb` likewise by the drawn shading: what is sharp in them stays sharp.
    The line of intrinsic images (Barrow & Tenenbaum 1978), in the picture's own tones."""
    return ((rgb + DARKEST) * torch.exp(-shading) - DARKEST).clamp(0, 1)


def front_colors(image: Tensor) -> Tensor:
    """Colours (B, 3, h, w) 0..1 of a masked photo `image (B, 4, h, w)`, [-1, 1] and mask."""
    image = image.float()
    return ((image[:, :3] / image[:, 3:].clamp_min(0.1) + 1) / 2).clamp(0, 1)

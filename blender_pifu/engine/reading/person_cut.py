# SPDX-License-Identifier: GPL-3.0-or-later
"""The person cut out of the photo at the sizes that networks and painting ask for."""

import math
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from ..memory import LARGE_PHOTO
from ..srgb import lit
from .crop import Crop
from .matte import Matte

# Matte values below half a step of 8 bits are no person at all.
LEAST_ALPHA = 0.5 / 255
LEAST_SIDE_PX = 16
KEPT_PX, KEPT_OF_LARGE_PX = 1024, 512  # pictures of at most so many pixels to a side are kept, 16 bytes a pixel


@dataclass(frozen=True)
class PersonCut:
    """The crop of a matted photo; called with a size it gives pixels. `matte`: see matte.Matte; `landmarks`: see
    landmarks.landmarks_in; `tone`: see tone.tone_of; `gain`: (m, m, 3) of the crop by which linear colours are
    multiplied, None: they stay as they are."""

    matte: Matte
    crop: Crop
    landmarks: np.ndarray | None = None
    tone: np.ndarray | None = None
    gain: np.ndarray | None = None
    _made: dict[tuple[Crop, int], tuple[np.ndarray, np.ndarray]] = field(
        default_factory=dict, compare=False, repr=False
    )

    def side_px(self, most: int) -> int:
        """Side of the picture that shows all that the photo has, at most `most` pixels."""
        return max(LEAST_SIDE_PX, min(most, math.ceil(self.crop.side)))

    def __call__(self, size: int, outer_centers: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Colours (size, size, 3) float32 0..1 sRGB without the background's share, and matte (size, size).

        outer_centers: pixels are spread so that the outer ones' centres lie on the crop's border, not their edges.
        """
        crop = replace(self.crop, side=self.crop.side * size / (size - 1)) if outer_centers else self.crop
        rgb, alpha = self._made.get((crop, size)) or self._make(crop, size)
        return rgb if self.gain is None else lit(rgb, self.gain), alpha

    def keeps(self, size: int) -> bool:
        """Whether pictures of that size are kept."""
        return size <= (KEPT_OF_LARGE_PX if self.matte.foreground.nbytes > LARGE_PHOTO else KEPT_PX)

    def _make(self, crop, size):
        """As it is called, in the photo's own light. Small ones are kept for whoever asks again, and under another
        light: nobody may write to them."""
        both = crop.compose(self._weighted, (*self.matte.alpha.shape, 4), size)
        alpha = np.clip(both[..., 3], 0, 1)
        rgb = np.clip(both[..., :3] / (255 * np.maximum(alpha, 1e-6))[..., None], 0, 1)
        if self.keeps(size):
            rgb.flags.writeable = alpha.flags.writeable = False
            self._made[crop, size] = rgb, alpha
        return rgb, alpha

    def _weighted(self, part):
        """Of some rows and columns the colours 0..255 times the matte, and the matte: (h, w, 4) float32."""
        alpha = self.matte.alpha[part]
        alpha = (alpha * (alpha >= LEAST_ALPHA))[..., None]
        return np.concatenate([self.matte.foreground[part] * alpha, alpha], -1)


def network_input(rgb: np.ndarray, alpha: np.ndarray, device: str | torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """Masked image (1, 3, n, n) in [-1, 1], 0 (mid grey) outside the person, and mask (1, 1, n, n)."""
    alpha = np.where(alpha < LEAST_ALPHA, 0, alpha)[None]
    image = (rgb.transpose(2, 0, 1) * 2 - 1) * alpha
    image, alpha = (np.ascontiguousarray(part[None], np.float32) for part in (image, alpha))
    return torch.from_numpy(image).to(device), torch.from_numpy(alpha).to(device)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Join what the network drew from the front photo with what it drew from the photo of the back."""

from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor

from ..networks.maps import Maps, unit_normals

# Share of normals and relief that comes from the photo of the back, the rest is the front's guess: both are wrong, each
# in its own way, so that a mean is better than either, and more of what was read is worse.
READ = 0.3
RELIEF = 0.05  # crops; folds are narrower than this, and wider differences of depth are left to the front photo
DEEPEST = 0.05  # field units that a fold moves the surface at most
THINNEST = 0.01  # field units that are left of the body


def fuse(front: Maps, behind: Maps, mask: Tensor) -> Maps:
    """Maps whose back is `behind`'s front.

    behind: drawn from the back photo after it was mirrored and laid over the front one: on the same pixels, x is the
    same, z has the other sign. mask: (1, 1, h, w) 0..1, where both photos show the person. Of depth only the relief is
    taken: where a limb is as a whole both photos guess, each otherwise, and its thickness must stay what it was.
    """
    share = READ * mask
    seen = behind.front_normals * behind.front_normals.new_tensor([1, 1, -1]).view(1, 3, 1, 1)
    normals = unit_normals(front.back_normals * (1 - share) + seen * share)
    relief = READ * _relief(-behind.front_depth - front.back_depth, mask).clamp(-DEEPEST, DEEPEST)
    depth = torch.minimum(front.back_depth + relief, front.front_depth - THINNEST)
    return replace(front, back_normals=normals, back_depth=torch.where(mask > 0.5, depth, front.back_depth))


def _relief(depth: Tensor, mask: Tensor) -> Tensor:
    """What of depth (1, 1, h, w) differs from its surroundings within the mask; 0 outside."""
    reach = max(1, round(2 * RELIEF * depth.shape[-1]))
    place = torch.arange(-reach, reach + 1, device=depth.device, dtype=depth.dtype) * 2 / reach
    kernel = torch.exp(-0.5 * place**2)

    def blur(values: Tensor) -> Tensor:
        across = F.conv2d(values, kernel.view(1, 1, 1, -1), padding=(0, reach))
        return F.conv2d(across, kernel.view(1, 1, -1, 1), padding=(reach, 0))

    return mask * (depth - blur(depth * mask) / blur(mask).clamp_min(1e-3))

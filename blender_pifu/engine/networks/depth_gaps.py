# SPDX-License-Identifier: GPL-3.0-or-later
"""The rifts between limbs that meet in the picture but not in space.

Maps are smooth, so where a leg ends before the other one they run from the near one to the far one, and a sheet would
join the two. A limb's own surfaces close towards its outline: there the front falls away and the back comes forward.
In a sheet both run the same way, and it has a limb at either end, the far one behind the near one, or none beyond the
person's outline. Where the two overlap in depth, as a chin and the neck, or a strand and the shoulder, one body goes
on behind the edge, and nothing gapes.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..crop_space import pixel_centres, sample_maps

STEEPEST = 2.0  # field units of depth a field unit: a limb that points at the camera more than so is none
LOGITS = 20.0  # what a column twice as steep loses
REACHES = (0.016, 0.032, 0.048, 0.064)  # field units to either side of a rift, at which limbs are looked for
OVERLAP = 0.12  # of either limb's thickness that may overlap: maps are blurred
STEPS = (0.004, 0.008, 0.012, 0.016)  # field units towards the outline


def depth_gap_logits(front_depth: Tensor, back_depth: Tensor, mask: Tensor) -> Tensor:
    """What the occupancy of each column loses, in logits, >= 0: (B, 1, h, h), as the drawn depths, field units, and the
    mask, 0..1."""
    front, back = _slope(front_depth), _slope(back_depth)
    steepness = (front * back).sum(1, keepdim=True).clamp_min(0).sqrt() / STEEPEST
    slack = OVERLAP * (front_depth - back_depth)
    maps = torch.cat([front_depth - slack, back_depth + slack, mask.to(front), steepness], 1)
    pixels = torch.from_numpy(np.dstack(pixel_centres(mask.shape[-1]))).to(front).view(-1, 2)
    lost = LOGITS * (steepness - 1).clamp(0, 2).flatten(1)
    for one, slope, each in zip(lost, (front + back).flatten(2), maps, strict=True):
        steep = one.nonzero()[:, 0]  # few: elsewhere nothing is lost anyway
        nearer = F.normalize(slope[:, steep].T, dim=1, eps=1e-6) * slope.new_tensor([1, -1])
        how = each[None], pixels[steep]
        one[steep] *= _between_limbs(*how, nearer) | _run_off(*how, nearer) | _run_off(*how, -nearer)
    return lost.view_as(mask)


def _slope(depth: Tensor) -> Tensor:
    """(B, 2, h, h) central differences along columns and rows, field units of depth a field unit."""
    around = F.pad(depth, (1, 1, 1, 1), mode="replicate")
    across = around[..., 1:-1, 2:] - around[..., 1:-1, :-2]
    down = around[..., 2:, 1:-1] - around[..., :-2, 1:-1]
    return torch.cat([across, down], 1) * depth.shape[-1] / 4


def _between_limbs(maps: Tensor, pixels: Tensor, nearer: Tensor) -> Tensor:
    """(N,) whether from pixels (N, 2) in the direction `nearer (N, 2)` there is a limb before one on the other side.
    maps (1, 4, h, h): front, back, mask, steepness; beyond the mask depth is anything."""
    near, far = (_along(maps, pixels, way * nearer, REACHES) for way in (1, -1))
    near_back = near[:, 1].masked_fill(near[:, 2] < 0.5, -torch.inf).amax(0)
    far_front = far[:, 0].masked_fill(far[:, 2] < 0.5, torch.inf).amin(0)
    return near_back > far_front


def _run_off(maps: Tensor, pixels: Tensor, way: Tensor) -> Tensor:
    """(N,) whether from pixels (N, 2) in the direction `way (N, 2)` all is steep up to the mask's end, near by. maps as
    above."""
    there, steepness = _along(maps, pixels, way, STEPS)[:, 2:].unbind(1)
    inside = (there > 0.5).cumprod(0).bool()
    return ~inside[-1] & ((steepness > 1) | ~inside).all(0)


def _along(maps: Tensor, pixels: Tensor, way: Tensor, distances: tuple[float, ...]) -> Tensor:
    """(D, C, N) maps (1, C, h, h) so far from pixels (N, 2) in directions `way (N, 2)`, field space."""
    return torch.stack([sample_maps(maps, (pixels + distance * way)[None])[0] for distance in distances])

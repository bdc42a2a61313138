# SPDX-License-Identifier: GPL-3.0-or-later
"""The rifts between limbs that meet in the picture but not in space.

Maps are smooth, so where a leg ends before the other one they run from the near one to the far one, and a sheet would
join the two. A limb's own surfaces close towards its outline: there the front falls away and the back comes forward.
In a sheet both run the same way.
"""

import torch.nn.functional as F
from torch import Tensor

STEEPEST = 2.0  # field units of depth a field unit: a limb that points at the camera more than so is none
LOGITS = 20.0  # what a column twice as steep loses


def depth_gap_logits(front_depth: Tensor, back_depth: Tensor) -> Tensor:
    """(B, 1, h, w) drawn depths, field units -> what the occupancy of each column loses, in logits, >= 0."""
    (front_x, front_y), (back_x, back_y) = _slope(front_depth), _slope(back_depth)
    together = (front_x * back_x + front_y * back_y).clamp_min(0).sqrt()
    return LOGITS * (together / STEEPEST - 1).clamp(0, 2)


def _slope(depth: Tensor) -> tuple[Tensor, Tensor]:
    """Central differences along columns and rows, field units of depth a field unit."""
    around = F.pad(depth, (1, 1, 1, 1), mode="replicate")
    across = around[..., 1:-1, 2:] - around[..., 1:-1, :-2]
    down = around[..., 2:, 1:-1] - around[..., :-2, 1:-1]
    return across * depth.shape[-1] / 4, down * depth.shape[-1] / 4

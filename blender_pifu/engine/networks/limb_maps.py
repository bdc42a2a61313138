# SPDX-License-Identifier: GPL-3.0-or-later
"""What the landmarks say of the body, drawn for the coarse level: where limbs run and how near to the camera they are.

The landmark network has seen far more poses, in real photos, than the coarse level, and guesses where hidden limbs are;
but its depth is rough, so the coarse level learns how far to follow it.
"""

import torch
from torch import Tensor

from ..crop_space import centres
from ..reading.landmarks import Landmark as L
from ..reading.landmarks import metre

CHANNELS = 5  # whether a limb is there; z of the nearest and of the farthest one; how sure these are, 0..1
HINT_PX = 64
# Landmarks that a limb joins, and half its width in metres.
LIMBS = {
    (L.LEFT_SHOULDER, L.RIGHT_SHOULDER): 0.08, (L.LEFT_HIP, L.RIGHT_HIP): 0.10,
    (L.LEFT_SHOULDER, L.LEFT_HIP): 0.10, (L.RIGHT_SHOULDER, L.RIGHT_HIP): 0.10,
    (L.LEFT_SHOULDER, L.RIGHT_HIP): 0.08, (L.RIGHT_SHOULDER, L.LEFT_HIP): 0.08,
    (L.LEFT_EAR, L.RIGHT_EAR): 0.09, (L.NOSE, L.LEFT_EAR): 0.08, (L.NOSE, L.RIGHT_EAR): 0.08,
    (L.MOUTH_LEFT, L.LEFT_SHOULDER): 0.05, (L.MOUTH_RIGHT, L.RIGHT_SHOULDER): 0.05,
    (L.LEFT_SHOULDER, L.LEFT_ELBOW): 0.055, (L.RIGHT_SHOULDER, L.RIGHT_ELBOW): 0.055,
    (L.LEFT_ELBOW, L.LEFT_WRIST): 0.045, (L.RIGHT_ELBOW, L.RIGHT_WRIST): 0.045,
    (L.LEFT_WRIST, L.LEFT_INDEX): 0.04, (L.RIGHT_WRIST, L.RIGHT_INDEX): 0.04,
    (L.LEFT_HIP, L.LEFT_KNEE): 0.08, (L.RIGHT_HIP, L.RIGHT_KNEE): 0.08,
    (L.LEFT_KNEE, L.LEFT_ANKLE): 0.055, (L.RIGHT_KNEE, L.RIGHT_ANKLE): 0.055,
    (L.LEFT_ANKLE, L.LEFT_FOOT): 0.045, (L.RIGHT_ANKLE, L.RIGHT_FOOT): 0.045,
    (L.LEFT_HEEL, L.LEFT_FOOT): 0.045, (L.RIGHT_HEEL, L.RIGHT_FOOT): 0.045,
}  # fmt: skip
FAR = 1e3


def draw_hints(landmarks: Tensor) -> Tensor:
    """Landmarks (B, 33, 4) as `landmarks_in`, zeros for nobody -> (B, CHANNELS, HINT_PX, HINT_PX), 0 off the limbs."""
    first, last = (torch.tensor([pair[end] for pair in LIMBS], device=landmarks.device) for end in (0, 1))
    a, b = landmarks[:, first], landmarks[:, last]  # (B, L, 4)
    widths = landmarks.new_tensor(list(LIMBS.values())) * metre(landmarks)[:, None]
    along = b[..., :2] - a[..., :2]
    across = torch.from_numpy(centres(HINT_PX)).to(landmarks)
    x = across.view(1, 1, 1, -1) - a[..., 0, None, None]  # (B, L, 1, w)
    y = -across.view(1, 1, -1, 1) - a[..., 1, None, None]  # (B, L, h, 1)
    along_x, along_y = along[..., 0, None, None], along[..., 1, None, None]
    length = along.square().sum(-1).clamp_min(1e-8)[..., None, None]
    share = ((x * along_x + y * along_y) / length).clamp(0, 1)  # (B, L, h, w)
    off = (x - share * along_x).square() + (y - share * along_y).square()
    there = off < widths.square()[..., None, None]
    z, sure = (torch.lerp(a[..., i, None, None], b[..., i, None, None], share) for i in (2, 3))
    near, nearest = torch.where(there, z, -FAR).max(1, keepdim=True)
    far, farthest = torch.where(there, z, FAR).min(1, keepdim=True)
    drawn = torch.cat([torch.ones_like(near), near, far, sure.gather(1, nearest), sure.gather(1, farthest)], 1)
    return drawn * there.any(1, keepdim=True)


def from_behind(hints: Tensor) -> Tensor:
    """The same limbs seen from the other side, pixels in their places."""
    there, near, far, near_sure, far_sure = hints.unbind(-3)
    return torch.stack([there, -far, -near, far_sure, near_sure], -3)

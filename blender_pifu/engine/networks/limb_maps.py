# SPDX-License-Identifier: GPL-3.0-or-later
"""What the landmarks say of the body, drawn for the coarse level: where limbs run and how near to the camera they are.

The landmark network has seen far more poses, in real photos, than the coarse level, and guesses where hidden limbs are;
but its depth is rough, so the coarse level learns how far to follow it.
"""

import numpy as np
import torch
from torch import Tensor

from ..body.lift import in_field
from ..reading.crop import Crop
from ..reading.landmarks import Person

CHANNELS = 5  # whether a limb is there; z of the nearest and of the farthest one; how sure these are, 0..1
HINT_PX = 64
# Landmarks that a limb joins, and half its width in metres.
LIMBS = {
    (11, 12): 0.08, (23, 24): 0.10, (11, 23): 0.10, (12, 24): 0.10, (11, 24): 0.08, (12, 23): 0.08,
    (7, 8): 0.09, (0, 7): 0.08, (0, 8): 0.08, (9, 11): 0.05, (10, 12): 0.05,
    (11, 13): 0.055, (12, 14): 0.055, (13, 15): 0.045, (14, 16): 0.045, (15, 19): 0.04, (16, 20): 0.04,
    (23, 25): 0.08, (24, 26): 0.08, (25, 27): 0.055, (26, 28): 0.055,
    (27, 31): 0.045, (28, 32): 0.045, (29, 31): 0.045, (30, 32): 0.045,
}  # fmt: skip
# Bones by whose length a metre is known, in metres: the one that is shortened least by perspective counts.
RULERS = {
    (11, 12): 0.36,
    (11, 23): 0.50,
    (12, 24): 0.50,
    (23, 25): 0.42,
    (24, 26): 0.42,
    (25, 27): 0.40,
    (26, 28): 0.40,
}
FAR = 1e3


def landmarks_in(person: Person | None, crop: Crop) -> np.ndarray | None:
    """(33, 4) float32: x, y in field space, z from the middle of the hips in the same unit, visibility 0..1; None for
    nobody."""
    if person is None:
        return None
    return np.column_stack([in_field(person, crop), person.visibility]).astype(np.float32)


def draw_hints(landmarks: Tensor) -> Tensor:
    """Landmarks (B, 33, 4) as `landmarks_in`, zeros for nobody -> (B, CHANNELS, HINT_PX, HINT_PX), 0 off the limbs."""
    first, last = (torch.tensor([pair[end] for pair in LIMBS], device=landmarks.device) for end in (0, 1))
    a, b = landmarks[:, first], landmarks[:, last]  # (B, L, 4)
    widths = landmarks.new_tensor(list(LIMBS.values())) * metre(landmarks)[:, None]
    along = b[..., :2] - a[..., :2]
    centres = (torch.arange(HINT_PX, device=landmarks.device, dtype=landmarks.dtype) + 0.5) / HINT_PX * 2 - 1
    x = centres.view(1, 1, 1, -1) - a[..., 0, None, None]  # (B, L, 1, w)
    y = -centres.view(1, 1, -1, 1) - a[..., 1, None, None]  # (B, L, h, 1)
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


def metre(landmarks: Tensor) -> Tensor:
    """Field units of one metre (B,), 0 for nobody."""
    ends = torch.tensor(list(RULERS), device=landmarks.device)
    lengths = (landmarks[:, ends[:, 0], :2] - landmarks[:, ends[:, 1], :2]).norm(dim=-1)
    return (lengths / lengths.new_tensor(list(RULERS.values()))).amax(1)


def from_behind(hints: Tensor) -> Tensor:
    """The same limbs seen from the other side, pixels in their places."""
    there, near, far, near_sure, far_sure = hints.unbind(-3)
    return torch.stack([there, -far, -near, far_sure, near_sure], -3)

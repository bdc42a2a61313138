# SPDX-License-Identifier: GPL-3.0-or-later
"""No sheet joins two limbs that only meet in the picture."""

import torch

from blender_pifu.engine.networks.coarse import CoarseConfig, CoarseLevel
from blender_pifu.engine.networks.field import HumanField
from blender_pifu.engine.networks.maps import Maps

SIDE = 128
CONFIG = CoarseConfig(widths=(8, 8, 16, 16), wide_features=8, hidden=16, layers=2)


def occupancy_of(middle: torch.Tensor, points: list[list[float]]) -> list[bool]:
    """Of a slab 0.2 thick whose middle has the depth `middle (SIDE,)` across the picture; the head is untrained."""
    middle = middle.view(1, 1, 1, SIDE).expand(1, 1, SIDE, SIDE)
    nothing = torch.zeros(1, 3, SIDE, SIDE)
    towards = torch.tensor([0.0, 0, 1]).view(1, 3, 1, 1).expand(1, 3, SIDE, SIDE)
    features, wide = torch.zeros(1, 8, SIDE, SIDE), torch.zeros(1, 8, SIDE // 4, SIDE // 4)
    maps = Maps(towards, -towards, middle + 0.1, middle - 0.1, nothing, features, wide)
    field = HumanField(CoarseLevel(CONFIG).eval(), maps, torch.ones(1, 4, SIDE, SIDE))
    points = torch.tensor(points)
    return (field.query_columns(points[:, :2], torch.arange(len(points)), points[:, 2]) > 0.5).tolist()


def test_a_near_limb_and_a_far_one_stay_apart():
    across = (torch.arange(SIDE) + 0.5) / SIDE * 2 - 1
    jump = 0.3 * (across / 0.06).clamp(-1, 1)  # from -0.3 to 0.3 over eight pixels
    there = [[-0.5, 0, -0.3], [0.5, 0, 0.3], [-0.1, 0, -0.3], [0.1, 0, 0.3]]
    assert all(occupancy_of(jump, there))
    assert not any(occupancy_of(jump, [[0.0, 0, z / 10] for z in range(-5, 6)]))


def test_a_limb_that_comes_towards_the_camera_stays_whole():
    slope = 1.5 * ((torch.arange(SIDE) + 0.5) / SIDE * 2 - 1).clamp(-0.4, 0.4)
    assert all(occupancy_of(slope, [[x / 10, 0, 0.15 * x] for x in range(-4, 5)]))

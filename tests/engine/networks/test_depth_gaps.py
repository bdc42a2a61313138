# SPDX-License-Identifier: GPL-3.0-or-later
"""No sheet joins two limbs that only meet in the picture; nothing else is cut, and nothing hangs in the air."""

import torch

from blender_pifu.engine.networks.coarse import CoarseConfig, CoarseLevel
from blender_pifu.engine.networks.field import HumanField
from blender_pifu.engine.networks.maps import Maps

SIDE = 128
CONFIG = CoarseConfig(widths=(8, 8, 16, 16), wide_features=8, hidden=16, layers=2)
ACROSS = (torch.arange(SIDE) + 0.5) / SIDE * 2 - 1
DEPTHS = [z / 10 for z in range(-7, 6)]


def occupancy_of(front, back, points: list[list[float]], ends: float = 1.0, believes: float = 0.0) -> list[bool]:
    """At points of what has depths `front` and `back (SIDE,)` across the picture and is seen up to x = `ends`; the head
    is untrained, but for believing so many logits of everything."""
    front, back = (depth.view(1, 1, 1, SIDE).expand(1, 1, SIDE, SIDE) for depth in (front, back))
    nothing = torch.zeros(1, 3, SIDE, SIDE)
    towards = torch.tensor([0.0, 0, 1]).view(1, 3, 1, 1).expand(1, 3, SIDE, SIDE)
    features, wide = torch.zeros(1, 8, SIDE, SIDE), torch.zeros(1, 8, SIDE // 4, SIDE // 4)
    maps = Maps(towards, -towards, front, back, nothing, features, wide)
    level = CoarseLevel(CONFIG).eval()
    torch.nn.init.constant_(level.head.out.bias, believes)
    mask = (ends > ACROSS).float().expand(1, 1, SIDE, SIDE)
    field = HumanField(level, maps, torch.cat([nothing, mask], 1))
    points = torch.tensor(points)
    return (field.query_columns(points[:, :2], torch.arange(len(points)), points[:, 2]) > 0.5).tolist()


def jump(at: float, half: float) -> torch.Tensor:
    """From -1 to 1 about x = `at`."""
    return ((ACROSS - at) / half).clamp(-1, 1)


def test_a_near_limb_and_a_far_one_stay_apart():
    middle = 0.3 * jump(0, 0.06)  # over eight pixels
    limbs = middle + 0.1, middle - 0.1
    assert all(occupancy_of(*limbs, [[-0.5, 0, -0.3], [0.5, 0, 0.3], [-0.1, 0, -0.3], [0.1, 0, 0.3]]))
    assert not any(occupancy_of(*limbs, [[0.0, 0, z] for z in DEPTHS]))


def test_a_limb_that_comes_towards_the_camera_stays_whole():
    slope = 1.5 * ACROSS.clamp(-0.4, 0.4)
    assert all(occupancy_of(slope + 0.1, slope - 0.1, [[x / 10, 0, 0.15 * x] for x in range(-4, 5)]))


def test_a_chin_before_a_neck_is_not_cut_off_its_head():
    """Front and back both come nearer, steeply, but the head goes on behind the edge of its chin."""
    front, back = 0.2 * jump(0, 0.04), 0.08 * jump(0, 0.04) - 0.5
    assert all(occupancy_of(front, back, [[x / 100, 0, -0.3] for x in range(-8, 9)]))


def test_no_slit_along_an_outline_beyond_which_maps_run_off():
    middle = -0.15 * jump(0.42, 0.05)
    there = [[x / 100, 0, 0.0] for x in range(30, 52)]
    assert all(occupancy_of(middle + 0.25, middle - 0.25, there, ends=0.53))


def test_a_sheet_that_runs_off_over_the_outline_is_taken_off():
    middle = -0.5 * jump(0.5, 0.1)
    assert not any(occupancy_of(middle + 0.1, middle - 0.1, [[0.49, 0, z] for z in DEPTHS], ends=0.5))
    assert all(occupancy_of(middle + 0.1, middle - 0.1, [[x / 100, 0, 0.5] for x in range(10, 38)], ends=0.5))


def test_nothing_hangs_before_the_first_surface_or_behind_the_last():
    front, back = torch.full((SIDE,), 0.1), torch.full((SIDE,), -0.1)
    there = [[0.0, 0, 0.0], [0.0, 0, 0.099], [0.0, 0, -0.099]]
    beyond = [[0.0, 0, side * z] for z in (0.13, 0.2, 0.5) for side in (-1, 1)]
    assert all(occupancy_of(front, back, there, believes=15))
    assert not any(occupancy_of(front, back, beyond, believes=15))

# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarks become maps in the right place and order of depth, and the network takes them or does without."""

import dataclasses

import numpy as np
import torch

from blender_pifu.engine.networks.coarse import CoarseConfig, CoarseLevel
from blender_pifu.engine.networks.limb_maps import HINT_PX, draw_hints, from_behind
from blender_pifu.engine.reading.landmarks import MIRRORED

CONFIG = CoarseConfig(core_px=32, widths=(8, 8, 16, 16), wide_features=8, hidden=16, layers=2, hints=True)


def standing():
    """(1, 33, 4): somebody upright, 1.6 units tall, who stretches the left hand towards the camera before the trunk."""
    x = {11: 0.18, 13: 0.24, 15: 0.0, 17: 0.0, 19: 0.0, 21: 0.0, 23: 0.1, 25: 0.1, 27: 0.1, 29: 0.1, 31: 0.12, 7: 0.07}
    y = {
        11: 0.5,
        13: 0.3,
        15: 0.3,
        17: 0.3,
        19: 0.3,
        21: 0.3,
        23: 0.0,
        25: -0.4,
        27: -0.8,
        29: -0.85,
        31: -0.85,
        7: 0.7,
    }
    points = torch.zeros(1, 33, 4)
    points[..., 1] = 0.7
    points[..., 3] = 1
    for left in x:
        points[0, left, :2] = torch.tensor([x[left], y[left]])
        points[0, left + 1, :2] = torch.tensor([-x[left], y[left]])
    points[0, [16, 18, 20, 22], :2] = torch.tensor([-0.3, 0.05])
    points[0, [15, 17, 19, 21], 2] = 0.5
    return points


def pixel(x, y):
    return int((1 - y) / 2 * HINT_PX), int((x + 1) / 2 * HINT_PX)


def test_a_hand_before_the_trunk_is_nearest_there_and_the_trunk_farthest():
    there, near, far, sure, _ = draw_hints(standing())[0].numpy()
    at = pixel(0.0, 0.3)
    assert there[at] == 1 and sure[at] == 1
    assert near[at] > 0.4 and abs(far[at]) < 0.05
    assert there[pixel(0.8, 0.8)] == 0 and near[pixel(0.8, 0.8)] == 0


def test_nobody_draws_nothing():
    assert not draw_hints(torch.zeros(2, 33, 4)).any()


def test_the_mirror_image_of_a_person_draws_the_mirror_image():
    points = standing()
    mirrored = points[:, list(MIRRORED)] * torch.tensor([-1.0, 1, 1, 1])
    assert torch.allclose(draw_hints(mirrored), draw_hints(points).flip(3))


def test_from_behind_the_nearest_is_the_farthest():
    hints = draw_hints(standing())
    turned = from_behind(hints)
    assert torch.equal(turned[:, 1], -hints[:, 2]) and torch.equal(from_behind(turned), hints)


def test_a_network_begins_by_ignoring_hints_and_learns_to_use_them():
    torch.manual_seed(0)
    level = CoarseLevel(CONFIG).eval()
    plain = CoarseLevel(dataclasses.replace(CONFIG, hints=False)).eval()
    plain.load_state_dict({name: value for name, value in level.state_dict().items() if ".hints." not in name})
    image, hints = torch.rand(1, 4, 32, 32), draw_hints(standing())
    without = level(image)
    assert torch.equal(level(image, hints).front_depth, without.front_depth)
    assert torch.equal(plain(image, hints).front_depth, without.front_depth)
    torch.nn.init.normal_(level.encoder.core.hints.out.weight)
    assert not torch.equal(level(image, hints).front_depth, without.front_depth)
    assert torch.equal(level(image, torch.zeros_like(hints)).front_depth, without.front_depth)


def test_half_of_what_is_drawn_evenly_knows_nothing_of_the_hints():
    torch.manual_seed(0)
    level = CoarseLevel(CONFIG).eval()
    torch.nn.init.normal_(level.encoder.core.hints.out.weight)
    image, hints = torch.rand(1, 4, 32, 32), draw_hints(standing())
    told, untold = (level.draw_evenly(image, given).front_depth.detach() for given in (hints, None))
    moved = level(image, hints).front_depth.detach() - level(image).front_depth.detach()
    assert np.allclose(told - untold, moved / 2, atol=1e-5)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Legs at a depth that the floor forbids are moved, those that stride stay."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from blender_pifu.engine.networks.legs import IMPLAUSIBLE, find_legs, move_legs
from blender_pifu.engine.networks.maps import Maps
from blender_pifu.engine.subject.lens import usual_lens

SIZE, METRE = 256, 1.06  # pixels, field units
LENS = usual_lens(1.8)
THICK_M = 0.14


def walker(true_apart, drawn_apart, bend=0.0):
    """Maps, mask and landmarks of two bare legs below a trunk, whose ankles truly are `true_apart` metres apart in
    depth, on a level floor, and are drawn `drawn_apart`; bend: metres that the left knee is drawn forward."""
    sides, landmarks = [], np.zeros((33, 4), np.float32)
    landmarks[:, 3] = 1
    for side, sign in ((0, 1), (1, -1)):
        ankle = sign * true_apart / 2
        drop = np.sqrt(0.82**2 - ankle**2)
        points = np.array([[sign * 0.1, 0, 0], [sign * 0.12, -drop / 2, ankle / 2], [sign * 0.14, -drop, ankle]])
        points = np.vstack([points, points[2] + (sign * 0.02, -0.06, 0.12)])
        seen = LENS.seen(points * METRE)
        places = dict(zip((23, 25, 27, 31), seen, strict=True)) | {29: seen[2] - (0, 0.03, 0)}
        for mark, place in places.items():
            landmarks[mark + side, :2] = place[:2]
        drawn = sign * drawn_apart / 2 * METRE * np.array([0, 0.5, 1, 1])
        drawn[1] += bend * METRE * (side == 0)
        drawn[3] += 0.12 * METRE
        sides.append(np.column_stack([seen[:, :2], drawn]))
    landmarks[11, :2], landmarks[12, :2] = (0.17, 0.5), (-0.17, 0.5)
    place = (np.arange(SIZE) + 0.5) / SIZE * 2 - 1
    x, y = np.meshgrid(place, -place)
    mask, middle = (np.abs(x) < 0.2) & (y > 0) & (y < 0.8), np.zeros((SIZE, SIZE))
    for joints in sides:
        for a, b in zip(joints[:-1], joints[1:], strict=True):
            flat = (b - a)[:2]
            share = np.clip(((x - a[0]) * flat[0] + (y - a[1]) * flat[1]) / (flat @ flat), 0, 1)
            near = np.hypot(x - a[0] - share * flat[0], y - a[1] - share * flat[1]) < 0.07
            middle = np.where(near, a[2] + share * (b[2] - a[2]), middle)
            mask |= near

    def picture(values):
        return torch.from_numpy(np.asarray(values, np.float32))[None, None]

    front, back = (picture(middle + sign * THICK_M / 2) for sign in (1, -1))
    normal = torch.zeros(1, 3, SIZE, SIZE)
    normal[:, 2] = 1
    maps = Maps(normal, -normal, front, back, *[torch.zeros(1, 1, 1, 1)] * 3)
    return SimpleNamespace(maps=maps, mask=picture(mask), landmarks=landmarks, lens=LENS)


def apart(legs):
    """Metres between the ankles' depths after all is moved."""
    ankles = legs.joints[:, 2, 2] + legs.moved[:, 2]
    return float(ankles[0] - ankles[1]) / METRE


@pytest.mark.parametrize("metres", [-0.5, -0.15, 0.0, 0.3, 0.6])
def test_who_strides_as_drawn_is_left_alone(metres):
    case = walker(metres, metres)
    legs = find_legs(**vars(case))
    assert not legs.moved.any() and legs.note is None
    assert apart(legs) == pytest.approx(metres, abs=0.03)
    assert move_legs(case.maps, case.mask, legs) is case.maps


@pytest.mark.parametrize("drawn", [-0.5, 0.5])
def test_who_stands_does_not_stride(drawn):
    legs = find_legs(**vars(walker(0.0, drawn)))
    assert legs.off[0] >= IMPLAUSIBLE > legs.off[1]
    assert abs(apart(legs)) < 0.5 * abs(drawn) and "guess" in legs.note


def test_a_knee_does_not_bend_forward():
    legs = find_legs(**vars(walker(0.1, 0.1, bend=-0.1)))
    assert legs.moved[0, 1] > 0.03 * METRE, "drawn behind hip and ankle, it comes forward"
    assert np.abs(legs.moved[:, 2]).max() < 0.03 * METRE, "ankles stay"


def test_a_leg_swung_back_with_a_bow_comes_back_straight():
    case = walker(0.0, -0.5)
    rows = np.linspace(1, -1, SIZE)
    knee, ankle = (case.landmarks[mark, 1] for mark in (25, 27))
    bow = 0.05 * METRE * np.sin(np.pi * np.clip((rows - knee) / (ankle - knee), 0, 1))
    for depth in (case.maps.front_depth, case.maps.back_depth):
        depth -= torch.from_numpy(bow.astype(np.float32))[:, None]
    legs = find_legs(**vars(case))
    moved = move_legs(case.maps, case.mask, legs)
    middle = ((moved.front_depth + moved.back_depth) / 2)[0, 0].numpy()

    def depth_at(place):
        return middle[round((1 - place[1]) / 2 * SIZE), round((place[0] + 1) / 2 * SIZE)]

    for hip, knee, ankle, _ in legs.joints:
        between = depth_at((knee + ankle) / 2) - (depth_at(knee) + depth_at(ankle)) / 2
        assert abs(between) < 0.025 * METRE
        assert depth_at(knee) > (depth_at(hip) + depth_at(ankle)) / 2 - 0.02 * METRE, "no knee behind hip and ankle"


def test_maps_move_leg_by_leg_and_nothing_above_the_hips():
    case = walker(0.0, 0.5)
    legs = find_legs(**vars(case))
    moved = move_legs(case.maps, case.mask, legs)
    shift = (moved.front_depth - case.maps.front_depth)[0, 0].numpy()
    assert np.abs(shift[: SIZE // 4]).max() < 0.01
    for side, ankle in enumerate(legs.joints[:, 2]):
        row, column = round((1 - ankle[1]) / 2 * SIZE), round((ankle[0] + 1) / 2 * SIZE)
        assert shift[row, column] == pytest.approx(legs.moved[side, 2], abs=0.02)
    thickness = moved.front_depth - moved.back_depth
    assert (thickness > 0).all()
    length = moved.front_normals.norm(dim=1)
    assert (length - 1).abs().max() < 1e-4


def test_hidden_legs_are_left_alone():
    case = walker(0.0, 0.5)
    case.landmarks[26, 3] = 0.1
    assert find_legs(**vars(case)) is None
    assert find_legs(**(vars(walker(0.0, 0.5)) | {"landmarks": None})) is None

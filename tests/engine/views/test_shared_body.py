# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos from several sides give one body and one surface: what one guesses in depth the others know."""

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
import torch

from blender_pifu.engine.body.model import load_body
from blender_pifu.engine.color.light import Light
from blender_pifu.engine.interfaces import Field
from blender_pifu.engine.srgb import to_linear
from blender_pifu.engine.views.bent_field import SIDE, BentField
from blender_pifu.engine.views.carrying import carry
from blender_pifu.engine.views.joints import SWAY_DEG
from blender_pifu.engine.views.laying import Laid
from blender_pifu.engine.views.light import Gain
from blender_pifu.engine.views.roles import role_of
from blender_pifu.engine.views.shared_body import share_body
from blender_pifu.engine.views.together import Together
from helpers.body_photos import GUESSED, STANDING, photo, posed


def mean_off(points: np.ndarray, truth: np.ndarray) -> float:
    """Apart from where all lies in depth, which no photo tells."""
    off = points - truth
    off[:, 2] -= off[:, 2].mean()
    return float(np.linalg.norm(off, axis=1).mean())


@pytest.fixture(scope="module")
def photos():
    return [
        photo(posed(GUESSED)),
        photo(posed(STANDING, np.pi / 2, 0.8)),
        photo(posed(STANDING, np.pi, 1.1)),
    ]


def test_one_body_has_the_depth_that_photos_from_the_side_show(photos):
    shared = share_body(photos)
    truth = photo(posed(STANDING)).rows
    skin = slice(0, load_body().skin_vertices)
    assert mean_off(shared.rows[skin], truth[skin]) < 0.6 * mean_off(photos[0].rows[skin], truth[skin])
    assert [role_of(shared, camera) for camera in shared.cameras] == ["front", "left", "back"]
    assert [camera.scale for camera in shared.cameras] == pytest.approx([1, 0.8, 1.1], rel=0.03)
    assert max(shared.off_m) < 0.02


def test_bodies_lie_in_each_other_after_they_are_carried_over(photos):
    first, other = photos[0], photos[1]
    carried = carry(first.vertices, (first.fit.pose, first.rows), (other.fit.pose, other.rows))
    assert np.linalg.norm(carried - other.vertices, axis=1).mean() < 0.003


def test_the_field_moves_as_the_surface_did_and_keeps_its_pixels():
    class Slab(Field):
        device = torch.device("cpu")

        def support(self, xy):
            return torch.ones(len(xy), dtype=torch.bool)

        def query_columns(self, xy, column, z):
            return torch.sigmoid(100 * (0.1 - z.abs()))

    rows = torch.linspace(-1, 1, SIDE).view(1, 1, 1, SIDE, 1).expand(1, 1, SIDE, SIDE, SIDE)
    field = BentField(Slab(), (0.2 * rows).contiguous())
    xy = torch.tensor([[0.3, -0.5], [0.3, 0.0], [0.3, 0.5]])
    there = field.query_columns(xy, torch.arange(3), 0.2 * xy[:, 1])
    beside = field.query_columns(xy, torch.arange(3), 0.2 * xy[:, 1] + 0.15)
    assert (there > 0.9).all() and (beside < 0.1).all() and field.support(xy).all()


def test_arms_whose_depth_the_first_photo_guessed_wrong_altogether_go_where_others_see_them():
    wrong = STANDING | {"upper_arm.L": [(0.5, 0.0, 0.0), (0.0, 0.0, -0.75)]}
    photos = [photo(posed(wrong)), *(photo(posed(STANDING, yaw)) for yaw in (np.pi / 2, -np.pi / 2))]
    body = load_body()
    arm = np.char.startswith(body.parts[: body.skin_vertices].astype(str), "arm.L")
    truth = photo(posed(STANDING)).rows[: body.skin_vertices][arm, 2]
    before, after = (
        np.abs(rows[: body.skin_vertices][arm, 2] - truth).mean() for rows in (photos[0].rows, share_body(photos).rows)
    )
    assert before > 0.1 and after < 0.25 * before


def test_an_arm_that_hangs_otherwise_in_a_photo_turns_there_and_not_in_the_shared_body():
    otherwise = STANDING | {"upper_arm.R": [(0.12, 0.0, 0.0), (0.0, 0.0, 0.75)]}
    yaws = (0.0, np.pi / 2, -np.pi / 2)
    photos = [photo(posed(otherwise if k == 1 else STANDING, yaw)) for k, yaw in enumerate(yaws)]
    shared = share_body(photos)
    turns = [each.reshape(-1, 3)[list(SWAY_DEG).index("upper_arm.R")] for each in shared.turns]
    assert not turns[0].any() and 0.04 < turns[1][0] < 0.14 and turns[1][0] > turns[2][0] + 0.03
    found = [np.arctan2(*camera.towards[[0, 2]]) for camera in shared.cameras]
    assert found == pytest.approx(yaws, abs=0.02)


def test_many_photos_show_one_pose():
    yaws = (2 * np.pi / 5 * np.arange(5)).tolist()
    shared = share_body([photo(posed(GUESSED if k == 0 else STANDING, yaw)) for k, yaw in enumerate(yaws)])
    assert not any(turns.any() for turns in shared.turns)
    truth, skin = photo(posed(STANDING)).rows, slice(0, load_body().skin_vertices)
    assert mean_off(shared.rows[skin], truth[skin]) < 0.02


def test_another_body_lies_off(photos):
    stranger = posed({"upper_arm.L": [(0.0, 0.0, 1.0)], "thigh.L": [(-0.7, 0.0, 0.0)]}, np.pi / 2)
    off = share_body([photos[0], replace(photo(stranger))]).off_m[1]
    assert off > 0.02 > 1.3 * share_body(photos[:2]).off_m[1]


def test_further_photos_come_without_the_first_ones_light_as_that_does(photos):
    class Grey:
        landmarks = None

        def __call__(self, size):
            return np.full((size, size, 3), 0.5, np.float32), np.ones((size, size), np.float32)

        def side_px(self, most):
            return most

    first, other = photos[0], replace(photos[1], cut=cast(Any, Grey()))
    laid = Laid(other, share_body([first, other]), (first.vertices, first.faces, first.normals))
    even = np.zeros((9, 3))
    even[0] = 2.0
    light, still = Light(even), Gain(np.zeros(3))
    together = Together(cast(Any, None), first, light, (laid,), (still,), (np.ones(len(first.vertices)),))
    kept, bare = (together.elsewhere(32, choice)[0].image[..., :3] for choice in (True, False))
    assert bare == pytest.approx(0.5, abs=0.01)
    assert to_linear(kept) / to_linear(bare) == pytest.approx(light.shading(np.array([0.0, 0, 1]))[0], rel=0.05)

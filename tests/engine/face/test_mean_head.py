# SPDX-License-Identifier: GPL-3.0-or-later
"""The mean head lies where the fitted body or, where it is shown, the face has it, and shows nothing of its own."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from blender_pifu.engine.body.bones import BONES, INDEX
from blender_pifu.engine.body.fit import Fit
from blender_pifu.engine.body.head import load_head
from blender_pifu.engine.body.model import load_body
from blender_pifu.engine.face.mean_head import mean_head
from blender_pifu.engine.layout.animation.template import load_template
from blender_pifu.engine.subject.lens import Lens

LENS = Lens(0.1)


def fit_of(yaw, shape=None):
    """A body that stands a metre and a half tall in field units, its head turned by degrees to its left, as LENS sees
    it."""
    body = load_body()
    rest = body.rest_pose()
    rotations = rest.rotations.clone()
    rotations[INDEX["head"]] = torch.tensor(Rotation.from_euler("y", yaw, degrees=True).as_matrix()).float()
    pose = replace(rest, shape=rest.shape if shape is None else shape, rotations=rotations, scale=torch.tensor(0.9))
    rows = LENS.seen(body.pose(pose).numpy())
    return Fit(pose, rows, 0.0, 1.0, "surface", None, np.ones(len(BONES), bool))


def landmarks_of(fit):
    return fit.rows[load_body().landmark_rows]


def off_m(head, fit):
    """Mean distance of the head's skin from the body's where that is wholly the head's, metres."""
    own = np.flatnonzero(load_head().weight[: load_body().skin_vertices] > 0.99)
    return np.linalg.norm(head.seen(head.neutral)[own] - fit.rows[own], axis=1).mean() / fit.metre


@pytest.mark.parametrize("yaw", [80, 170, -110])
def test_without_a_face_it_lies_as_the_body_has_it_whatever_way_that_looks(yaw):
    fit = fit_of(yaw)
    head = mean_head(fit, LENS, None)
    assert np.degrees(head.yaw) == pytest.approx(yaw, abs=1)
    assert off_m(head, fit) < 0.006, "mean heads differ from the body's own by millimetres"
    assert not head.face_seen and not head.expression.any() and not head.identity.any()


def test_it_has_the_bodys_age_and_build():
    shape = torch.zeros(20)
    shape[:3] = torch.tensor([1.5, -1.5, 1.0])
    fit = fit_of(180, shape)
    assert off_m(mean_head(fit, LENS, None), fit) < 0.006


def test_a_small_face_is_where_its_landmarks_are_though_the_body_looks_elsewhere():
    shown = fit_of(25)
    head = mean_head(fit_of(0), LENS, landmarks_of(shown))
    assert head.face_seen
    assert np.degrees(head.yaw) == pytest.approx(25, abs=6)
    face = np.flatnonzero(load_template().face > 0.9)
    apart = (head.seen(head.neutral)[face] - shown.rows[face])[:, :2] / shown.metre
    assert np.linalg.norm(apart, axis=1).mean() < 0.012


def test_landmarks_of_no_face_of_that_size_do_not_place_it():
    fit = fit_of(90)
    head = mean_head(fit, LENS, 0.5 * landmarks_of(fit_of(0)))
    assert not head.face_seen and off_m(head, fit) < 0.006


def test_a_face_that_is_half_hidden_is_shown_all_the_same_and_lies_as_the_body_has_it():
    fit = fit_of(10)
    head = mean_head(fit, LENS, 0.5 * landmarks_of(fit))
    assert head is not None and off_m(head, fit) < 0.006


def test_a_body_fitted_the_wrong_way_round_gets_no_face_on_the_back_of_its_head():
    assert mean_head(fit_of(10), LENS, None) is None

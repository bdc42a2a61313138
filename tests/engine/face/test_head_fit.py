# SPDX-License-Identifier: GPL-3.0-or-later
"""A head fitted to true marks is the head they were taken from; what is none is not believed."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from blender_pifu.engine.body.head import Head, load_head
from blender_pifu.engine.face.head_fit import doubt, fit_head, trust_in_marks

NEARNESS = 0.12
MM = 1000


def head_of(seed, yaw=0.0, smile=0.0):
    """Somebody's, in the middle of a picture in which a metre is 4 field units."""
    model, rng = load_head(), np.random.default_rng(seed)
    expression = np.zeros(len(model.actions))
    for name in ("mouthSmileLeft", "mouthSmileRight"):
        expression[model.actions.index(name)] = smile
    turn = Rotation.from_euler("yx", (yaw, 4), degrees=True).as_matrix()
    shape = torch.zeros(len(model.body.basis))
    middle = model.at_marks(model.base(shape)).mean(0)
    shift = np.array([0.1, 0.2, 0.0]) - 4 * turn @ middle
    return Head(shape, 0.9 * rng.normal(size=len(model.modes)), expression, turn, 4.0, shift, NEARNESS, 0.0)


def marks_of(head):
    return head.seen(load_head().at_marks(head.expressed))[:, :2]


def off_mm(head, truth):
    """Mean distance of the face's vertices after the best rigid move and scale, mm."""
    body = load_head().body
    face = body.arrays["face_region"].numpy()[: body.skin_vertices] > 128
    ours, theirs = (one.neutral[: body.skin_vertices][face] for one in (head, truth))
    ours, theirs = ours - ours.mean(0), theirs - theirs.mean(0)
    u, s, v = np.linalg.svd(ours.T @ theirs)
    return MM * np.linalg.norm(s.sum() / (ours**2).sum() * ours @ u @ v - theirs, axis=1).mean()


@pytest.mark.parametrize(("yaw", "smile"), [(0, 0), (20, 0.6), (-40, 0)])
def test_true_marks_give_the_head_they_are_of(yaw, smile):
    fitted, mean = [], []
    for seed in range(4):
        truth = head_of(seed, yaw, smile)
        head = fit_head(marks_of(truth), NEARNESS)
        assert doubt(head) is None
        assert np.degrees(head.yaw) == pytest.approx(yaw, abs=5)
        assert head.expression[load_head().actions.index("mouthSmileLeft")] == pytest.approx(smile, abs=0.35)
        fitted.append(off_mm(head, truth))
        mean.append(off_mm(replace(truth, identity=0 * truth.identity), truth))
        assert np.abs(marks_of(head) - marks_of(truth)).max() < 0.004 * 4
    assert np.mean(fitted) < 0.65 * np.mean(mean)


def test_marks_of_ears_and_skull_tell_more():
    model = load_head()
    head = model.weight[: model.body.skin_vertices] > 0.9
    further = tuple(np.flatnonzero(head)[:: head.sum() // 120].tolist())
    nearer = 0
    for seed in range(4):
        truth = head_of(seed, 30)
        seen = truth.seen(model.at_marks(truth.expressed, further))[:, :2]
        trust = np.concatenate([model.mark_trust, np.ones(len(further))])
        heads = fit_head(seen[:468], NEARNESS), fit_head(seen, NEARNESS, trust=trust, further=further)
        off = [np.linalg.norm((one.neutral - truth.neutral)[: len(head)][head], axis=1).mean() for one in heads]
        nearer += off[1] < 0.9 * off[0]
    assert nearer >= 3


def test_a_head_moved_in_depth_is_seen_where_it_was():
    head = head_of(1, 10)
    moved = head.moved_in_depth(0.3)
    assert np.abs(marks_of(moved) - marks_of(head)).max() < 2e-3
    depths = [one.seen(one.neutral)[:, 2].mean() for one in (head, moved)]
    assert depths[1] - depths[0] == pytest.approx(0.3, abs=0.06)


def test_what_is_no_face_is_not_believed():
    noise = np.random.default_rng(0).normal(size=(468, 2))
    assert doubt(fit_head(noise, NEARNESS))
    assert "aside" in doubt(fit_head(marks_of(head_of(2, 75)), NEARNESS))


def test_marks_behind_dark_glasses_count_less():
    points = np.full((468, 2), 20.0)
    points[[23, 24, 22, 110, 230, 229, 231, 253, 254, 252, 339, 450, 449, 451]] = 60
    photo = np.full((80, 80, 3), 180, np.uint8)
    assert (trust_in_marks(photo, points) == 1).all()
    photo[50:, 50:] = 30
    trust = trust_in_marks(photo, points)
    eyes = np.isin(load_head().mark_groups, ("left_eye", "right_eye", "brow"))
    assert (trust[eyes] < 0.5).all() and (trust[~eyes] == 1).all()


def test_what_a_photo_shows_of_a_head_is_brought_back_to_its_rest():
    head = head_of(3, yaw=30)
    assert np.allclose(head.resting(head.seen(head.neutral)), head.neutral, atol=1e-9)

# SPDX-License-Identifier: GPL-3.0-or-later
"""The parametric body: its derivatives, and finding a known one again under a surface."""

import numpy as np
import pytest
import torch

from blender_pifu.engine.body.bones import BONES, INDEX, PARENTS, mirrored
from blender_pifu.engine.body.fit import Fit, fit_body
from blender_pifu.engine.body.model import Pose, load_body, rotation
from blender_pifu.engine.body.priors import ACTIVE
from blender_pifu.engine.body.skeleton import skeleton
from blender_pifu.engine.reading.landmarks import MIRRORED
from blender_pifu.engine.surface.extraction import extract_surface
from helpers.analytic import CapsuleField

FINGERS = ("_1", "_2", "_3")


def posed(turns, shape=(), scale=1.0):
    """A body with some bones turned by rotation vectors, radians."""
    body = load_body()
    vectors = torch.zeros(len(BONES), 3)
    for bone, vector in turns.items():
        vectors[INDEX[bone]] = torch.tensor(vector)
    coefficients = torch.zeros(len(body.basis))
    coefficients[: len(shape)] = torch.tensor(shape)
    return Pose(coefficients, rotation(vectors), torch.tensor(scale), torch.tensor([0.05, -0.02, 0.1]))


STROLL = posed(
    {"hips": (0, 0.4, 0), "chest": (0.1, 0, 0), "upper_arm.L": (0.1, 0, -0.5), "upper_arm.R": (-0.5, 0, 0.6),
     "forearm.R": (-0.5, -0.3, 0), "thigh.L": (-0.4, 0, 0), "shin.L": (0.3, 0, 0), "thigh.R": (0.2, 0, -0.1)},
    (1.0, -0.7, 0.5, 0.8), 0.9,
)  # fmt: skip


def test_derivatives_are_those_of_the_posed_body():
    body = load_body()
    rows = torch.arange(0, len(body.mean), 97)
    _, slopes = body.jacobian(STROLL, rows, list(ACTIVE))
    rng = np.random.default_rng(0)
    for _ in range(4):
        step = torch.from_numpy(rng.normal(size=slopes.shape[2])).float() * 1e-3
        change = body.pose(body.moved(STROLL, step, list(ACTIVE)))[rows]
        change = change - body.pose(body.moved(STROLL, -step, list(ACTIVE)))[rows]
        assert torch.allclose(change / 2, slopes @ step, atol=5e-6)


def test_an_arm_can_be_shorter_than_its_shape_has_it_and_its_hand_stays_as_large():
    body = load_body()
    short = Pose(STROLL.shape, STROLL.rotations, STROLL.scale, STROLL.translation, (-0.08, 0.0))
    old, new = (body.pose(pose).numpy() for pose in (STROLL, short))
    before, after = (rows[body.head_rows] for rows in (old, new))
    ends = [INDEX[bone + ".L"] for bone in ("upper_arm", "forearm", "hand", "middle_3")]
    long = [np.linalg.norm(np.diff(heads[ends], axis=0), axis=1) / 0.9 for heads in (before, after)]
    assert (long[0] - long[1])[:2].sum() == pytest.approx(0.08, abs=0.01) and (long[0] - long[1])[:2].min() > 0.03
    assert long[1][2] == pytest.approx(long[0][2], abs=1e-4)
    other = body.parts != "arm.L"
    assert np.abs(old - new)[: body.vertices][other].max() < 0.01 and np.abs(old - new)[ends[:1]].max() < 1e-6


def test_the_body_can_be_learned_through():
    body = load_body()
    shape = torch.zeros(len(body.basis), requires_grad=True)
    body.pose(Pose(shape, STROLL.rotations, STROLL.scale, STROLL.translation)).sum().backward()
    assert shape.grad.abs().min() > 0


def test_sides_mirror_each_other():
    body = load_body()
    twin = body.arrays["mirror"].long()
    vertices = body.mean[: body.vertices]
    assert torch.allclose(vertices[twin] * torch.tensor([-1.0, 1, 1]), vertices, atol=1e-3)
    heads = body.mean[body.head_rows]
    for bone in BONES:
        assert torch.allclose(heads[INDEX[mirrored(bone)]] * torch.tensor([-1.0, 1, 1]), heads[INDEX[bone]], atol=1e-3)


@pytest.mark.parametrize("exchanged", [False, True])
def test_a_known_body_is_found_under_its_own_surface(exchanged):
    """Also where the landmarks take the left for the right, as of a back."""
    body = load_body()
    truth = body.pose(STROLL).numpy()
    skin = truth[: body.skin_vertices]
    marks = truth[body.landmark_rows].copy()
    marks[:, :2] += np.random.default_rng(1).normal(scale=0.01, size=(33, 2))
    marks[:, 2] = 0.0  # no depth
    if exchanged:
        marks = marks[list(MIRRORED)]
    fit = fit_body(skin, body.triangles, marks, np.ones(33, np.float32))
    joints = [i for i, bone in enumerate(BONES) if not bone[:-2].endswith(FINGERS)]
    apart = np.linalg.norm((fit.rows - truth)[body.head_rows][joints], axis=1) / float(STROLL.scale)
    assert fit.source == "surface" and fit.note is None
    assert np.median(apart) < 0.01 and apart.max() < 0.04
    assert fit.residual_m < 0.012


def test_without_landmarks_a_standing_body_is_found():
    body = load_body()
    pose = posed({"upper_arm.L": (0, 0, -0.5), "upper_arm.R": (0, 0, 0.5)}, scale=0.95)
    truth = body.pose(pose).numpy()
    fit = fit_body(truth[: body.skin_vertices], body.triangles)
    assert np.median(np.linalg.norm((fit.rows - truth)[body.head_rows], axis=1)) < 0.02


def test_what_is_no_body_is_said_to_be_none():
    ball = CapsuleField([((0, 0, 0), (0, 0.01, 0))], [0.6])
    surface = extract_surface(ball, 32)
    fit = fit_body(surface.vertices, surface.faces)
    assert fit.source == "proportions"
    assert "does not fit" in fit.note


SEATED = {"thigh.L": (-1.5, 0, 0), "shin.L": (1.5, 0, 0), "thigh.R": (-1.5, 0, 0), "shin.R": (1.5, 0, 0)}
RAISED = {"upper_arm.L": (0, 0, 2.2), "upper_arm.R": (0, 0, -2.2)}


@pytest.mark.parametrize(
    "turns, least, most",
    [(STROLL, 1, 1), (posed(SEATED), 0.65, 0.85), (posed(SEATED, (1.0, -0.7), 0.4), 0.65, 0.85),
     (posed(RAISED), 1.1, 1.35), (posed({"hips": (0.4, 0, 0)}), 1, 1)],
    ids=["strides", "sits", "sits, small", "reaches up", "seen from above"],
)  # fmt: skip
def test_how_tall_a_posed_body_is_against_its_standing_height(turns, least, most):
    """All were made as tall as the height that was asked for, from the lowest to the highest of them."""
    fit = Fit(turns, load_body().pose(turns).numpy(), 0.01, 1.0, "surface", None, np.ones(len(BONES), bool))
    assert least <= fit.height_share(0.4 if turns.rotations[INDEX["hips"], 1, 2] < -0.2 else 0.0) <= most


def test_bones_of_unseen_parts_are_left_out():
    body = load_body()
    truth = body.pose(STROLL).numpy()
    vertices = truth[: body.skin_vertices].copy()
    cut = float(truth[body.head_rows][INDEX["hips"], 1])
    vertices[:, 1] = np.maximum(vertices[:, 1], cut)  # flat at the photo's border
    fit = fit_body(
        vertices, body.triangles, truth[body.landmark_rows], np.ones(33, np.float32), (-np.inf, cut, np.inf, np.inf)
    )
    bones = skeleton(fit)
    assert {"hips", "head", "upper_arm.L", "forearm.R"} <= set(bones.names)
    assert not {"foot.L", "shin.R", "toe.L"} & set(bones.names)
    assert all(parent < index for index, parent in enumerate(bones.parents))
    assert bones.names[bones.stands_for[INDEX["foot.L"]]] in ("hips", "thigh.L")


def test_every_bone_has_length_and_hangs_on_its_parent():
    fit = fit_body(*_own_surface())
    bones = skeleton(fit)
    assert tuple(bones.names) == BONES and tuple(bones.parents) == PARENTS
    assert np.linalg.norm(bones.tails - bones.heads, axis=1).min() > 0.005


def _own_surface():
    body = load_body()
    return body.pose(body.rest_pose()).numpy()[: body.skin_vertices], body.triangles

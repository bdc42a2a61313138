# SPDX-License-Identifier: GPL-3.0-or-later
"""A seed determines a person for ever, and the person is whole."""

import numpy as np
import pytest

from blender_pifu.training.people.body import load_body
from blender_pifu.training.people.person import make_person
from blender_pifu.training.people.pieces import HELD_OUT, names
from blender_pifu.training.people.pose import sample_pose
from blender_pifu.training.sample import fields, make_sample


def test_same_seed_same_person():
    first, second = make_person(11), make_person(11)
    for name in ("vertices", "faces", "colors", "alpha", "joints"):
        assert np.array_equal(getattr(first, name), getattr(second, name)), name
    assert len(make_person(12).vertices) != len(first.vertices)


def test_test_people_wear_what_training_never_sees():
    for kind, held_out in HELD_OUT.items():
        assert held_out.isdisjoint(names(kind, "", "train"))
        assert held_out & set(names(kind, "", "test"))


@pytest.mark.parametrize("seed", range(4))
def test_person_is_finite_and_of_human_size(seed):
    person = make_person(seed)
    assert np.isfinite(person.vertices).all() and np.isfinite(person.colors).all()
    assert person.colors.min() >= 0 and person.colors.max() <= 1
    assert 0.4 < np.ptp(person.vertices[:, 2]) < 2.8
    assert person.faces.max() < len(person.vertices)


def test_standing_knees_are_straight():
    body = load_body()
    heads = body.mean_heads
    bends = []
    for seed in range(60):
        pose = sample_pose(body, heads, np.random.default_rng(seed))
        if pose.kind != "stand":
            continue
        moved = body.bone_transforms(heads, pose.rotations)
        joints = np.einsum("bij,bj->bi", moved[:, :, :3], heads) + moved[:, :, 3]
        hip, knee, ankle = (joints[body.bone[f"{name}.L"]] for name in ("upperleg01", "lowerleg01", "foot"))
        thigh, shin = knee - hip, ankle - knee
        bends.append(np.degrees(np.arccos(thigh @ shin / np.linalg.norm(thigh) / np.linalg.norm(shin))))
    assert np.median(bends) < 10


def test_sample_fits_its_description_and_repeats():
    sample, again = make_sample(3, "train", 64), make_sample(3, "train", 64)
    for name, (shape, kind) in fields(64).items():
        assert np.asarray(sample[name]).shape == shape and np.asarray(sample[name]).dtype == kind, name
        assert np.array_equal(sample[name], again[name]), name


def test_points_lie_between_the_drawn_surfaces():
    sample = make_sample(5, "train", 128)
    points, inside = sample["points"].astype(np.float32), sample["occupancy"] == 1
    column = np.clip(((points[:, 0] + 1) * 64).astype(int), 0, 127)
    row = np.clip(((1 - points[:, 1]) * 64).astype(int), 0, 127)
    solid = sample["mask"][row, column] == 255
    front, back = (sample[name][row, column].astype(np.float32) for name in ("front_depth", "back_depth"))
    within = (points[:, 2] < front + 0.03) & (points[:, 2] > back - 0.03)
    assert inside.any() and within[inside & solid].mean() > 0.98

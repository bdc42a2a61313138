# SPDX-License-Identifier: GPL-3.0-or-later
"""Poses of a known motion come back from its landmarks, smooth, with feet that stand where they stood."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from blender_pifu.engine.body.bones import BONES, INDEX, PARENTS
from blender_pifu.engine.body.model import load_body
from blender_pifu.engine.motion.capture import as_motion, fit
from blender_pifu.engine.motion.dummy import TO_FIELD, Poses, dummy_of
from blender_pifu.engine.motion.sides import ARMS, LEGS, steady
from blender_pifu.engine.motion.solve import FEET, FOCAL, Planted, Solver
from blender_pifu.engine.motion.track import Track
from blender_pifu.engine.reading.landmarks import MIRRORED
from blender_pifu.engine.reading.landmarks import Landmark as L
from blender_pifu.result_file import Rig

RATE, COUNT, SIZE = 24.0, 36, (640, 480)
HIPS = [L.LEFT_HIP, L.RIGHT_HIP]


@pytest.fixture(scope="module")
def rig():
    """The usual body's, in its rest pose, standing on the floor."""
    body = load_body()
    rows = body.pose(body.rest_pose()).numpy().astype(np.float64)
    rows[:, 1] -= rows[: body.vertices, 1].min()
    heads = rows[body.head_rows]
    ends = dict(zip(body.tail_bones, rows[body.tail_rows], strict=True))
    tails = np.stack([ends.get(bone, heads[index] + (0, 0, 0.03)) for index, bone in enumerate(BONES)])
    heads, tails = ((points @ TO_FIELD).astype(np.float32) for points in (heads, tails))
    nothing = np.zeros((0, 4))
    parents = np.array(PARENTS, np.int32)
    return Rig(BONES, parents, heads, tails, nothing.astype(np.int32), nothing.astype(np.float32))


@pytest.fixture(scope="module")
def dummy(rig):
    return dummy_of(rig)


def turned(poses, bone, vectors):
    rotations = poses.rotations.copy()
    turns = Rotation.from_rotvec(vectors).as_matrix()
    rotations[:, INDEX[bone]] = turns @ rotations[:, INDEX[bone]]
    return Poses(rotations, poses.hips)


def waving(dummy):
    """Stands with the arms down, the right one lifted and swung."""
    times = np.arange(COUNT) / RATE
    still = Poses(np.repeat(dummy.rest.rotations, COUNT, 0), np.repeat(dummy.rest.hips, COUNT, 0))
    lift = np.clip(times / 0.6, 0, 1)
    swing = 0.4 * np.sin(2 * np.pi * times) * lift
    zero = np.zeros(COUNT)
    posed = turned(still, "upper_arm.L", np.stack([zero, zero, zero - 0.5], 1))
    posed = turned(posed, "upper_arm.R", np.stack([zero, zero, 0.5 - 1.2 * lift], 1))
    return turned(posed, "forearm.R", np.stack([zero, zero, -0.6 * lift + swing], 1))


def filmed(dummy, poses, noise_px=0.0):
    """The Track of a camera four metres away that stands level, and the true landmarks (T, 33, 3)."""
    marks = dummy.place(poses)[2]
    seen = marks - (0, 0.9, 4.0)
    focal = FOCAL * max(SIZE)
    pixels = np.array(SIZE) / 2 + focal * seen[..., :2] / -seen[..., 2:] * (1, -1)
    pixels += np.random.default_rng(0).normal(0, noise_px, pixels.shape) if noise_px else 0
    solid = (marks - marks[:, HIPS].mean(1, keepdims=True)) * (1, -1, -1)
    told = np.concatenate([pixels, np.ones((len(marks), 33, 1))], 2)
    return Track(told, solid, np.ones(len(marks), bool), SIZE, RATE, "wave", ()), marks


def off_cm(dummy, poses, truth):
    """Mean distance of landmarks, against the middle of the hips."""
    marks = dummy.place(poses)[2]
    own, true = (each - each[:, HIPS].mean(1, keepdims=True) for each in (marks, truth))
    return 100 * np.linalg.norm(own - true, axis=2).mean()


def test_a_rigs_bones_keep_their_lengths_and_its_rest_is_its_own(rig, dummy):
    heads = dummy.place(dummy.rest)[1][0]
    assert np.abs(heads - rig.heads @ TO_FIELD.T).max() < 1e-4


def test_steps_do_what_the_slopes_say(dummy):
    frames, heads, marks = dummy.place(dummy.rest)
    slopes = dummy.slopes(frames, heads, marks)
    step = 1e-5 * np.random.default_rng(1).normal(size=(1, slopes.shape[3]))
    moved = dummy.place(dummy.rest.moved(step))[2] - marks
    assert np.abs(moved - slopes @ step[0]).max() < 1e-8 < np.abs(moved).max()


def test_a_motion_comes_back_and_feet_stand(dummy):
    seen, truth = filmed(dummy, waving(dummy), noise_px=2.0)
    poses, planted = fit(dummy, seen)
    assert off_cm(dummy, poses, truth) < 3
    assert planted.stands[2:-2].all()
    marks = dummy.place(poses)[2]
    assert 100 * np.ptp(marks[:, list(FEET)], axis=0).max() < 0.5
    assert abs(marks[:, list(FEET), 1].mean() - dummy.rest_marks[list(FEET), 1].mean()) < 0.02
    by_itself = dummy.place(Solver(dummy, seen).start())[2]
    found, true, raw = (np.diff(each[:, L.NOSE], 2, axis=0).std() for each in (marks, truth, by_itself))
    assert found < 0.6 * raw and found < true + 0.003


def test_what_was_not_seen_is_made_up_between(dummy):
    seen, truth = filmed(dummy, waving(dummy))
    there = seen.seen.copy()
    there[16:20] = False
    poses, _ = fit(dummy, replace(seen, seen=there, marks=np.where(there[:, None, None], seen.marks, 0.0)))
    assert off_cm(dummy, Poses(poses.rotations[15:21], poses.hips[15:21]), truth[15:21]) < 4


def test_a_camera_that_looks_down_leaves_the_person_upright(dummy):
    seen, _ = filmed(dummy, waving(dummy))
    tilt = Rotation.from_euler("x", 12, degrees=True).as_matrix()
    marks = dummy.place(waving(dummy))[2]
    from_camera = (marks - (0, 0.9, 0)) @ tilt.T - (0, 0, 4.0)
    pixels = np.array(SIZE) / 2 + FOCAL * max(SIZE) * from_camera[..., :2] / -from_camera[..., 2:] * (1, -1)
    solid = (from_camera - from_camera[:, HIPS].mean(1, keepdims=True)) * (1, -1, -1)
    poses, _ = fit(dummy, replace(seen, marks=np.dstack([pixels, np.ones((COUNT, 33))]), solid=solid))
    found = dummy.place(poses)[2]
    up = found[:, L.NOSE] - found[:, [L.LEFT_ANKLE, L.RIGHT_ANKLE]].mean(1)
    own = marks[:, L.NOSE] - marks[:, [L.LEFT_ANKLE, L.RIGHT_ANKLE]].mean(1)
    lean = np.degrees(np.arccos((up * own).sum(1) / np.linalg.norm(up, axis=1) / np.linalg.norm(own, axis=1)))
    assert lean.mean() < 5


@pytest.mark.parametrize("group", [LEGS, ARMS])
def test_left_and_right_that_are_exchanged_for_some_frames_are_put_back(dummy, group):
    seen, _ = filmed(dummy, waving(dummy), noise_px=1.0)
    order = np.arange(33)
    order[list(group)] = np.array(MIRRORED)[list(group)]
    marks, solid = seen.marks.copy(), seen.solid.copy()
    marks[14:17], solid[14:17] = marks[14:17][:, order], solid[14:17][:, order]
    mended = steady(marks, solid, seen.seen)
    assert np.array_equal(mended[0], seen.marks) and np.array_equal(mended[1], seen.solid)
    untouched = steady(seen.marks, seen.solid, seen.seen)
    assert np.array_equal(untouched[0], seen.marks)


def test_a_motion_is_told_by_turns_of_the_rigs_bones_in_blenders_axes(rig, dummy):
    poses = waving(dummy)
    planted = Planted(np.ones((COUNT, 4), bool), np.zeros((COUNT, 4)))
    motion = as_motion(dummy, poses, rig, filmed(dummy, poses)[0], planted)
    assert motion.planted.all() and (motion.name, motion.rate) == ("wave", RATE)
    assert motion.turns.dtype == np.float32 and motion.turns.shape == (COUNT, len(BONES), 4)
    assert np.allclose(motion.turns[:, INDEX["thigh.L"]], (1, 0, 0, 0), atol=1e-4)
    turns = Rotation.from_quat(motion.turns[-1][:, [1, 2, 3, 0]]).as_matrix()
    whole, places = {}, {}
    for index, (bone, parent) in enumerate(zip(rig.names, rig.parents, strict=True)):
        whole[bone] = turns[index] if parent < 0 else whole[rig.names[parent]] @ turns[index]
        above = rig.names[parent]
        step = rig.heads[index] - rig.heads[parent]
        places[bone] = motion.hips[-1] if parent < 0 else places[above] + whole[above] @ step
    heads = dummy.place(poses)[1][-1] @ TO_FIELD
    for bone in ("hand.R", "foot.L", "head"):
        assert np.abs(places[bone] - places["hips"] - heads[INDEX[bone]] + heads[0]).max() < 1e-3

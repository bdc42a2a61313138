# SPDX-License-Identifier: GPL-3.0-or-later
"""From a film to the motion of a rig: marks, poses, the level of the floor, planted feet."""

import os
from itertools import count

import numpy as np
from scipy.spatial.transform import Rotation

from ...result_file import Motion, Rig
from ..body.bones import INDEX, PARENTS
from ..reading.landmarks import Landmark as L
from ..reading.people import People
from ..video.clips import Report
from .dummy import TO_FIELD, Dummy, Poses, dummy_of
from .feet import find_planted, floor_up
from .solve import Planted, Solver, between
from .track import Track, track

READING = 0.7  # share of the work that is reading the film
STEPS, LEVEL_STEPS, PLANTED_STEPS = 16, 4, 12  # the last twice
MOST_TILT = np.radians(25)  # of a camera that is believed to look down or up


def capture(path: str | os.PathLike, rig: Rig, people: People, report: Report = lambda _: None) -> Motion:
    """The motion of a rig, Blender's axes and metres, as a film of somebody has it. report: called with the share done.
    Raises InputError, NoPersonError."""
    seen = track(path, people, lambda share: report(READING * share))
    report(READING)
    dummy = dummy_of(rig)
    poses, planted = fit(dummy, seen, lambda share: report(READING + (1 - READING) * share))
    return as_motion(dummy, poses, rig, seen, planted)


def fit(dummy: Dummy, seen: Track, report: Report = lambda _: None) -> tuple[Poses, Planted]:
    """The poses of a dummy in all frames, the floor at height 0, and where its feet stand."""
    solver, steps = Solver(dummy, seen), count()

    def step() -> None:
        report(next(steps) / (STEPS + LEVEL_STEPS + 2 * PLANTED_STEPS))

    poses = solver.solve(solver.start(), STEPS, step)
    poses = _level(solver, dummy, poses)
    poses = solver.solve(poses, LEVEL_STEPS, step)
    for _ in range(2):
        marks = dummy.place(poses)[2]
        planted, _ = find_planted(marks, dummy.rest_marks, seen)
        poses = _turned(solver, poses, between(floor_up(marks, dummy.rest_marks, planted), np.array([0.0, 1.0, 0.0])))
        planted, floor = find_planted(dummy.place(poses)[2], dummy.rest_marks, seen)
        poses = solver.solve(poses, PLANTED_STEPS, step, planted)
    poses = Poses(poses.rotations, poses.hips - (0, floor, 0))
    return poses, Planted(planted.stands, planted.heights - floor)


def _level(solver: Solver, dummy: Dummy, poses: Poses) -> Poses:
    """Have those who stand stand upright on average: what leans all the time leans because the camera looks down."""
    marks = dummy.place(poses)[2]
    up = marks[:, [L.LEFT_SHOULDER, L.RIGHT_SHOULDER]].mean(1) - marks[:, [L.LEFT_ANKLE, L.RIGHT_ANKLE]].mean(1)
    rest = dummy.rest_marks
    own = rest[[L.LEFT_SHOULDER, L.RIGHT_SHOULDER]].mean(0) - rest[[L.LEFT_ANKLE, L.RIGHT_ANKLE]].mean(0)
    mean = (up / np.linalg.norm(up, axis=1, keepdims=True)).mean(0)
    mean /= np.linalg.norm(mean)
    long = np.median(np.linalg.norm(up, axis=1)) > 0.9 * np.linalg.norm(own)
    if not long or np.arccos(np.clip(mean[1], -1, 1)) > MOST_TILT:
        return poses
    return _turned(solver, poses, between(mean, np.array([0.0, 1.0, 0.0])))


def _turned(solver: Solver, poses: Poses, turn: np.ndarray) -> Poses:
    """The same in axes turned by (3, 3), and the solver's likewise."""
    solver.tilt = turn @ solver.tilt
    rotations = poses.rotations.copy()
    rotations[:, 0] = turn @ rotations[:, 0]
    return Poses(rotations, poses.hips @ turn.T)


def as_motion(dummy: Dummy, poses: Poses, rig: Rig, seen: Track, planted: Planted) -> Motion:
    """What each bone of the rig does, in Blender's axes."""
    frames = dummy.place(poses)[0]
    deltas = np.einsum("ji,tbjk,kl->tbil", TO_FIELD, frames @ dummy.rest_frames.transpose(0, 2, 1), TO_FIELD)
    own = []
    for bone in rig.names:
        above = PARENTS[INDEX[bone]]
        turn = deltas[:, INDEX[bone]]
        own.append(turn if above < 0 else deltas[:, above].transpose(0, 2, 1) @ turn)
    hips = poses.hips @ TO_FIELD
    rest = dummy.rest.hips[0] @ TO_FIELD
    hips[:, :2] += rest[:2] - hips[0, :2]
    feet = planted.stands.reshape(-1, 2, 2).any(2)
    turns = Rotation.from_matrix(np.stack(own, 1).reshape(-1, 3, 3)).as_quat()[:, [3, 0, 1, 2]]
    turns = _unbroken(turns.reshape(len(hips), -1, 4)).astype(np.float32)
    return Motion(seen.name, seen.rate, turns, hips.astype(np.float32), seen.seen, feet, seen.notes)


def _unbroken(turns: np.ndarray) -> np.ndarray:
    """Quaternions (T, B, 4) of which each is the one of its two signs that lies nearer to that before it."""
    flips = np.where((turns[1:] * turns[:-1]).sum(-1) < 0, -1.0, 1.0)
    return np.concatenate([turns[:1], turns[1:] * np.cumprod(flips, 0)[..., None]])

# SPDX-License-Identifier: GPL-3.0-or-later
"""The skeleton of a rig with the body's landmarks on it, and many poses of it at once.

Bones turn as those of `body.model`, so that what is known of poses holds; their lengths are the rig's own. Space: field
axes (x right, y up, z towards the camera), metres.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from ...result_file import Rig
from ..body.bones import BONES, INDEX, PARENTS
from ..body.model import BodyModel, Pose, load_body
from ..body.priors import ACTIVE, pose_prior

STEPS = 30
JOINT_SPREAD_M, PRIOR_SHARE = 0.01, 0.05  # of the rig's joints; what is known of poses counts little against them
TO_FIELD = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])  # Blender's axes -> field axes


@dataclass(frozen=True)
class Poses:
    """rotations (T, 52, 3, 3): as of `body.model.Pose`; hips (T, 3): where the first bone begins."""

    rotations: np.ndarray
    hips: np.ndarray

    def moved(self, step: np.ndarray) -> "Poses":
        """After a step (T, 3 A + 3): left factors of the active bones, then of the hips' place."""
        turns = Rotation.from_rotvec(step[:, :-3].reshape(-1, 3)).as_matrix().reshape(len(step), -1, 3, 3)
        rotations = self.rotations.copy()
        rotations[:, list(ACTIVE)] = turns @ rotations[:, list(ACTIVE)]
        return Poses(rotations, self.hips + step[:, -3:])


@dataclass(frozen=True)
class Dummy:
    """offsets (52, 3): of each bone's head from its parent's, in the parent's frame; mark_bones (33,), mark_offsets
    (33, 3): of each landmark from that bone's head, in its frame; rest: the rig's own pose; rest_frames (52, 3, 3):
    its turned frames; rest_marks (33, 3): where it has the landmarks."""

    offsets: np.ndarray
    mark_bones: np.ndarray
    mark_offsets: np.ndarray
    rest: Poses
    rest_frames: np.ndarray
    rest_marks: np.ndarray

    def place(self, poses: Poses) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Frames (T, 52, 3, 3), heads (T, 52, 3) and landmarks (T, 33, 3) of some poses."""
        frames, heads = np.empty_like(poses.rotations), np.empty(poses.rotations.shape[:3])
        for bone, parent in enumerate(PARENTS):
            if parent < 0:
                frames[:, bone], heads[:, bone] = poses.rotations[:, bone], poses.hips
            else:
                frames[:, bone] = frames[:, parent] @ poses.rotations[:, bone]
                heads[:, bone] = heads[:, parent] + frames[:, parent] @ self.offsets[bone]
        marks = heads[:, self.mark_bones] + np.einsum("tmij,mj->tmi", frames[:, self.mark_bones], self.mark_offsets)
        return frames, heads, marks

    def slopes(self, frames: np.ndarray, heads: np.ndarray, marks: np.ndarray) -> np.ndarray:
        """Derivatives (T, 33, 3, 3 A + 3) of the landmarks with respect to the steps of `Poses.moved`."""
        below = load_body().descendants.numpy()[list(ACTIVE)][:, self.mark_bones]  # (A, 33)
        parents = [PARENTS[bone] for bone in ACTIVE]
        axes = np.where(np.array(parents)[:, None, None] >= 0, frames[:, parents], np.eye(3))  # columns
        lever = (marks[:, :, None] - heads[:, None, list(ACTIVE)]) * below.T[None, :, :, None]  # (T, 33, A, 3)
        by_turn = np.cross(axes.transpose(0, 1, 3, 2)[:, None], lever[:, :, :, None])  # (T, 33, A, axis, 3)
        by_turn = by_turn.reshape(*marks.shape[:2], -1, 3).transpose(0, 1, 3, 2)
        by_place = np.broadcast_to(np.eye(3), (*marks.shape, 3))
        return np.concatenate([by_turn, by_place], 3)


def dummy_of(rig: Rig) -> Dummy:
    """The Dummy of a rig in Blender's axes, metres. Bones that it lacks are the usual body's of its size."""
    body = load_body()
    heads = {name: TO_FIELD @ place for name, place in zip(rig.names, rig.heads.astype(np.float64), strict=True)}
    tails = {name: TO_FIELD @ place for name, place in zip(rig.names, rig.tails.astype(np.float64), strict=True)}
    pose = _body_on(body, heads, tails)
    rows = body.pose(pose).numpy().astype(np.float64)
    frames, _ = body.chain(pose, body.rest_of(pose)[body.head_rows])
    frames = frames.numpy().astype(np.float64)
    places, marks = rows[body.head_rows], rows[body.landmark_rows]
    bones = body.arrays["landmark_bones"].long().numpy()
    marks = marks - places[bones]
    for bone, name in enumerate(BONES):
        if name in heads:
            places[bone] = heads[name]
        elif PARENTS[bone] >= 0:  # hangs where it would from what is there
            above = PARENTS[bone]
            model = rows[body.head_rows]
            places[bone] = places[above] + model[bone] - model[above]
    offsets = np.zeros((len(BONES), 3))
    for bone, parent in enumerate(PARENTS):
        if parent >= 0:
            offsets[bone] = frames[parent].T @ (places[bone] - places[parent])
    mark_offsets = np.einsum("mji,mj->mi", frames[bones], marks)
    rest = Poses(pose.rotations.numpy().astype(np.float64)[None], places[None, 0])
    return Dummy(offsets, bones, mark_offsets, rest, frames, marks + places[bones])


@torch.inference_mode()
def _body_on(body: BodyModel, heads: dict, tails: dict) -> Pose:
    """The body whose joints lie nearest to those of a rig: damped Gauss-Newton."""
    rows, targets = [], []
    numbers = np.arange(len(body.mean))
    ends = dict(zip(body.tail_bones, numbers[body.tail_rows], strict=True))
    for name in BONES:
        if name in heads:
            rows.append(numbers[body.head_rows][INDEX[name]])
            targets.append(heads[name])
            if name in ends:
                rows.append(ends[name])
                targets.append(tails[name])
    rows, target = torch.tensor(np.array(rows)), torch.tensor(np.array(targets), dtype=torch.float32)
    pose, prior = body.rest_pose(), pose_prior()
    here = body.rest_of(pose)[rows]
    size = (target - target.mean(0)).norm() / (here - here.mean(0)).norm()
    pose = replace(pose, scale=size, translation=target.mean(0) - size * here.mean(0))
    count = len(pose.shape)
    for _ in range(STEPS):
        placed, slopes = body.jacobian(pose, rows, list(ACTIVE))
        slopes = slopes.reshape(len(rows) * 3, -1).double() / float(pose.scale)
        off = (placed - target).ravel().double() / float(pose.scale)
        matrix, vector = slopes.T @ slopes / JOINT_SPREAD_M**2, slopes.T @ off / JOINT_SPREAD_M**2
        residual, derivative = prior.rows(pose)
        likely = torch.zeros(len(residual), slopes.shape[1], dtype=torch.float64)
        likely[:, count:-4] = derivative.double()
        matrix += PRIOR_SHARE * likely.T @ likely
        vector += PRIOR_SHARE * likely.T @ residual.double()
        matrix[:count, :count] += torch.eye(count, dtype=torch.float64)
        vector[:count] += pose.shape.double()
        step = -torch.linalg.solve(matrix + torch.diag(1e-4 * matrix.diagonal() + 1e-6), vector).float()
        step *= min(1.0, 0.5 / max(float(step[count:-4].abs().max()), 1e-9))
        pose = body.moved(pose, step, list(ACTIVE))
    return pose

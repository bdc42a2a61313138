# SPDX-License-Identifier: GPL-3.0-or-later
"""The poses of all frames at once: one least squares over marks, what is known of poses, smoothness and planted feet.

Damped Gauss-Newton on the turns of the joints and the place of the hips in every frame. Each frame is tied to two
neighbours on either side, so that the normal equations are banded and cost as much as the film is long.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.linalg import solveh_banded
from scipy.spatial.transform import Rotation

from ..body.bones import BONES, SIDES
from ..body.priors import ACTIVE, LIMIT_SPREAD, pose_prior
from ..reading.landmarks import RULERS
from ..reading.landmarks import Landmark as L
from .dummy import Dummy, Poses
from .track import Track

FOCAL = 1.1  # of a camera that nothing is known of, in the longer side of its frames
MARK_M = 0.025  # spread of landmarks across the line of sight
SOLID_M = np.array([0.1, 0.1, 0.07])  # spread of where the network has them in space, seen from the camera
PRIOR_SHARE = 0.3  # of what is known of poses, in each frame
# Standard deviations of accelerations: of joints, radians / s2, of the hips' place, m / s2 (in depth less).
TURN_ACCELERATION = {
    "hips": 12, "spine": 8, "chest": 8, "upper_chest": 8, "neck": 15, "head": 15, "shoulder": 12, "upper_arm": 40,
    "forearm": 45, "hand": 40, "thigh": 35, "shin": 40, "foot": 35,
}  # fmt: skip
HIPS_ACCELERATION = np.array([5.0, 5.0, 2.5])
STILL_M, FLOOR_M = 0.0015, 0.008  # spread of how planted feet move from frame to frame, and of their height
MOST_TURN = 0.5  # radians of a step
FEET = (L.LEFT_HEEL, L.LEFT_FOOT, L.RIGHT_HEEL, L.RIGHT_FOOT)
LIMBS = {  # bone: the landmarks from and to which it runs
    f"{bone}{side}": (L[f"{word}_{from_}"], L[f"{word}_{to}"])
    for side, word in zip(SIDES, ("LEFT", "RIGHT"), strict=True)
    for bone, from_, to in (
        ("upper_arm", "SHOULDER", "ELBOW"), ("forearm", "ELBOW", "WRIST"), ("thigh", "HIP", "KNEE"),
        ("shin", "KNEE", "ANKLE"),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Planted:
    """stands (T, 4) bool: which of FEET stands in a frame; heights (T, 4): where they do, metres."""

    stands: np.ndarray
    heights: np.ndarray


class Solver:
    """Marks of a film, and the dummy that is to move as they do."""

    def __init__(self, dummy: Dummy, track: Track):
        self._dummy, self._track = dummy, track
        self._prior = pose_prior()
        width, height = track.size
        self._focal = FOCAL * max(width, height)
        middle = np.array([width / 2, height / 2])
        # Rays through the marks, (x, y) at a depth of one metre.
        self._rays = (track.marks[..., :2] - middle) / self._focal * (1, -1)
        self._sure = np.where(track.seen[:, None], track.marks[..., 2], 0.0) ** 2
        self._solid = self._solid_in_view()
        turns = [TURN_ACCELERATION[bone[:-2] if bone[-2:] in SIDES else bone] for bone in np.array(BONES)[list(ACTIVE)]]
        spread = np.concatenate([np.repeat(turns, 3), HIPS_ACCELERATION]) / track.rate**2
        self._firm = 1 / spread**2
        self.tilt = np.eye(3)  # from the camera's axes to those in which the floor is level

    def _solid_in_view(self) -> np.ndarray:
        """Marks in space (T, 33, 3), camera's axes, of the dummy's size, from the middle of the hips."""
        solid = self._track.solid * (1, -1, -1)
        rest = self._dummy.rest_marks
        pairs = list(RULERS)
        theirs = [np.linalg.norm(solid[self._track.seen, a] - solid[self._track.seen, b], axis=-1) for a, b in pairs]
        ours = [np.linalg.norm(rest[a] - rest[b]) for a, b in pairs]
        solid = solid * np.median(np.array(ours) / np.median(theirs, axis=1))
        # The network takes everybody as if they stood straight ahead.
        aside = self._rays[:, [L.LEFT_HIP, L.RIGHT_HIP]].mean(1)
        towards = np.column_stack([aside, -np.ones(len(aside))])
        ahead = np.array([0.0, 0.0, -1.0])
        return np.stack([marks @ between(ahead, ray).T for marks, ray in zip(solid, towards, strict=True)])

    def start(self) -> Poses:
        """Each frame by itself: the trunk as hips and shoulders lie in space, limbs as they point."""
        dummy, count = self._dummy, len(self._rays)
        own = _trunk_axes(dummy.rest_marks)
        rotations = np.repeat(dummy.rest.rotations, count, 0)
        near = np.flatnonzero(self._track.seen)
        nearest = near[np.abs(np.arange(count)[:, None] - near).argmin(1)]
        for frame, source in enumerate(nearest):
            marks = self._solid[source]
            rotations[frame, 0] = _trunk_axes(marks) @ own.T @ dummy.rest.rotations[0, 0]
        poses = Poses(rotations, np.zeros((count, 3)))
        for bone, (from_, to) in LIMBS.items():
            number = BONES.index(bone)
            frames, _, marks = dummy.place(poses)
            for frame, source in enumerate(nearest):
                wanted = self._solid[source, to] - self._solid[source, from_]
                turn = between(marks[frame, to] - marks[frame, from_], wanted)
                above = frames[frame, number] @ rotations[frame, number].T
                rotations[frame, number] = above.T @ turn @ above @ rotations[frame, number]
        return Poses(rotations, self._places(poses)[nearest])

    def _places(self, poses: Poses) -> np.ndarray:
        """(T, 3) where the hips lie so that the marks fall on their rays: linear least squares."""
        marks = self._dummy.place(poses)[2]
        places = np.zeros((len(marks), 3))
        for frame, (points, rays, sure) in enumerate(zip(marks, self._rays, self._sure, strict=True)):
            rows = np.zeros((33, 2, 3))
            rows[:, 0, 0] = rows[:, 1, 1] = 1
            rows[:, :, 2] = rays
            target = -(points[:, :2] + rays * points[:, 2:])
            weight = np.sqrt(np.repeat(sure, 2)) + 1e-9
            places[frame] = np.linalg.lstsq(rows.reshape(-1, 3) * weight[:, None], target.ravel() * weight, None)[0]
        return places

    def solve(self, poses: Poses, steps: int, report: Callable[[], None], planted: Planted | None = None) -> Poses:
        """Better poses in the axes of `tilt`, after so many steps; report: called at each."""
        for _ in range(steps):
            report()
            poses = poses.moved(self._step(poses, planted))
        return poses

    def _step(self, poses: Poses, planted: Planted | None) -> np.ndarray:
        frames, heads, marks = self._dummy.place(poses)
        slopes = self._dummy.slopes(frames, heads, marks)
        system = _Banded(len(marks), slopes.shape[3])
        self._see(system, marks, slopes)
        self._likely(system, poses)
        self._smooth(system, poses)
        if planted:
            self._plant(system, marks, slopes, planted)
        return system.solve()

    def _see(self, system: "_Banded", marks, slopes) -> None:
        """Marks on their rays, and about where the network has them in space."""
        seen, turned = marks @ self.tilt, np.einsum("ij,tmik->tmjk", self.tilt, slopes)  # the camera's axes
        off = seen[..., :2] + self._rays * seen[..., 2:]
        slope = turned[:, :, :2] + self._rays[..., None] * turned[:, :, 2:]
        # By angle, not by metres, or nearer were always better.
        far = np.maximum(-seen[..., 2].mean(1), 0.3)
        spread = MARK_M * far / np.median(far)
        share = 1 / (1 + (off / (3 * spread[:, None, None])) ** 2)
        weight = self._sure[..., None] * share / spread[:, None, None] ** 2
        system.add(slope.reshape(len(marks), -1, slope.shape[3]), off.reshape(len(marks), -1),
                   weight.reshape(len(marks), -1))  # fmt: skip
        hips = [L.LEFT_HIP, L.RIGHT_HIP]
        off = seen - seen[:, hips].mean(1, keepdims=True) - self._solid
        slope = turned - turned[:, hips].mean(1, keepdims=True)
        share = 1 / (1 + (off / (3 * SOLID_M)) ** 2)
        weight = self._sure[..., None] * share / SOLID_M**2
        system.add(slope.reshape(len(marks), -1, slope.shape[3]), off.reshape(len(marks), -1),
                   weight.reshape(len(marks), -1))  # fmt: skip

    def _likely(self, system: "_Banded", poses: Poses) -> None:
        own, beyond, slope = (
            each.numpy().astype(np.float64)
            for each in self._prior.turns(torch.from_numpy(poses.rotations[:, list(ACTIVE)]).float())
        )
        limit = np.radians(LIMIT_SPREAD)
        weight = PRIOR_SHARE / self._prior.spread.numpy().astype(np.float64) ** 2
        weight = weight[None] + (beyond != 0) / limit**2 * PRIOR_SHARE
        pull = PRIOR_SHARE * own / self._prior.spread.numpy() ** 2 + PRIOR_SHARE * beyond / limit**2
        blocks = np.einsum("tajk,taj,tajl->takl", slope, weight, slope)
        vectors = np.einsum("tajk,taj->tak", slope, pull)
        for number in range(blocks.shape[1]):
            part = slice(3 * number, 3 * number + 3)
            system.blocks[0][:, part, part] += blocks[:, number]
            system.vector[:, part] += vectors[:, number]

    def _smooth(self, system: "_Banded", poses: Poses) -> None:
        """Accelerations as small as can be."""
        turns = poses.rotations[:, list(ACTIVE)]
        step = turns[1:] @ turns[:-1].transpose(0, 1, 3, 2)
        speed = Rotation.from_matrix(step.reshape(-1, 3, 3)).as_rotvec().reshape(len(step), -1)
        speed = np.concatenate([speed, np.diff(poses.hips, axis=0)], 1)
        off = np.diff(speed, axis=0)
        parts = (1.0, -2.0, 1.0)
        count, size = len(off), off.shape[1]
        pull = self._firm * off
        for a, one in enumerate(parts):
            system.vector[a : a + count] += one * pull
            for b, other in enumerate(parts[a:], a):
                system.blocks[b - a][a : a + count, range(size), range(size)] += one * other * self._firm

    def _plant(self, system: "_Banded", marks, slopes, planted: Planted) -> None:
        """Feet that stand do not move, and lie on the floor."""
        feet = list(FEET)
        points, slope = marks[:, feet], slopes[:, feet]
        both = planted.stands[1:] & planted.stands[:-1]
        off = points[1:] - points[:-1]
        weight = np.repeat(both[..., None] / STILL_M**2, 3, 2)
        shape = len(off), -1, slope.shape[3]
        now, then = slope[1:].reshape(shape), slope[:-1].reshape(shape)
        weight, off = weight.reshape(len(off), -1), off.reshape(len(off), -1)
        system.add(now, off, weight, slice(1, None))
        system.add(-then, off, weight, slice(None, -1))
        system.blocks[1][: len(off)] -= np.einsum("trk,tr,trl->tkl", then, weight, now)
        off = points[..., 1] - planted.heights
        system.add(slope[:, :, 1], off, planted.stands / FLOOR_M**2)


class _Banded:
    """Normal equations of T frames, each tied to the two after it: blocks[k] (T, P, P) between a frame and the k-th
    after it."""

    def __init__(self, count: int, size: int):
        self.blocks = [np.zeros((count, size, size)) for _ in range(3)]
        self.vector = np.zeros((count, size))

    def add(self, slopes, off, weight, frames: slice = slice(None)) -> None:
        """Residuals (n, R) of some frames, their slopes (n, R, P) and weights (n, R)."""
        weighted = slopes * weight[..., None]
        self.blocks[0][frames] += np.einsum("trk,trl->tkl", weighted, slopes, optimize=True)
        self.vector[frames] += np.einsum("trk,tr->tk", weighted, off)

    def solve(self) -> np.ndarray:
        """The step (T, P); no joint turns by more than MOST_TURN in it."""
        count, size = self.vector.shape
        band = np.zeros((3 * size, count * size))
        for apart, blocks in enumerate(self.blocks):
            rows, columns = np.meshgrid(range(size), range(size), indexing="ij")
            for frame in range(count - apart):
                row, column = rows + frame * size, columns + (frame + apart) * size
                kept = row <= column
                band[(len(band) - 1 + row - column)[kept], column[kept]] = blocks[frame][kept]
        band[-1] = band[-1] * (1 + 1e-4) + 1e-3
        step = -solveh_banded(band, self.vector.ravel(), overwrite_ab=True).reshape(count, size)
        most = np.abs(step[:, :-3]).max(1, keepdims=True)
        return step * np.minimum(1.0, MOST_TURN / np.maximum(most, 1e-9))


def between(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The smallest rotation (3, 3) that turns direction a into b."""
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    axis, cosine = np.cross(a, b), float(a @ b)
    sine = float(np.linalg.norm(axis))
    if sine < 1e-9:
        aside = np.cross(a, np.eye(3)[np.abs(a).argmin()])
        return np.eye(3) if cosine > 0 else Rotation.from_rotvec(np.pi * aside / np.linalg.norm(aside)).as_matrix()
    return Rotation.from_rotvec(axis / sine * np.arctan2(sine, cosine)).as_matrix()


def _trunk_axes(marks: np.ndarray) -> np.ndarray:
    """(3, 3) columns: to the person's left, up, ahead, of marks (33, 3)."""
    shoulders, hips = marks[[L.LEFT_SHOULDER, L.RIGHT_SHOULDER]], marks[[L.LEFT_HIP, L.RIGHT_HIP]]
    up = shoulders.mean(0) - hips.mean(0)
    left = (hips[0] - hips[1]) + (shoulders[0] - shoulders[1])
    ahead = np.cross(left, up)
    up, ahead = up / np.linalg.norm(up), ahead / np.linalg.norm(ahead)
    return np.stack([np.cross(up, ahead), up, ahead], 1)

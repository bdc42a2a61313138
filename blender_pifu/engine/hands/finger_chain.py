# SPDX-License-Identifier: GPL-3.0-or-later
"""The bones from the upper arm to the fingertips as joints with few angles, and where they put the hand's 21 points.

Angles are turns beyond those of a given pose for arm and wrist, and beyond the model's rest for fingers: each finger
bends in its first joint and goes sideways there, and only bends in the two others.
"""

from dataclasses import replace

import numpy as np
import torch

from ..body.bones import FINGERS, INDEX, PARENTS
from ..body.model import BodyModel, Pose

ARM = ("upper_arm", "forearm", "hand")
ANGLES = 9 + 4 * len(FINGERS)  # twist and two more of each bone of the arm; bend, sideways, bend, bend of each finger
BENDS = np.array([[9 + 4 * finger, 11 + 4 * finger, 12 + 4 * finger] for finger in range(len(FINGERS))])
SIDEWAYS = np.array([10 + 4 * finger for finger in range(len(FINGERS))])
# Where the network sees its points, from the heads of the model's bones and the ends of the tips: millimetres in the
# rest of a right hand, field axes; the wrist, then a finger a line. Measured on renders of the model
# (`training/pack/hand_points.py`).
POINT_OFFSETS = (
    (-5.3, -0.3, 1.9),
    (14.9, -2.5, -2.1), (2.2, -2.7, 6.7), (-2.2, -1.4, -1.9), (-1.1, 3.6, -3.8),
    (4.8, -1.9, -5.5), (2.0, -6.0, 3.8), (2.2, -3.9, 3.1), (-0.1, 3.6, -2.9),
    (7.9, -1.2, -3.0), (2.5, -2.3, 3.5), (3.6, -1.3, 0.7), (1.9, 6.5, -3.5),
    (8.6, -2.6, -3.5), (2.4, -3.7, 2.5), (2.7, -2.0, 0.9), (1.3, 7.5, -1.8),
    (8.2, -0.6, -3.4), (2.4, -2.1, -0.2), (0.3, -0.6, 0.5), (-1.2, 6.5, -0.6),
)  # fmt: skip
# The thumb bends about an axis between the palm's and that of the other fingers (recipe measured on photos).
THUMB_PALM, THUMB_ACROSS = 0.75, 0.65


class FingerChain:
    """Arm and hand of one side of a posed body."""

    def __init__(self, body: BodyModel, pose: Pose, side: str):
        rest = body.rest_of(pose)
        heads = rest[body.head_rows].numpy().astype(np.float64)
        tails = dict(zip(body.tail_bones, rest[body.tail_rows].numpy().astype(np.float64), strict=True))
        self.side, self.pose = side, pose
        self._heads, self._turns = heads, pose.rotations.numpy().astype(np.float64)
        self._scale, self._place = float(pose.scale), pose.translation.numpy().astype(np.float64)
        frames, places = body.chain(pose, rest[body.head_rows])
        shoulder = PARENTS[INDEX["upper_arm" + side]]
        self._frame = frames[shoulder].numpy().astype(np.float64)
        self._root = places[INDEX["upper_arm" + side]].numpy().astype(np.float64)
        self._tips = {finger: tails[f"{finger}_3{side}"] for finger in FINGERS}
        self._offsets = np.array(POINT_OFFSETS) / 1000 * (1 if side == ".R" else -1, 1, 1)
        self._axes = self._arm_axes()
        self._hinges = {finger: self._finger_axes(finger) for finger in FINGERS}

    def head(self, bone: str) -> np.ndarray:
        """(3,) of a bone of this side in rest, metres."""
        return self._heads[INDEX[bone + self.side]]

    @property
    def span(self) -> float:
        """As of `span_of`, the hand in rest."""
        return span_of(self.points(np.zeros((1, ANGLES)))[0])

    def points(self, angles: np.ndarray) -> np.ndarray:
        """(N, 21, 3) field space, of angles (N, ANGLES) radians."""
        out = np.empty((len(angles), 1 + 4 * len(FINGERS), 3))
        frame, place = np.broadcast_to(self._frame, (len(angles), 3, 3)), np.broadcast_to(self._root, (len(angles), 3))
        for k, bone in enumerate(ARM):
            frame = frame @ self._arm_turn(k, angles)
            if k < 2:
                place = place + frame @ (self.head(ARM[k + 1]) - self.head(bone))
        out[:, 0] = place + frame @ self._offsets[0]
        for k, finger in enumerate(FINGERS):
            turned, at, before = frame, place, self.head("hand")
            for joint in (1, 2, 3):
                head = self.head(f"{finger}_{joint}")
                at = at + turned @ (head - before)
                turned, before = turned @ self._finger_turn(k, joint, angles), head
                out[:, 4 * k + joint] = at + turned @ self._offsets[4 * k + joint]
            out[:, 4 * k + 4] = at + turned @ (self._tips[finger] - before + self._offsets[4 * k + 4])
        return out * self._scale + self._place

    def posed(self, angles: np.ndarray) -> Pose:
        """The pose with the arm so, angles (ANGLES,)."""
        rotations = self.pose.rotations.clone()
        for k, bone in enumerate(ARM):
            rotations[INDEX[bone + self.side]] = torch.from_numpy(self._arm_turn(k, angles[None])[0]).float()
        return with_fingers(replace(self.pose, rotations=rotations), self, angles)

    def finger_rotations(self, angles: np.ndarray) -> dict[str, torch.Tensor]:
        """Bone -> rotation (3, 3) as in a Pose, by the fingers' part of angles (ANGLES,)."""
        return {
            f"{finger}_{joint}{self.side}": torch.from_numpy(self._finger_turn(k, joint, angles[None])[0]).float()
            for k, finger in enumerate(FINGERS)
            for joint in (1, 2, 3)
        }

    def _arm_turn(self, k, angles):
        """(N, 3, 3) in the parent's frame."""
        turn = self._turns[INDEX[ARM[k] + self.side]]
        return turn @ _about(np.einsum("ij,nj->ni", self._axes[k], angles[:, 3 * k : 3 * k + 3]))

    def _finger_turn(self, k, joint, angles):
        bend, palm = self._hinges[FINGERS[k]][joint - 1]
        turn = _about(angles[:, BENDS[k, joint - 1], None] * bend)
        return turn @ _about(angles[:, SIDEWAYS[k], None] * palm) if joint == 1 else turn

    def _arm_axes(self):
        """Three of (3, 3) in rest, in columns: twist, then two square to it; the hand's second bends it to the palm."""
        places = [self.head(bone) for bone in ARM] + [self.head("middle_1")]
        along_hand = _unit(places[3] - places[2])
        across = np.cross(along_hand, self._palm)
        axes = []
        for start, end in zip(places, places[1:], strict=False):
            along = _unit(end - start)
            second = _unit(across - (across @ along) * along)
            axes.append(np.stack([along, second, np.cross(along, second)], 1))
        return axes

    @property
    def _palm(self):
        """Where the palm looks in rest, unit."""
        towards = [self.head(bone) - self.head("hand") for bone in ("index_1", "little_1")]
        return _unit(np.cross(*towards)) * (1 if self.side == ".R" else -1)

    def _finger_axes(self, finger):
        """Of each joint the axis about which it bends towards the palm and that about which it goes sideways."""
        palm, about = self._palm, self._palm * (1 if self.side == ".R" else -1)
        ends = [self.head(f"{finger}_{joint}") for joint in (1, 2, 3)] + [self._tips[finger]]
        found = []
        for start, end in zip(ends, ends[1:], strict=False):
            across = np.cross(_unit(end - start), palm)
            if finger == "thumb":
                across = THUMB_PALM * about + THUMB_ACROSS * across
            found.append((_unit(across), about))
        return found


def span_of(points: np.ndarray) -> float:
    """How long the four long fingers of a hand, points (21, 3), are together, with their metacarpals."""
    chains = [points[[0, *range(4 * k + 1, 4 * k + 5)]] for k in range(1, len(FINGERS))]
    return float(sum(np.linalg.norm(np.diff(chain, axis=0), axis=1).sum() for chain in chains))


def with_fingers(pose: Pose, chain: FingerChain, angles: np.ndarray) -> Pose:
    """A pose with the fingers of one side bent by angles (ANGLES,)."""
    rotations = pose.rotations.clone()
    for bone, turn in chain.finger_rotations(angles).items():
        rotations[INDEX[bone]] = turn
    return replace(pose, rotations=rotations)


def _unit(vector):
    return vector / max(float(np.linalg.norm(vector)), 1e-12)


def _about(vectors):
    """Rotation vectors (N, 3) -> (N, 3, 3), by Rodrigues' formula."""
    angle = np.linalg.norm(vectors, axis=1)
    x, y, z = (vectors / np.maximum(angle, 1e-12)[:, None]).T
    zero = np.zeros_like(x)
    skew = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], 1).reshape(-1, 3, 3)
    sine, cosine = np.sin(angle)[:, None, None], np.cos(angle)[:, None, None]
    return np.eye(3) + sine * skew + (1 - cosine) * (skew @ skew)

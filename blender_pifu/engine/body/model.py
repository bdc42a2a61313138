# SPDX-License-Identifier: GPL-3.0-or-later
"""The parametric body: a linear model of shape, posed by linear blend skinning, with its derivatives in closed form.

Space: field axes (x right, y up, z towards the camera), metres of a body 1.7 m tall, the hips at the origin; in rest it
faces the camera with the arms about 45 degrees down. The line of SCAPE (Anguelov et al. 2005) and its successors; the
data is MakeHuman's (CC0).
"""

import json
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..errors import ModelError
from ..files.tensors import REINSTALL, read_tensors
from .bones import BONES, PARENTS, SIDES, part

DATA = Path(__file__).parents[2] / "data"
# What the skin's vertices are besides skin; "socket" lies behind the eyelids.
REGIONS = ("skin", "ear", "mouth", "socket")


@dataclass(frozen=True)
class Pose:
    """shape: (K,) standard normal coefficients; rotations: (52, 3, 3), each about the model's axes in its parent's
    turned frame, the first turns the whole body; scale: (), field units a metre; translation: (3,) of the hips, field
    space; longer: metres by which the left and the right arm are longer from shoulder to wrist than the shape has
    them."""

    shape: Tensor
    rotations: Tensor
    scale: Tensor
    translation: Tensor
    longer: tuple[float, float] = (0.0, 0.0)


class BodyModel:
    """Rows of the model are `vertices` skin and eye vertices, then bone heads, tails without a child, landmarks; each
    has a rest position and weights."""

    def __init__(self, arrays: dict[str, Tensor], metadata: dict[str, str]):
        self.arrays = arrays
        self.bones = BONES
        told = json.loads(metadata["body"])
        self.tail_bones, self.expressions = told["tails"], told["expressions"]
        self.skin_vertices = told["skin_vertices"]  # those before the eyes'
        self.vertices = len(arrays["weights"])
        self.mean = _to_field(arrays["mean"].float())
        self.basis = _to_field(arrays["basis"].float())  # (K, N, 3)
        counts = np.cumsum([self.vertices, len(BONES), len(self.tail_bones), len(arrays["landmark_bones"])])
        self.head_rows, self.tail_rows, self.landmark_rows = (
            slice(int(a), int(b)) for a, b in zip(counts, counts[1:], strict=False)
        )
        self.weights = self._dense_weights()  # (N, 52)

    def _dense_weights(self):
        weights = torch.zeros(len(self.mean), len(BONES))
        weights[: self.vertices].scatter_add_(1, self.arrays["weight_bones"].long(), self.arrays["weights"].float())
        weights[self.head_rows] = torch.eye(len(BONES))
        weights[self.tail_rows] = torch.eye(len(BONES))[[BONES.index(bone) for bone in self.tail_bones]]
        weights[self.landmark_rows] = torch.eye(len(BONES))[self.arrays["landmark_bones"].long()]
        return weights / weights.sum(1, keepdim=True)

    @cached_property
    def faces(self) -> np.ndarray:
        """(F, 4) int32 quads of skin and eyes, outward."""
        return self.arrays["faces"].numpy().astype(np.int32)

    @cached_property
    def triangles(self) -> np.ndarray:
        """(2 Q, 3) int32: the skin's quads halved; the eyes lie within."""
        quads = self.faces[(self.faces < self.skin_vertices).all(1)]
        return np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])

    def moves_of(self, expression: str) -> np.ndarray:
        """(vertices, 3) float32 what one of `expressions` does to skin and eyes in rest, field axes."""
        at = self.expressions.index(expression)
        begin, end = self.arrays["expression_starts"][at : at + 2].tolist()
        rows = self.arrays["expression_vertices"][begin:end].long()
        moves = torch.zeros(self.vertices, 3)
        moves[rows] = _to_field(self.arrays["expression_offsets"][begin:end].float())
        return moves.numpy()

    @cached_property
    def labels(self) -> np.ndarray:
        """(vertices,) the bone that moves each vertex most."""
        return self.weights[: self.vertices].argmax(1).numpy()

    @cached_property
    def parts(self) -> np.ndarray:
        """(vertices,) str, see `bones.part`."""
        return np.array([part(bone) for bone in BONES])[self.labels]

    @cached_property
    def descendants(self) -> Tensor:
        """(52, 52): 1 where the second bone hangs on the first, or is it."""
        below = torch.eye(len(BONES))
        for bone in range(len(BONES) - 1, 0, -1):
            below[PARENTS[bone]] += below[bone]
        return below

    def rest_pose(self) -> Pose:
        """The mean body in rest at the origin, one field unit a metre."""
        turns = torch.eye(3).repeat(len(BONES), 1, 1)
        return Pose(torch.zeros(len(self.basis)), turns, torch.tensor(1.0), torch.zeros(3))

    def rest(self, shape: Tensor, longer: tuple[float, float] = (0.0, 0.0)) -> Tensor:
        """All rows (N, 3) in rest, metres; shape: (K,), longer: as of a Pose."""
        rest = self.mean + torch.einsum("k,knc->nc", shape, self.basis)
        for side, more in zip(SIDES, longer, strict=True):
            if more:
                rest = rest + more * self._along_arm(side)
        return rest

    def rest_of(self, pose: Pose) -> Tensor:
        """As `rest`, of a Pose."""
        return self.rest(pose.shape, pose.longer)

    @lru_cache(maxsize=2)  # noqa: B019 - the body is read once
    def _along_arm(self, side):
        """(N, 3) how rows move in rest when an arm gets longer by one: all beyond the wrist by all of it."""
        first, wrist = (BONES.index(bone + side) for bone in ("upper_arm", "hand"))
        heads = self.mean[self.head_rows]
        along = heads[wrist] - heads[first]
        share = ((self.mean - heads[first]) @ along / (along @ along)).clamp(0, 1)
        own = self.weights @ self.descendants[first]
        return (own * share)[:, None] * torch.nn.functional.normalize(along, dim=0)

    def chain(self, pose: Pose, heads: Tensor) -> tuple[Tensor, Tensor]:
        """Turned frames (52, 3, 3) and posed heads (52, 3), metres before scale and translation."""
        frames, places = [], []
        for bone, parent in enumerate(PARENTS):
            if parent < 0:
                frames.append(pose.rotations[bone])
                places.append(heads[bone])
            else:
                frames.append(frames[parent] @ pose.rotations[bone])
                places.append(places[parent] + frames[parent] @ (heads[bone] - heads[parent]))
        return torch.stack(frames), torch.stack(places)

    def pose(self, pose: Pose) -> Tensor:
        """All rows (N, 3) posed, field space. Differentiable in everything a Pose holds."""
        rest = self.rest_of(pose)
        frames, places = self.chain(pose, rest[self.head_rows])
        return self._skin(rest, self.weights, rest[self.head_rows], frames, places) * pose.scale + pose.translation

    def turn(self, pose: Pose, rows: Tensor, vectors: Tensor) -> Tensor:
        """Directions at some rows (n, 3) in rest -> unit directions (n, 3) posed."""
        frames, _ = self.chain(pose, self.mean[self.head_rows])
        turned = (self.weights[rows] @ frames.reshape(-1, 9)).reshape(-1, 3, 3)
        return torch.nn.functional.normalize(torch.einsum("nij,nj->ni", turned, vectors), dim=1)

    @staticmethod
    def _skin(rest, weights, heads, frames, places):
        moves = places - torch.einsum("bij,bj->bi", frames, heads)
        turned = (weights @ frames.reshape(-1, 9)).reshape(-1, 3, 3)
        return torch.einsum("nij,nj->ni", turned, rest) + weights @ moves

    def jacobian(self, pose: Pose, rows: Tensor, active: list[int]) -> tuple[Tensor, Tensor]:
        """Some rows posed (n, 3), and their derivatives (n, 3, K + 3 A + 4) with respect to shape, rotations of the A
        `active` bones (left factors: exp(d) R), logarithm of scale, translation."""
        rest_all = self.rest_of(pose)
        heads, weights = rest_all[self.head_rows], self.weights[rows]
        frames, places = self.chain(pose, heads)
        rest = rest_all[rows]
        posed = self._skin(rest, weights, heads, frames, places)

        # Shape: through the vertex itself and through the joints that carry it.
        head_basis = self.basis[:, self.head_rows].transpose(0, 1)  # (52, K, 3)
        moved = self._chain_shift(frames, head_basis)
        along = moved - torch.einsum("bij,bkj->bki", frames, head_basis)
        turned = (weights @ frames.reshape(-1, 9)).reshape(-1, 3, 3)
        by_shape = torch.einsum("nij,knj->nik", turned, self.basis[:, rows])
        by_shape = by_shape + (weights @ along.reshape(len(BONES), -1)).reshape(len(rest), -1, 3).transpose(1, 2)

        # Rotation: everything that hangs on the bone turns about the bone's head.
        by_bone = torch.einsum("bij,nj->nbi", frames, rest) + (places - torch.einsum("bij,bj->bi", frames, heads))
        below = self.descendants[active]
        lever = torch.einsum("bj,njc->nbc", below, weights[:, :, None] * by_bone)
        lever = lever - (weights @ below.T)[:, :, None] * places[active]
        parents = torch.stack([frames[PARENTS[b]] if PARENTS[b] >= 0 else torch.eye(3) for b in active])
        axes = parents.transpose(1, 2)  # (A, 3 axes, 3)
        by_turn = torch.linalg.cross(axes[None].expand(len(rest), -1, -1, -1), lever[:, :, None].expand(-1, -1, 3, -1))
        by_turn = by_turn.reshape(len(rest), -1, 3).transpose(1, 2)

        scaled = torch.cat([by_shape, by_turn, posed[:, :, None]], 2) * pose.scale
        move = torch.eye(3).expand(len(rest), 3, 3)
        return posed * pose.scale + pose.translation, torch.cat([scaled, move], 2)

    @staticmethod
    def _chain_shift(frames, offsets):
        """How posed heads move (52, K, 3) when rest heads move by `offsets` (52, K, 3), the frames kept."""
        moved = []
        for bone, parent in enumerate(PARENTS):
            step = offsets[bone] if parent < 0 else moved[parent] + (offsets[bone] - offsets[parent]) @ frames[parent].T
            moved.append(step)
        return torch.stack(moved)

    def moved(self, pose: Pose, step: Tensor, active: list[int]) -> Pose:
        """The pose after a step (K + 3 A + 4,) in the parameters of `jacobian`."""
        count = len(pose.shape)
        rotations = pose.rotations.clone()
        rotations[active] = rotation(step[count:-4].reshape(-1, 3)) @ rotations[active]
        return replace(
            pose,
            shape=pose.shape + step[:count],
            rotations=rotations,
            scale=pose.scale * torch.exp(step[-4]),
            translation=pose.translation + step[-3:],
        )


def rotation(vectors: Tensor) -> Tensor:
    """Rotation vectors (N, 3), radians -> matrices (N, 3, 3)."""
    x, y, z = vectors.unbind(-1)
    zero = torch.zeros_like(x)
    skew = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(-1, 3, 3)
    return torch.linalg.matrix_exp(skew)


def rotation_vector(matrices: Tensor) -> Tensor:
    """Matrices (N, 3, 3) -> rotation vectors (N, 3), at most half a turn."""
    from scipy.spatial.transform import Rotation

    return torch.from_numpy(Rotation.from_matrix(matrices.numpy()).as_rotvec()).to(matrices)


def _to_field(points: Tensor) -> Tensor:
    """Blender's axes -> field axes."""
    x, y, z = points.unbind(-1)
    return torch.stack([x, z, -y], -1)


@lru_cache(maxsize=1)
def load_body() -> BodyModel:
    """The packed body, read once a process. Raises ModelError."""
    path = DATA / "body.safetensors"
    arrays, metadata = read_tensors(path)
    try:
        return BodyModel(arrays, metadata)
    except (KeyError, ValueError) as error:
        raise ModelError(f"{path.name} holds no body ({error}).", fix=REINSTALL) from error

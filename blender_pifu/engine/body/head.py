# SPDX-License-Identifier: GPL-3.0-or-later
"""Heads of people: a linear model of identity and expression on the body's own vertices, and one placed in a photo.

After Blanz & Vetter 1999, "A Morphable Model for the Synthesis of 3D Faces", with expressions of their own. Space:
field axes, metres of a body 1.7 m tall in rest.
"""

import json
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
import torch

from ..errors import ModelError
from ..files.tensors import REINSTALL, read_tensors
from .bones import INDEX
from .model import DATA, BodyModel, load_body

Further = tuple[int, ...]  # rows of the skin's vertices that are marks beside the face's 468
AWAY = -0.5  # how far a head looks towards the camera, 1: straight, up to which nothing of its face is seen
STILL = ("eyeLook", "tongueOut")  # actions of that beginning that marks of a face do not tell


class HeadModel:
    """identities: K modes, standard normal coefficients; actions: names of the E expressions, strength 0..1."""

    def __init__(self, body: BodyModel, arrays: dict[str, torch.Tensor], metadata: dict[str, str]):
        self.body = body
        self.vertices = arrays["vertices"].numpy().astype(np.int64)  # (n,) rows of the body that differ
        self.mean = _to_field(arrays["mean"].numpy().astype(np.float64))  # (n, 3) against the body's
        self.modes = _to_field(arrays["modes"].numpy().astype(np.float64))  # (K, n, 3)
        self.mark_vertices = arrays["mark_vertices"].numpy().astype(np.int64)  # (468, 3)
        self.mark_shares = arrays["mark_shares"].numpy().astype(np.float64)  # (468, 3)
        self.mark_trust = arrays["mark_trust"].numpy().astype(np.float64)  # (468,) 0..1
        groups = np.array(json.loads(metadata["groups"]))
        self.mark_groups = groups[arrays["mark_groups"].numpy()]  # (468,) str
        self.actions = tuple(name for name in body.expressions if not name.startswith(STILL))

    @cached_property
    def moves(self) -> np.ndarray:
        """(E, V, 3) what each action does to skin and eyes."""
        return np.stack([self.body.moves_of(name) for name in self.actions]).astype(np.float64)

    @cached_property
    def weight(self) -> np.ndarray:
        """(V,) how far a vertex goes with the head."""
        return self.body.weights[: self.body.vertices, INDEX["head"]].numpy().astype(np.float64)

    def base(self, shape: torch.Tensor) -> np.ndarray:
        """(V, 3) the mean head of a body's shape (20,), the whole body with it."""
        rows = self.body.rest(shape)[: self.body.vertices].numpy().astype(np.float64)
        rows[self.vertices] += self.mean
        return rows

    def at_marks(self, values: np.ndarray, further: Further = ()) -> np.ndarray:
        """Values (..., V, 3) at the 468 marks, and at `further` vertices: (..., M, 3)."""
        face = np.einsum("mk,...mkc->...mc", self.mark_shares, values[..., self.mark_vertices, :])
        return np.concatenate([face, values[..., list(further), :]], -2)

    def mark_bases(self, further: Further = ()) -> np.ndarray:
        """(K + E, M, 3): how marks move with identity and with actions."""
        dense = np.zeros((len(self.modes), self.body.vertices, 3))
        dense[:, self.vertices] = self.modes
        return np.concatenate([self.at_marks(dense, further), self.at_marks(self.moves, further)])


@dataclass(frozen=True)
class Head:
    """One person's head as a photo shows it: straight = scale * turn @ (metres in rest) + shift, seen through a lens.

    shape (20,): of the body; identity (K,), expression (E,); turn (3, 3); scale: field units a metre; shift (3,);
    nearness: see `subject.lens.Lens`; residual_m: median distance of the marks, metres; gaze: radians to the person's
    left and up that the eyes are turned in it; face_seen: whether the photo shows eyes, nose and
    mouth where it has them; lips (V, 3): metres in rest that skin about the lips lies elsewhere, None: nothing does.
    """

    shape: torch.Tensor
    identity: np.ndarray
    expression: np.ndarray
    turn: np.ndarray
    scale: float
    shift: np.ndarray
    nearness: float
    residual_m: float
    gaze: tuple[float, float] = (0.0, 0.0)
    face_seen: bool = True
    lips: np.ndarray | None = None

    @property
    def faces_away(self) -> bool:
        """Whether it looks away from the camera, so that the photo shows nothing of the face."""
        return not self.face_seen and bool(self.turn[2, 2] < AWAY)

    @cached_property
    def neutral(self) -> np.ndarray:
        """(V, 3) skin and eyes in rest without an expression, metres; below the head the body's own."""
        model = load_head()
        rows = model.base(self.shape)
        rows[model.vertices] += np.tensordot(self.identity, model.modes, 1)
        return rows if self.lips is None else rows + self.lips

    @cached_property
    def expressed(self) -> np.ndarray:
        """(V, 3) the same with the photo's expression."""
        return self.neutral + np.tensordot(self.expression, load_head().moves, 1)

    def eye(self, side: int) -> tuple[np.ndarray, float]:
        """Middle (3,) and radius of an eye in rest, metres; side: 1 for the person's left, -1 for the right."""
        eye = self.neutral[eye_rows(side)]
        middle = eye.mean(0)
        return middle, float(np.linalg.norm(eye - middle, axis=1).mean())

    def strength(self, action: str) -> float:
        """How far the photo shows an action of the face, 0..1; 0 of one that marks do not tell."""
        actions = load_head().actions
        return float(self.expression[actions.index(action)]) if action in actions else 0.0

    def seen(self, points: np.ndarray) -> np.ndarray:
        """(N, 3) metres in rest -> field space, as the photo shows them."""
        straight = self.scale * points @ self.turn.T + self.shift
        straight[:, :2] /= 1 - self.nearness * straight[:, 2:]
        return straight

    def resting(self, points: np.ndarray) -> np.ndarray:
        """(N, 3) field space -> metres in rest: what `seen` shows there."""
        straight = points.astype(np.float64)
        straight[:, :2] *= 1 - self.nearness * points[:, 2:]
        return (straight - self.shift) @ self.turn / self.scale

    def directions(self, points: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        """Small moves (..., N, 3) in rest at places (N, 3) of field space -> moves there."""
        moved = self.scale * vectors @ self.turn.T
        nearer = 1 - self.nearness * points[:, 2:]
        moved[..., :2] = (moved[..., :2] + self.nearness * points[:, :2] * moved[..., 2:]) / nearer
        return moved

    def moved_in_depth(self, depth: float) -> "Head":
        """The same farther forward, field units, where the photo shows it still."""
        nearer = 1 - self.nearness * (self.shift[2] + depth)
        ratio = nearer / (1 - self.nearness * self.shift[2])
        shift = np.array([*(self.shift[:2] * ratio), self.shift[2] + depth])
        return replace(self, scale=self.scale * ratio, shift=shift)

    @property
    def yaw(self) -> float:
        """Radians that it looks aside, positive to the person's left."""
        return float(np.arctan2(self.turn[0, 2], self.turn[2, 2]))


def eye_rows(side: int) -> np.ndarray:
    """The body's vertices of the eye on a side, 1 for the person's left or -1."""
    body = load_body()
    return body.skin_vertices + np.flatnonzero(side * body.mean[body.skin_vertices : body.vertices, 0].numpy() > 0)


def _to_field(points: np.ndarray) -> np.ndarray:
    """Blender's axes -> field axes."""
    return np.stack([points[..., 0], points[..., 2], -points[..., 1]], -1)


@lru_cache(maxsize=1)
def load_head() -> HeadModel:
    """The packed heads, read once a process. Raises ModelError."""
    path = DATA / "head.safetensors"
    arrays, metadata = read_tensors(path)
    try:
        return HeadModel(load_body(), arrays, metadata)
    except (KeyError, ValueError) as error:
        raise ModelError(f"{path.name} holds no heads ({error}).", fix=REINSTALL) from error

# SPDX-License-Identifier: GPL-3.0-or-later
"""Teeth and tongue as packed, brought into a person's mouth."""

import json
from functools import lru_cache

import numpy as np
import torch

from ...body.head import Head
from ...body.model import DATA, REGIONS, load_body
from ...errors import ModelError
from ...files.tensors import REINSTALL, read_tensors
from .piece import Piece

PACKED = "head_parts.safetensors"


class MouthParts:
    """The packed parts: their names, and arrays in field axes, metres, in the mouth of the mean body in rest."""

    def __init__(self, arrays: dict[str, torch.Tensor], metadata: dict[str, str]):
        about = json.loads(metadata["head_parts"])
        self.names, self.actions = tuple(about["parts"]), tuple(about["actions"])
        self._vertices = arrays["vertices"].numpy().astype(np.float64)  # (n, 3)
        self._faces = arrays["faces"].numpy().astype(np.int32)  # (f, 4)
        self._uv = arrays["uv"].numpy()  # (f, 4, 2) of the strip
        self._part = arrays["part"].numpy()  # (n,) number of the name
        self._crown, self._gap = arrays["crown"].numpy(), arrays["gap"].numpy()  # (n,) 0..1
        self._starts = arrays["action_starts"].numpy()  # (A + 1,)
        self._rows = arrays["action_vertices"].numpy().astype(np.int64)  # (m,)
        self._offsets = arrays["action_offsets"].numpy().astype(np.float64)  # (m, 3)

    def of(self, head: Head) -> list[Piece]:
        """The parts in a person's mouth, in rest without an expression: moved as the skin of the mouth's inside is
        moved from the mean body's, by one affine map."""
        body = load_body()
        mouth = np.flatnonzero(body.arrays["regions"].numpy() == REGIONS.index("mouth"))
        mean = np.hstack([body.mean[mouth].numpy(), np.ones((len(mouth), 1))])
        moved = np.linalg.lstsq(mean, head.neutral[mouth], rcond=None)[0]
        vertices = self._vertices @ moved[:3] + moved[3]
        actions = np.zeros((len(self.actions), *vertices.shape))
        for action, begin, end in zip(actions, self._starts, self._starts[1:], strict=False):
            action[self._rows[begin:end]] = self._offsets[begin:end] @ moved[:3]
        return [self._piece(number, vertices, actions) for number in range(len(self.names))]

    def _piece(self, number, vertices, actions):
        mine = np.flatnonzero(self._part == number)
        faces = self._part[self._faces[:, 0]] == number
        return Piece(
            self.names[number],
            vertices[mine],
            (self._faces[faces] - mine[0]).astype(np.int32),
            self._uv[faces],
            np.stack([self._crown[mine], self._gap[mine], 0 * self._gap[mine]], 1),
            {name: move for name, move in zip(self.actions, actions[:, mine], strict=True) if move.any()},
        )


@lru_cache(maxsize=1)
def load_mouth_parts() -> MouthParts:
    """The packed parts, read once a process. Raises ModelError."""
    arrays, metadata = read_tensors(DATA / PACKED)
    try:
        return MouthParts(arrays, metadata)
    except (KeyError, ValueError) as error:
        raise ModelError(f"{PACKED} holds no teeth and tongue ({error}).", fix=REINSTALL) from error

# SPDX-License-Identifier: GPL-3.0-or-later
"""Expressions of a mesh: what each moves, how far the photo shows it, and the mesh without any."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ...result_file import ShapeKeys
from ..surface.mesh import split_quads, vertex_normals
from .painted_mesh import PaintedMesh

LOOK = "eyeLook"  # beginning of the names of expressions that turn eyes


@dataclass(frozen=True)
class Expressions:
    """names (K,), moves (K, V, 3) of vertices, field space; values (K,) float32, 0..1: as the photo has them."""

    names: tuple[str, ...]
    moves: np.ndarray
    values: np.ndarray

    def neutral(self, shown: PaintedMesh) -> PaintedMesh:
        """The mesh that the photo shows without the photo's expression."""
        vertices = (shown.vertices - np.tensordot(self.values, self.moves, 1)).astype(np.float32)
        return replace(shown, vertices=vertices, normals=vertex_normals(vertices, split_quads(shown.faces)[0]))

    def shape_keys(self, neutral: PaintedMesh, place: Callable[[np.ndarray], np.ndarray]) -> ShapeKeys:
        """For the result; place: field space -> its own, (N, 3) -> (N, 3)."""
        still = place(neutral.vertices)
        moves = [place((neutral.vertices + move).astype(np.float32)) - still for move in self.moves]
        return ShapeKeys(self.names, np.stack(moves), self.values)


def without_looks(keys: ShapeKeys) -> ShapeKeys:
    """Keys without those that turn eyes, for a mesh whose eyes are skin."""
    kept = [k for k, name in enumerate(keys.names) if not name.startswith(LOOK)]
    return ShapeKeys(tuple(keys.names[k] for k in kept), keys.offsets[kept], keys.values[kept])

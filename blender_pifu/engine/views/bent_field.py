# SPDX-License-Identifier: GPL-3.0-or-later
"""The first photo's occupancy with its depth as other photos show it."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from scipy.spatial import cKDTree
from torch import Tensor

from ..interfaces import Field, FieldOver
from .bending import Bent
from .one_photo import OnePhoto

SIDE = 64  # points of the lattice on which moves are known, along each axis
NEAREST = 8
SOFT_M = 0.02


class BentField(FieldOver):
    """A field whose columns are moved along themselves: all that it knows of one pixel stays on that pixel."""

    def __init__(self, field: Field, moves: Tensor):
        """moves (1, 1, SIDE, SIDE, SIDE) by z, y, x from -1 to 1: how far, field units, what lies there was moved."""
        super().__init__(field)
        self._moves = moves.to(field.device)

    def query_columns(self, xy: Tensor, column: Tensor, z: Tensor) -> Tensor:
        points = torch.cat([xy[column], z[:, None]], 1).to(self._moves)
        moves = F.grid_sample(self._moves, points.view(1, 1, 1, -1, 3), align_corners=True, padding_mode="border")
        return self._field.query_columns(xy, column, z - moves.view(-1).to(z))


def bent_field(field: Field, first: OnePhoto, bent: Bent) -> BentField:
    """The field of the first photo, bent as its surface was."""
    places = first.seen(bent.sheet.nodes)
    places = places + np.outer(bent.moves, (0, 0, 1))
    axis = np.linspace(-1, 1, SIDE)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    apart, near = cKDTree(places).query(np.stack([x, y, z], -1).reshape(-1, 3), k=NEAREST)
    share = 1 / (apart**2 + (SOFT_M * first.metre) ** 2) ** 2
    moves = (share * bent.moves[near]).sum(1) / share.sum(1)
    return BentField(field, torch.from_numpy(moves.astype(np.float32)).view(1, 1, SIDE, SIDE, SIDE))

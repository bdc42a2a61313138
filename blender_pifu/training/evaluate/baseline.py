# SPDX-License-Identifier: GPL-3.0-or-later
"""The inflated silhouette: what no learning at all gives, the line any weights must clear."""

import numpy as np
import torch
from scipy import sparse
from scipy.ndimage import zoom
from scipy.sparse.linalg import spsolve
from torch import Tensor

from ...engine.crop_space import sample_maps
from ...engine.interfaces import Field

SOLVE_PX = 128


class InflatedSilhouette(Field):
    """A field that is solid between -h and +h, where h^2 solves Poisson's equation
    over the mask: a disc becomes nearly a ball, a stripe a tube a fifth deeper than wide."""

    def __init__(self, mask: Tensor):
        """`mask: (1, 1, h, w)` 0..1."""
        self.device = mask.device
        size = mask.shape[-1]
        small = mask[0, 0].cpu().numpy()[:: max(1, size // SOLVE_PX), :: max(1, size // SOLVE_PX)] > 0.5
        self.height = torch.from_numpy(_inflate(small, size)).to(mask)[None, None]
        self._support = (mask > 0.1).float()

    def support(self, xy: Tensor) -> Tensor:
        """(C,) bool."""
        return sample_maps(self._support, xy[None], "nearest")[0, 0] > 0.5

    def query_columns(self, xy: Tensor, column: Tensor, z: Tensor) -> Tensor:
        """Occupancy (N,) of depth `z (N,)` in columns `column (N,)` of `xy (C, 2)`."""
        inside = sample_maps(self.height, xy[None])[0, 0, column] - z.abs()
        return torch.sigmoid(40 * inside) * self.support(xy)[column]


def _inflate(mask: np.ndarray, size: int) -> np.ndarray:
    """Half depth (size, size) float32, field units."""
    number = np.full(mask.shape, -1)
    number[mask] = np.arange(mask.sum())
    rows, columns = np.nonzero(mask)
    count = len(rows)
    laplacian = sparse.lil_matrix((count, count))
    laplacian.setdiag(4.0)
    for row_step, column_step in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        row, column = rows + row_step, columns + column_step
        exists = (row >= 0) & (row < mask.shape[0]) & (column >= 0) & (column < mask.shape[1])
        neighbour = np.where(
            exists, number[np.clip(row, 0, mask.shape[0] - 1), np.clip(column, 0, mask.shape[1] - 1)], -1
        )
        linked = neighbour >= 0
        laplacian[number[rows[linked], columns[linked]], neighbour[linked]] = -1.0
    step = 2 / mask.shape[0]
    squared = np.zeros(mask.shape)
    squared[mask] = spsolve(laplacian.tocsc(), np.full(count, 3.0 * step * step))
    return zoom(np.sqrt(np.maximum(squared, 0)), size / mask.shape[0], order=1).astype(np.float32)

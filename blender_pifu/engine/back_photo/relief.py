# SPDX-License-Identifier: GPL-3.0-or-later
"""How deep both sides of the person in the front photo lie and where they look: drawn, or guessed from the outline."""

from dataclasses import dataclass

import numpy as np
import torch.nn.functional as F
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import spsolve
from torch import Tensor

from ..networks.maps import Maps, as_picture

RELIEF_PX = 256
FLAT = 0.6  # depth of a body against that of a round one with its outline


@dataclass(frozen=True)
class Relief:
    """Both sides of the person on the front photo's pixels, (RELIEF_PX, RELIEF_PX) field units z, and their unit
    normals (RELIEF_PX, RELIEF_PX, 3), field space; beyond the outline they mean nothing."""

    front_depth: np.ndarray
    back_depth: np.ndarray
    front_normals: np.ndarray
    back_normals: np.ndarray

    @property
    def seen_through(self) -> np.ndarray:
        """The back's normals as a camera behind has them: z towards it, and x as through the body from the front."""
        return self.back_normals * (1, 1, -1)


def drawn_relief(maps: Maps) -> Relief:
    """What a network drew of one photo."""

    def picture(values: Tensor) -> np.ndarray:
        size = (RELIEF_PX, RELIEF_PX)
        values = F.interpolate(values.float(), size, mode="bilinear", antialias=True, align_corners=False)
        return as_picture(values)

    depths = (picture(depth)[..., 0] for depth in (maps.front_depth, maps.back_depth))
    return Relief(*depths, *(_unit(picture(normals)) for normals in (maps.front_normals, maps.back_normals)))


def inflated_relief(matte: np.ndarray) -> Relief:
    """Of a body of which only the outline is known, (RELIEF_PX, RELIEF_PX) matte 0..1: the same on both sides, round
    where it ends.

    The height is the root of a function whose curvature is the same everywhere and which is 0 on the outline: of a
    strip that is a cylinder.
    """
    solid = matte > 0.5
    rows, columns = np.nonzero(solid)
    height = np.zeros(solid.shape)
    if len(rows):
        index = np.full(np.add(solid.shape, 2), -1)
        index[rows + 1, columns + 1] = own = np.arange(len(rows))
        places, values = [(own, own)], [np.full(len(rows), 4.0)]
        for down, right in ((0, 1), (1, 0), (0, -1), (-1, 0)):
            other = index[rows + 1 + down, columns + 1 + right]
            there = other >= 0
            places.append((own[there], other[there]))
            values.append(np.full(there.sum(), -1.0))
        laplace = coo_matrix((np.concatenate(values), np.concatenate(places, axis=1))).tocsc()
        height[rows, columns] = np.sqrt(2 * spsolve(laplace, np.ones(len(rows))))
    down, right = np.gradient(height)
    normals = _unit(np.stack([-right, down, np.ones_like(down)], -1))
    depth = FLAT * height * 2 / RELIEF_PX
    return Relief(depth, -depth, normals, normals * (1, 1, -1))


def _unit(vectors):
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-6)

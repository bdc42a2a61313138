# SPDX-License-Identifier: GPL-3.0-or-later
"""The roughness map: skin, hair, cloth, shoes and things, by regions."""

import numpy as np

from ...color.regions import REGIONS
from ...surface.mesh import split_quads
from ..painted_mesh import PaintedMesh
from .texels import SLACK, Cover, cover, filled

ROUGH = {"hair": 0.6, "skin": 0.5, "upper": 0.85, "lower": 0.85, "shoes": 0.5, "thing": 0.7}


def bake_roughness(
    mesh: PaintedMesh, uv: np.ndarray, shares: np.ndarray, size: int, found: Cover | None = None
) -> np.ndarray:
    """A picture (size, size, 3) uint8 for the UVs (F, 3|4, 2) of a PaintedMesh: as glTF has it, green is the roughness,
    blue the metal, which is none, red is 255. shares: (V, R) how likely each vertex is of each of REGIONS, sum 1;
    found: the texels that the UVs cover, with SLACK, where known."""
    triangles, corners = split_quads(mesh.faces)
    found = found or cover(uv.reshape(-1, 2)[corners], size, SLACK)
    rough = shares @ np.array([ROUGH[name] for name in REGIONS])

    def values_of(face, weights):
        green = np.round((weights * rough[triangles[face]]).sum(1) * 255).astype(np.uint8)
        return np.stack([np.full_like(green, 255), green, np.zeros_like(green)], -1)

    return filled(found, size, values_of, lambda: None, (255, round(255 * ROUGH["upper"]), 0))

# SPDX-License-Identifier: GPL-3.0-or-later
"""How likely a mesh's vertices are of each region of a person."""

import numpy as np

from ..color.regions import REGIONS, Regions
from ..surface.mesh import neighbour_mean
from .painted_mesh import PaintedMesh

EVENED = 4  # rounds in which borders lose their teeth


def region_shares(
    mesh: PaintedMesh, regions: Regions | None, bare: np.ndarray | None = None, grown: np.ndarray | None = None
) -> np.ndarray:
    """(V, R) float64, sum 1: how likely each vertex of a mesh in field space is of each of REGIONS; an upper garment
    where regions are not known. bare (V,): how far each is of a head or a hand that was put on, skin but for hair,
    0..1; grown (V,): whether hair grows there, as `layout.animation.scalp.scalp` has it."""
    if regions is None:
        shares = np.tile(np.eye(len(REGIONS))[REGIONS["upper"]], (len(mesh.vertices), 1))
    else:
        shares = regions.at(mesh.vertices, mesh.normals).astype(np.float64)
    if bare is not None:
        hair = shares[:, REGIONS["hair"]] if grown is None else np.clip(grown, 0, 1)
        own = np.zeros_like(shares)
        own[:, REGIONS["hair"]], own[:, REGIONS["skin"]] = hair, 1 - hair
        shares += bare[:, None] * (own - shares)
    mean = neighbour_mean(mesh.faces, len(mesh.vertices))
    for _ in range(EVENED):
        shares = 0.5 * (shares + mean @ shares)
    return shares

# SPDX-License-Identifier: GPL-3.0-or-later
"""Marching cubes that ask a field everywhere, the oracle of the engine's sparse ones; and how the two compare."""

import numpy as np
import torch

from ...engine.surface.extraction import extract_surface
from ...engine.surface.lattice import Lattice, Samples
from ...engine.surface.marching_cubes import CORNERS, LEVEL, polygonise
from ...engine.surface.mesh import largest_component

CHUNK = 16384  # points asked at once


def dense_surface(field, resolution):
    """The surface from every cell of the lattice: vertices (V, 3) float32, field space, and faces (F, 3) int32.

    Goes through the cube plane by plane and keeps two of them, and the corners of cells that the surface passes.
    """
    lattice, side = Lattice(resolution), resolution + 2
    below = np.zeros((side, side), np.float32)
    cells, cases, corners, values = [], [], [], []
    for row in range(side - 1):
        above = _plane(field, lattice, row) if row < resolution else np.zeros_like(below)
        planes = np.stack([below, above])
        case = np.zeros((side - 1, side - 1), np.uint8)
        for bit, (x, y, z) in enumerate(CORNERS):
            case |= (planes[y, x : x + side - 1, z : z + side - 1] > LEVEL).astype(np.uint8) << bit
        met = np.argwhere((case > 0) & (case < 255))
        keys = lattice.keys(np.stack([met[:, 0], np.full(len(met), row), met[:, 1]], -1) - 1)
        cells.append(keys)
        cases.append(case[tuple(met.T)])
        corners.append((keys[:, None] + lattice.corner_offsets).ravel())
        x, y, z = (CORNERS + np.insert(met, 1, 0, axis=1)[:, None]).reshape(-1, 3).T
        values.append(planes[y, x, z])
        below = above
    samples = Samples()
    keys, first = np.unique(np.concatenate(corners), return_index=True)
    samples.add(keys, np.concatenate(values)[first])
    return polygonise(lattice, np.concatenate(cells), np.concatenate(cases), samples.value_at)


def _plane(field, lattice, row):
    """Occupancy (R + 2, R + 2) by x and z of a row of the lattice with the empty layer round it, 0 where the field is
    empty by definition."""
    resolution = lattice.resolution
    steps = torch.from_numpy((np.arange(resolution) * lattice.spacing - 1).astype(np.float32))
    xy = torch.stack([steps, steps[row].expand(resolution)], -1)
    supported = field.support(xy).nonzero()[:, 0]
    plane = np.zeros((resolution + 2, resolution + 2), np.float32)
    for some in supported.split(max(1, CHUNK // resolution)) if len(supported) else ():
        column = torch.arange(len(some)).repeat_interleave(resolution)
        found = field.query_columns(xy[some], column, steps.repeat(len(some)))
        plane[some.numpy() + 1, 1:-1] = found.reshape(len(some), resolution).numpy()
    return plane


def compare_with_dense(field, resolution):
    """Whether the largest piece of the sparse surface, in float32 and as the engine chooses, is the dense one's.

    Vertices are compared unrefined, in field units: asked of the dense oracle's lattice, no further point is.
    """
    with torch.inference_mode():
        vertices, faces = largest_component(*dense_surface(field, resolution))
        found: dict = {"faces": len(faces)}
        for name, exact in (("float32", True), ("chosen", False)):
            surface = extract_surface(field, resolution, refine=False, exact=exact)
            ours = largest_component(surface.vertices, surface.faces)
            same = np.array_equal(ours[1], faces)
            found[name] = {
                "same_faces": same,
                "vertices_differ_by": float(np.abs(ours[0] - vertices).max()) if same else None,
                "evaluations": surface.evaluations,
                "precision": surface.lowered or "float32",
            }
    return found

# SPDX-License-Identifier: GPL-3.0-or-later
"""Charts of the body's own skin: head and hands as they were laid flat once, for every mesh that wears them."""

import json
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from ...body.model import DATA
from ...errors import ModelError
from ...files.tensors import REINSTALL, read_tensors
from ...surface.mesh import split_quads
from ..animation.template import load_template

PACKED = "skin_charts.safetensors"
# Times as many texels along a metre as elsewhere: there one looks first. What eyes and mouth hide needs no more.
DENSITY = {"head": 2.0, "hand": 1.5, "eye": 1.0, "mouth": 1.0}


@dataclass(frozen=True)
class LaidFlat:
    """Faces (n,) of a mesh that are laid flat already: uv (n, 4, 2) in the mesh's unit, times how much denser than the
    rest their texels shall lie; charts (n,) numbers from 0."""

    faces: np.ndarray
    uv: np.ndarray
    charts: np.ndarray


class SkinCharts:
    """The packed charts: their names, and arrays of quads of the skin (see `load_template`)."""

    def __init__(self, arrays: dict[str, torch.Tensor], metadata: dict[str, str]):
        self.names = tuple(json.loads(metadata["charts"]))
        numbers = arrays["faces"].numpy().astype(np.int64)  # (f,) of the skin's quads
        self._rows = load_template().faces[numbers].astype(np.int64)  # (f, 4)
        self._uv = arrays["places"].numpy()[arrays["corners"].numpy().astype(np.int64)]  # (f, 4, 2) metres
        self._chart = arrays["chart"].numpy()  # (f,) number of the name
        self._density = np.array([DENSITY[name.partition(".")[0]] for name in self.names])
        key = _key(self._rows)
        self._order = np.argsort(key)
        self._sorted = key[self._order]

    def of(self, vertices: np.ndarray, faces: np.ndarray, rows: np.ndarray) -> LaidFlat:
        """What of a mesh, vertices (V, 3) and faces (F, 3|4), is skin of the charts; rows: (V,) of the skin that its
        vertices are, -1 of others."""
        if faces.shape[1] == 3:  # dense triangles, which no artist lays flat
            return LaidFlat(np.empty(0, np.int64), np.empty((0, 3, 2)), np.empty(0, np.int64))
        quads = np.flatnonzero((rows[faces] >= 0).all(1) & (faces[:, 3] >= 0))
        key = _key(rows[faces[quads]])
        at = np.minimum(np.searchsorted(self._sorted, key), len(self._sorted) - 1)
        known = self._sorted[at] == key
        quads, own = quads[known], self._order[at[known]]
        corner = (rows[faces[quads]][:, :, None] == self._rows[own][:, None]).argmax(2)
        uv = np.take_along_axis(self._uv[own], corner[..., None], 1).astype(np.float64)
        if not len(quads):
            return LaidFlat(quads, uv, quads)
        metre = np.sqrt(_area(vertices[faces[quads]]) / _area(self._uv[own]))
        used, charts = np.unique(self._chart[own], return_inverse=True)
        return LaidFlat(quads, uv * metre * self._density[used][charts][:, None, None], charts)


@lru_cache(maxsize=1)
def load_skin_charts() -> SkinCharts:
    """The packed charts, read once a process. Raises ModelError."""
    arrays, metadata = read_tensors(DATA / PACKED)
    try:
        return SkinCharts(arrays, metadata)
    except (KeyError, ValueError, IndexError) as error:
        raise ModelError(f"{PACKED} holds no charts of the skin ({error}).", fix=REINSTALL) from error


def _key(rows):
    """One number (n,) for each quad (n, 4), whichever corner it begins with."""
    ordered = np.sort(rows, 1).astype(np.int64)
    return (ordered[:, 0] << 42) | (ordered[:, 1] << 28) | (ordered[:, 2] << 14) | ordered[:, 3]


def _area(corners):
    """Of quads (n, 4, 2|3), together."""
    flat = corners.reshape(-1, corners.shape[-1]).astype(np.float64)
    triangles = flat[split_quads(np.arange(len(flat)).reshape(-1, 4))[0]]
    one, two = triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    if flat.shape[1] == 2:
        return np.abs(one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]).sum()
    return np.linalg.norm(np.cross(one, two), axis=1).sum()

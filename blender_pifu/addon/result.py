# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the engine's result file, and trusts none of it unchecked. numpy only."""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np


class ResultError(Exception):
    """A result file is not what it should be; the text names what is wrong."""


@dataclass(frozen=True)
class Human:
    """A person as a mesh in Blender space: metres, Z up, facing -Y, feet at z = 0, origin between the feet."""

    vertices: np.ndarray  # (V, 3) float32
    faces: np.ndarray  # (F, 3) int32, outward
    colors: np.ndarray  # (V, 3) uint8, sRGB
    summary: dict


def read_npz(path: Path) -> Human:
    """Read a .npz result. Raises ResultError naming what is wrong with it."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in ("vertices", "faces", "colors", "summary")}
        summary = json.loads(str(arrays["summary"]))
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise ResultError(f"The engine's result {path.name} cannot be read: {error}") from error
    vertices = _checked(arrays, "vertices", np.float32)
    faces = _checked(arrays, "faces", np.int32)
    colors = _checked(arrays, "colors", np.uint8)
    if not len(faces):
        raise ResultError("The engine's result has no faces.")
    if len(colors) != len(vertices):
        raise ResultError(f"The engine's result has {len(vertices)} vertices but {len(colors)} colours.")
    if not np.isfinite(vertices).all():
        raise ResultError("The engine's result has vertices that are nowhere.")
    if faces.min() < 0 or faces.max() >= len(vertices):
        raise ResultError("The engine's result has faces of vertices that do not exist.")
    if not isinstance(summary, dict):
        raise ResultError("The engine's result has no summary.")
    return Human(vertices, faces, colors, summary)


def _checked(arrays: dict, name: str, dtype) -> np.ndarray:
    array = arrays[name]
    if array.ndim != 2 or array.shape[1] != 3 or array.dtype != dtype:
        raise ResultError(f"The engine's result has {name} of {array.dtype} {array.shape}.")
    return np.ascontiguousarray(array)

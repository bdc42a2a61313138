# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the engine's result file, and trusts none of it unchecked. numpy only."""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

_MESH = ("vertices", "faces", "colors", "summary")
_TEXTURE = ("uv", "texture")
_RIG = ("bone_names", "bone_parents", "bone_heads", "bone_tails", "weight_bones", "weights")
_SHAPES = ("shape_key_names", "shape_keys")
_WEIGHT_SLACK = 1e-3


class ResultError(Exception):
    """A result file is not what it should be; the text names what is wrong."""


@dataclass(frozen=True)
class Rig:
    """A skeleton by the canonical names and its weights, in the mesh's space and pose. Parents come first."""

    names: tuple[str, ...]  # B, as "hips" or "upper_arm.L"
    parents: np.ndarray  # (B,) int32, -1 at a root
    heads: np.ndarray  # (B, 3) float32
    tails: np.ndarray  # (B, 3) float32
    weight_bones: np.ndarray  # (V, 4) int32
    weights: np.ndarray  # (V, 4) float32, sum 1, unused ones 0


@dataclass(frozen=True)
class Human:
    """A person as a mesh in Blender space: metres, Z up, facing -Y, feet at z = 0, origin between the feet."""

    vertices: np.ndarray  # (V, 3) float32
    faces: np.ndarray  # (F, 3) or (F, 4) int32, outward; a triangle among quads has -1 as its fourth
    colors: np.ndarray  # (V, 3) uint8, sRGB
    summary: dict
    uv: np.ndarray | None = None  # (F, 3 or 4, 2) float32, in 0..1, v up
    texture: bytes | None = None  # PNG, base colour, sRGB
    rig: Rig | None = None
    shape_keys: tuple[tuple[str, np.ndarray], ...] = ()  # (name, (V, 3) float32 offsets)


def read_npz(path: Path) -> Human:
    """Read a .npz result. Raises ResultError naming what is wrong with it."""
    try:
        with np.load(path, allow_pickle=False) as file:
            groups = [group for group in (_TEXTURE, _RIG, _SHAPES) if any(name in file for name in group)]
            arrays = {name: file[name] for group in (_MESH, *groups) for name in group}
        summary = json.loads(str(arrays["summary"]))
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise ResultError(f"The engine's result {path.name} cannot be read: {error}") from error
    vertices = _shaped(arrays, "vertices", np.float32, (None, 3))
    faces = _faces(arrays, len(vertices))
    colors = _shaped(arrays, "colors", np.uint8, (None, 3))
    if len(colors) != len(vertices):
        raise ResultError(f"The engine's result has {len(vertices)} vertices but {len(colors)} colours.")
    if not np.isfinite(vertices).all():
        raise ResultError("The engine's result has vertices that are nowhere.")
    if not isinstance(summary, dict):
        raise ResultError("The engine's result has no summary.")
    human = {"vertices": vertices, "faces": faces, "colors": colors, "summary": summary}
    if _TEXTURE in groups:
        human["uv"] = _finite(_shaped(arrays, "uv", np.float32, (*faces.shape, 2)), "texture coordinates")
        human["texture"] = _shaped(arrays, "texture", np.uint8, (None,)).tobytes()
        if not human["texture"].startswith(b"\x89PNG"):
            raise ResultError("The engine's result has a texture that is no PNG.")
    if _RIG in groups:
        human["rig"] = _rig(arrays, len(vertices))
    if _SHAPES in groups:
        names = _names(arrays, "shape_key_names")
        offsets = _shaped(arrays, "shape_keys", np.float32, (len(names), len(vertices), 3))
        human["shape_keys"] = tuple(zip(names, _finite(offsets, "shape keys"), strict=True))
    return Human(**human)


def _faces(arrays: dict, vertex_count: int) -> np.ndarray:
    faces = arrays["faces"]
    corners = 4 if faces.shape[1:] == (4,) else 3
    faces = _shaped(arrays, "faces", np.int32, (None, corners))
    if not len(faces):
        raise ResultError("The engine's result has no faces.")
    real = faces if corners == 3 else np.where(faces[:, 3:] == -1, faces[:, :1], faces)
    if real.min() < 0 or real.max() >= vertex_count:
        raise ResultError("The engine's result has faces of vertices that do not exist.")
    return faces


def _rig(arrays: dict, vertex_count: int) -> Rig:
    names = _names(arrays, "bone_names")
    count = len(names)
    parents = _shaped(arrays, "bone_parents", np.int32, (count,))
    heads = _finite(_shaped(arrays, "bone_heads", np.float32, (count, 3)), "bones")
    tails = _finite(_shaped(arrays, "bone_tails", np.float32, (count, 3)), "bones")
    if not count or (parents < -1).any() or (parents >= np.arange(count)).any():
        raise ResultError("The engine's result has bones whose parents do not come before them.")
    if (np.linalg.norm(tails - heads, axis=1) < 1e-5).any():
        raise ResultError("The engine's result has bones without a length.")
    bones = _shaped(arrays, "weight_bones", np.int32, (vertex_count, 4))
    weights = _finite(_shaped(arrays, "weights", np.float32, (vertex_count, 4)), "weights")
    if bones.min() < 0 or bones.max() >= count:
        raise ResultError("The engine's result has weights of bones that do not exist.")
    if weights.min() < 0 or np.abs(weights.sum(1) - 1).max() > _WEIGHT_SLACK:
        raise ResultError("The engine's result has weights that do not sum to 1.")
    return Rig(names, parents, heads, tails, bones, weights)


def _names(arrays: dict, name: str) -> tuple[str, ...]:
    array = arrays[name]
    if array.ndim != 1 or array.dtype.kind != "U" or len(set(array.tolist())) != len(array):
        raise ResultError(f"The engine's result has {name} that are no names of their own.")
    return tuple(array.tolist())


def _finite(array: np.ndarray, what: str) -> np.ndarray:
    if not np.isfinite(array).all():
        raise ResultError(f"The engine's result has {what} that are nowhere.")
    return array


def _shaped(arrays: dict, name: str, dtype, shape: tuple) -> np.ndarray:
    array = arrays[name]
    fits = array.ndim == len(shape) and all(want in (None, got) for got, want in zip(array.shape, shape, strict=True))
    if not fits or array.dtype != dtype:
        raise ResultError(f"The engine's result has {name} of {array.dtype} {array.shape}.")
    return np.ascontiguousarray(array)

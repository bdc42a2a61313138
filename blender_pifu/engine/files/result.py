# SPDX-License-Identifier: GPL-3.0-or-later
"""Result files: .npz (the native one), .glb, .obj, .ply. Written beside their place, then renamed into it."""

import io
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import InputError
from .glb import glb_bytes
from .obj_ply import obj_files, ply_bytes

ENDINGS = (".npz", ".glb", ".obj", ".ply")


@dataclass(frozen=True)
class Texture:
    """One base colour map. `uv (F, 3|4, 2)` float32 per face corner, 0..1, v up; `png`: the image file, sRGB."""

    uv: np.ndarray
    png: bytes


@dataclass(frozen=True)
class Rig:
    """A skeleton in the mesh's own pose, and its weights. Positions in Blender space, metres."""

    names: tuple[str, ...]  # (B,)
    parents: np.ndarray  # (B,) int32, -1 for a root; a parent comes before its children
    heads: np.ndarray  # (B, 3) float32
    tails: np.ndarray  # (B, 3) float32
    weight_bones: np.ndarray  # (V, 4) int32
    weights: np.ndarray  # (V, 4) float32, sum 1, unused 0


@dataclass(frozen=True)
class ShapeKeys:
    """Expressions as offsets from the mesh: `names (K,)`, `offsets (K, V, 3)` float32, metres, Blender space."""

    names: tuple[str, ...]
    offsets: np.ndarray


@dataclass(frozen=True)
class Reconstruction:
    """A person as a mesh in Blender space: metres, Z up, facing -Y, feet at z = 0, origin between the feet."""

    vertices: np.ndarray  # (V, 3) float32
    faces: np.ndarray  # (F, 3) int32, outward; or (F, 4), of which a triangle has -1 as its fourth
    normals: np.ndarray  # (V, 3) float32, unit
    colors: np.ndarray  # (V, 3) uint8, sRGB
    summary: dict  # plain values, fit for JSON
    texture: Texture | None = None
    rig: Rig | None = None
    shape_keys: ShapeKeys | None = None


def check_output(path, endings=ENDINGS):
    """Raise InputError unless a file of one of `endings` can be written to `path`. Quick, leaves nothing behind."""
    path = Path(path)
    if path.suffix.lower() not in endings:
        raise InputError(
            f'"{path.name}" does not say which kind of file to write.',
            fix=f"End the name with {' or '.join(filter(None, [', '.join(endings[:-1]), endings[-1]]))}.",
        )
    if path.is_dir():
        raise InputError(f'"{path}" is a folder.', fix="Give the name of a file.")
    try:
        with tempfile.TemporaryFile(dir=path.absolute().parent):
            pass
    except OSError as error:
        raise cannot_write(path, error) from error


def write_result(reconstruction, path):
    """Write a Reconstruction in the format that the ending of `path` names. Raises InputError if that fails.

    Coordinates are Blender's, but Y up in .glb as glTF has it. Only .npz and .glb hold a rig and shape keys; .ply holds
    no texture; a texture in .obj makes a .mtl and a .png of the same name beside it. A file that was there is replaced
    at once or not at all.
    """
    path = Path(path)
    check_output(path)
    formats = {
        ".npz": lambda: {path: _npz_bytes(reconstruction)},
        ".glb": lambda: {path: glb_bytes(reconstruction)},
        ".ply": lambda: {path: ply_bytes(reconstruction)},
        ".obj": lambda: obj_files(reconstruction, path),
    }
    files = formats[path.suffix.lower()]()
    beside = {file: file.with_name(f".{file.stem}-{os.getpid()}{file.suffix}") for file in files}
    try:
        for file, data in files.items():
            beside[file].write_bytes(data)
        for file in files:
            os.replace(beside[file], file)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        for file in beside.values():
            file.unlink(missing_ok=True)


def read_result(path):
    """The Reconstruction in a .npz file that `write_result` wrote. Raises OSError, ValueError, KeyError for others."""
    with np.load(path, allow_pickle=False) as file:
        texture = Texture(file["uv"], file["texture"].tobytes()) if "texture" in file else None
        rig = keys = None
        if "bone_names" in file:
            names = tuple(map(str, file["bone_names"]))
            rest = ("bone_parents", "bone_heads", "bone_tails", "weight_bones", "weights")
            rig = Rig(names, *(file[name] for name in rest))
        if "shape_keys" in file:
            keys = ShapeKeys(tuple(map(str, file["shape_key_names"])), file["shape_keys"])
        mesh = (file[name] for name in ("vertices", "faces", "normals", "colors"))
        return Reconstruction(*mesh, json.loads(str(file["summary"])), texture, rig, keys)


def cannot_write(path, error):
    """The InputError for an error met when writing `path`."""
    return InputError(
        f'The result cannot be written to "{path}": {getattr(error, "strerror", None) or error}.',
        fix="Choose a folder that exists, may be written to and has room.",
    )


def _npz_bytes(result):
    arrays = {name: getattr(result, name) for name in ("vertices", "faces", "normals", "colors")}
    if result.texture:
        arrays |= {"uv": result.texture.uv, "texture": np.frombuffer(result.texture.png, np.uint8)}
    if result.rig:
        rig = result.rig
        arrays |= {"bone_names": np.array(rig.names), "bone_parents": rig.parents, "bone_heads": rig.heads}
        arrays |= {"bone_tails": rig.tails, "weight_bones": rig.weight_bones, "weights": rig.weights}
    if result.shape_keys:
        arrays |= {"shape_key_names": np.array(result.shape_keys.names), "shape_keys": result.shape_keys.offsets}
    # Through memory: a zip file on a full disk complains once more when it is collected.
    buffer = io.BytesIO()
    np.savez(buffer, **arrays, summary=np.array(json.dumps(result.summary)))
    return buffer.getbuffer()

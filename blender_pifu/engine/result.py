# SPDX-License-Identifier: GPL-3.0-or-later
"""Result files: .npz (the native one), .glb, .obj, .ply. Written beside their place, then renamed into it."""

import io
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .errors import InputError

ENDINGS = (".npz", ".glb", ".obj", ".ply")


@dataclass(frozen=True)
class Reconstruction:
    """A person as a mesh in Blender space: metres, Z up, facing -Y, feet at z = 0, origin between the feet."""

    vertices: np.ndarray  # (V, 3) float32
    faces: np.ndarray  # (F, 3) int32, outward
    normals: np.ndarray  # (V, 3) float32, unit
    colors: np.ndarray  # (V, 3) uint8, sRGB
    summary: dict  # plain values, fit for JSON


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

    Coordinates are Blender's, but Y up in .glb as glTF has it. A file that was there is replaced at once or not at all.
    """
    path = Path(path)
    check_output(path)
    ending = path.suffix.lower()[1:]
    formats = {"npz": _npz_bytes, "glb": _glb_bytes}
    data = formats[ending](reconstruction) if ending in formats else _trimesh_bytes(reconstruction, ending)
    beside = path.with_name(f".{path.stem}-{os.getpid()}{path.suffix}")
    try:
        beside.write_bytes(data)
        os.replace(beside, path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        beside.unlink(missing_ok=True)


def cannot_write(path, error):
    """The InputError for an error met when writing `path`."""
    return InputError(
        f'The result cannot be written to "{path}": {getattr(error, "strerror", None) or error}.',
        fix="Choose a folder that exists, may be written to and has room.",
    )


def _npz_bytes(result):
    # Through memory: a zip file on a full disk complains once more when it is collected.
    buffer = io.BytesIO()
    np.savez(
        buffer,
        vertices=result.vertices,
        faces=result.faces,
        normals=result.normals,
        colors=result.colors,
        summary=np.array(json.dumps(result.summary)),
    )
    return buffer.getbuffer()


def _trimesh_bytes(result, ending):
    data = _trimesh(result, vertex_colors=result.colors).export(file_type=ending)
    return data.encode() if isinstance(data, str) else data


def _glb_bytes(result):
    """glTF wants linear colours; as bytes they would band in the dark, so they are written as floats."""
    from trimesh.visual import TextureVisuals
    from trimesh.visual.material import PBRMaterial

    material = PBRMaterial(name="Human", baseColorFactor=[255] * 4, metallicFactor=0.0, roughnessFactor=0.9)
    mesh = _trimesh(result, visual=TextureVisuals(material=material))
    mesh.vertex_attributes["_COLOR_0"] = _linear(result.colors)
    mesh.apply_transform([[1, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]])

    def rename(tree):
        attributes = tree["meshes"][0]["primitives"][0]["attributes"]
        attributes["COLOR_0"] = attributes.pop("_COLOR_0")

    return mesh.export(file_type="glb", include_normals=True, tree_postprocessor=rename)


def _trimesh(result, **options):
    import trimesh

    return trimesh.Trimesh(
        result.vertices, result.faces, vertex_normals=result.normals, process=False, validate=False, **options
    )


def _linear(colors):
    """sRGB bytes (V, 3) -> linear float32."""
    value = colors / 255.0
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32)

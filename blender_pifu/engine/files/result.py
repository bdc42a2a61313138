# SPDX-License-Identifier: GPL-3.0-or-later
"""Result files: .npz (the native one), .glb, .obj, .ply. Written beside their place, then renamed into it."""

import os
from pathlib import Path

from ...result_file import Reconstruction, npz_bytes
from .glb import glb_bytes
from .obj_ply import obj_files, ply_bytes
from .writable import cannot_write, check_output


def write_result(reconstruction: Reconstruction, path: str | os.PathLike) -> list[Path]:
    """Write a Reconstruction in the format that the ending of `path` names; returns the files beside it.

    Coordinates are Blender's, but Y up in .glb and .obj, as their readers take it. Only .npz and .glb hold a rig and
    shape keys; .ply holds no texture; a texture in .obj makes a .mtl and a .png beside it, of the same name or, where
    other files have that, of a free one. The file at `path` is replaced at once or not at all. Raises OutputError if
    that fails.
    """
    path = Path(path)
    check_output(path)
    formats = {
        ".npz": lambda: {path: npz_bytes(reconstruction)},
        ".glb": lambda: {path: glb_bytes(reconstruction)},
        ".ply": lambda: {path: ply_bytes(reconstruction)},
        ".obj": lambda: obj_files(reconstruction, path),
    }
    files = formats[path.suffix.lower()]()
    others = [file for file in files if file != path]
    files = {file: data for file, data in files.items() if file == path or not file.exists()}  # else it holds the same
    # Short, as names that are as long as a disk allows can have nothing added.
    beside = {file: file.with_name(f".new-{os.getpid()}-{number}") for number, file in enumerate(files)}
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
    return others

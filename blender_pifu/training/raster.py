# SPDX-License-Identifier: GPL-3.0-or-later
"""The rasteriser: a small C file, compiled once by the machine's C compiler and called through ctypes."""

import ctypes
import hashlib
import os
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

import numpy as np

SOURCE = Path(__file__).with_name("raster.c")
COMPILE = ("cc", "-O3", "-march=native", "-fno-math-errno", "-shared", "-fPIC")


@lru_cache(maxsize=1)
def _library() -> ctypes.CDLL:
    """Compile if this source was not yet compiled on this kind of processor; the library lies in the cache folder."""
    folder = Path(os.environ.get("BLENDER_PIFU_CACHE") or Path.home() / ".cache" / "blender_pifu")
    folder.mkdir(parents=True, exist_ok=True)
    native = subprocess.run([COMPILE[0], "-march=native", "-Q", "--help=target"], capture_output=True, check=True).stdout
    key = hashlib.sha256(SOURCE.read_bytes() + native).hexdigest()[:16]
    library = folder / f"raster_{key}.so"
    if not library.exists():
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            beside = Path(scratch) / library.name
            subprocess.run([*COMPILE, str(SOURCE), "-o", str(beside), "-lm"], check=True)
            os.replace(beside, library)
    return ctypes.CDLL(str(library))


def rasterize(
    vertices: np.ndarray, faces: np.ndarray, size: int, back: bool = False, alpha: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """See a mesh along z, orthographically.

    `vertices: (V, 3)` field space, `faces: (T, 3)`; pixel centres at x = (column + 0.5) / size * 2 - 1,
    y = 1 - (row + 0.5) / size * 2. `back` keeps the surface farthest from the camera instead, in the same pixels.
    Fragments whose `alpha: (V,)` is under 0.5 are not there. Returns triangle index (size, size) int32, -1 where there is
    nothing; barycentric (size, size, 2) of the triangle's first two corners; depth z (size, size), NaN where nothing.
    """
    vertices = np.ascontiguousarray(vertices, np.float32)
    faces = np.ascontiguousarray(faces, np.int32)
    if len(faces) and (faces.min() < 0 or faces.max() >= len(vertices)):
        raise ValueError("a face names a vertex that does not exist")
    index = np.full((size, size), -1, np.int32)
    barycentric = np.zeros((size, size, 2), np.float32)
    depth = np.full((size, size), -np.inf, np.float32)
    opacity = None if alpha is None else np.ascontiguousarray(alpha, np.float32)
    pointer = ctypes.c_void_p
    _library().rasterize(
        pointer(vertices.ctypes.data),
        pointer(faces.ctypes.data),
        ctypes.c_int64(len(faces)),
        pointer(opacity.ctypes.data if opacity is not None else None),
        ctypes.c_int32(size),
        ctypes.c_float(-1.0 if back else 1.0),
        pointer(index.ctypes.data),
        pointer(barycentric.ctypes.data),
        pointer(depth.ctypes.data),
    )
    depth[index < 0] = np.nan
    return index, barycentric, -depth if back else depth

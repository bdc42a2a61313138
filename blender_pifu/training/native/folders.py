# SPDX-License-Identifier: GPL-3.0-or-later
"""Where data sets, checkpoints and the compiled rasteriser lie, outside the project."""

import os
from pathlib import Path

import numpy as np


def mapped(folder: Path, name: str, count: int, shape: tuple[int, ...], kind: type) -> np.ndarray:
    """An array (count, *shape) that lies in a folder as NAME.bin, made where it is too short: space is taken as it is
    written."""
    path = folder / f"{name}.bin"
    size = count * int(np.prod(shape, dtype=np.int64)) * np.dtype(kind).itemsize
    path.touch()
    if path.stat().st_size < size:
        os.truncate(path, size)
    return np.memmap(path, kind, "r+", shape=(count, *shape))


def cache_folder() -> Path:
    """$BLENDER_PIFU_CACHE, else ~/.cache/blender_pifu; may be deleted any time."""
    return Path(os.environ.get("BLENDER_PIFU_CACHE") or Path.home() / ".cache" / "blender_pifu")

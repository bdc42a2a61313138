# SPDX-License-Identifier: GPL-3.0-or-later
"""Where data sets, checkpoints and the compiled rasteriser lie, outside the project."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """$BLENDER_PIFU_CACHE, else ~/.cache/blender_pifu; may be deleted any time."""
    return Path(os.environ.get("BLENDER_PIFU_CACHE") or Path.home() / ".cache" / "blender_pifu")

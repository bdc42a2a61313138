# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that what is open in Blender lies in: nothing that is written may replace them."""

from pathlib import Path

import bpy

from ..outputs import replaced_input


def replaced_by(path: Path) -> Path | None:
    """The .blend file or the picture of it that writing `path` would replace."""
    return replaced_input([path], [bpy.data.filepath, *(bpy.path.abspath(image.filepath) for image in bpy.data.images)])

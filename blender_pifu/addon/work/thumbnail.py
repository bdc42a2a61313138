# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's small picture of the photo, with its people numbered, as an icon that the panel can draw."""

from itertools import count
from pathlib import Path

import bpy.utils.previews

_collection: bpy.utils.previews.ImagePreviewCollection | None = None
_icon_id = 0
_names = map(str, count())


def show(path: Path) -> None:
    """Make the picture in the file the one to be drawn. Blender reads the file at any time until the next call."""
    global _collection, _icon_id
    clear()
    _collection = bpy.utils.previews.new()
    _icon_id = _collection.load(next(_names), str(path), "IMAGE").icon_id


def icon_id() -> int:
    """The icon to draw, or 0 where there is none."""
    return _icon_id


def clear() -> None:
    """Show no picture any more."""
    global _collection, _icon_id
    if _collection is not None:
        bpy.utils.previews.remove(_collection)
    _collection, _icon_id = None, 0

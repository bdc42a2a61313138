# SPDX-License-Identifier: GPL-3.0-or-later
"""The photo as a file that the engine can read, whatever kind of image data-block it is."""

from pathlib import Path

import bpy
import numpy as np

from .errors import UserError

_CHOOSE = "Choose a photo from a file."


def key(image: bpy.types.Image) -> str:
    """What tells an image from all others while this Blender runs, whatever it is called."""
    return str(image.session_uid)


def is_quick(image: bpy.types.Image) -> bool:
    """Whether `as_file` takes no time: the file is there as the engine reads it."""
    return image.source == "FILE" and not image.is_dirty


def as_file(image: bpy.types.Image, folder: Path) -> Path:
    """The file of an image data-block; packed, painted and generated ones are saved into `folder` first.

    Raises UserError for what holds no picture and for a folder that cannot be written.
    """
    if image.source not in {"FILE", "GENERATED"}:
        raise UserError("no_photo", f'"{image.name}" is no photo but a {image.source.lower()}.', _CHOOSE)
    packed = image.packed_file
    if image.source == "FILE" and not image.is_dirty:
        path = Path(bpy.path.abspath(image.filepath, library=image.library))
        if not packed:
            return path
        return _write(folder / f"photo{path.suffix}", packed.data)
    return _save_pixels(image, folder / "photo.png")


def _write(path: Path, data: bytes) -> Path:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise _cannot_save(error) from error
    return path


def _save_pixels(image: bpy.types.Image, path: Path) -> Path:
    width, height = image.size
    if not width * height:
        raise UserError("no_photo", f'"{image.name}" holds no picture.', _CHOOSE)
    pixels = np.empty(width * height * 4, np.float32)
    image.pixels.foreach_get(pixels)
    # A copy, because saving would change the artist's image: its path, its format, its unsaved state.
    copy = bpy.data.images.new("photo", width, height, alpha=True, float_buffer=image.is_float)
    try:
        copy.colorspace_settings.name = image.colorspace_settings.name
        copy.alpha_mode = image.alpha_mode
        copy.pixels.foreach_set(pixels)
        copy.file_format = "PNG"
        copy.save(filepath=str(path))
    except RuntimeError as error:
        raise _cannot_save(error) from error
    finally:
        bpy.data.images.remove(copy)
    return path


def _cannot_save(error: Exception) -> UserError:
    return UserError("disk", f"The photo cannot be saved for the engine: {error}", "Free some room on the disk.")

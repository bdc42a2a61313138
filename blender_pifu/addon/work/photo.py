# SPDX-License-Identifier: GPL-3.0-or-later
"""The photo as a file that the engine can read, whatever kind of image data-block it is."""

from contextlib import contextmanager
from pathlib import Path

import bpy

from ...protocol import ErrorKind
from .. import identity
from ..errors import UserError

_CHOOSE = "Choose a photo from a file."
_OPEN_VIDEO = "Choose a photo from a file, or open it with Open Video if one person turns round in it."
_NO_PHOTOS = {"TILED": "a set of UDIM tiles", "SEQUENCE": "an image sequence", "MOVIE": "a film"}
# How the files begin that the engine reads: PNG, JPEG, WebP, TIFF of both kinds, BMP.
_PNG_END = b"IEND\xaeB\x60\x82"
_TIFF = (b"II*\0", b"MM\0*")
_READABLE = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", *_TIFF, b"BM")
_SHOWN_BY_SCENE = {"RENDER_RESULT", "COMPOSITING"}  # types of image that Blender shows as the scene's view settings say


def key(image: bpy.types.Image) -> str:
    """What tells an image, and the picture in it, from all others while this Blender runs, whatever it is called."""
    return f"{identity.key(image)} {image.filepath} {image.is_dirty} {_stamp(image)}"


def is_quick(image: bpy.types.Image) -> bool:
    """Whether `as_file` takes no time: the file is there as the engine reads it."""
    return image.source == "FILE" and not image.is_dirty and _is_readable(image)


def as_file(image: bpy.types.Image, folder: Path, scene: bpy.types.Scene, name: str = "photo") -> Path:
    """The file of an image data-block. What lies in no file that the engine reads is saved into `folder` first, under
    `name`, as PNG in sRGB, with the colours that Blender shows: pictures in linear light by the view transform
    Standard, `scene`'s render result and what a compositor's viewer shows by the scene's own.

    Raises UserError for what holds no picture or more than one, and for a folder that cannot be written.
    """
    if image.source in _NO_PHOTOS:
        fix = _CHOOSE if image.source == "TILED" else _OPEN_VIDEO
        raise UserError(ErrorKind.NO_PHOTO, f'"{image.name}" is no photo but {_NO_PHOTOS[image.source]}.', fix)
    if image.source == "FILE" and not image.is_dirty:
        path, packed = _path(image), image.packed_file
        if _is_readable(image):
            return _write(folder / f"{name}{path.suffix}", packed.data) if packed else path
        if not packed and not _has_picture(image):
            return path  # not even Blender can read it: the engine says what it is
    return _save_as_shown(image, folder / f"{name}.png", scene)


def _path(image) -> Path:
    return Path(bpy.path.abspath(image.filepath, library=image.library))


def _stamp(image) -> str:
    """What tells the image's file from what it was before: somebody may have written another picture there."""
    try:
        stat = None if image.packed_file else _path(image).stat()
    except OSError:
        stat = None
    return f"{stat.st_mtime_ns} {stat.st_size}" if stat else ""


def _is_readable(image) -> bool:
    """Whether the engine reads the image's file or packed data as it is."""
    if image.packed_file:
        head = image.packed_file.data[:4]
    else:
        try:
            with open(_path(image), "rb") as file:
                head = file.read(4)
        except OSError:
            return True  # the engine says what is wrong with it
    return head.startswith(_READABLE) and not (head.startswith(_TIFF) and image.is_float)


def _has_picture(image) -> bool:
    """Whether Blender could load it; a file with several layers has no size of its own."""
    return image.size[0] > 0 or image.has_data or image.type == "MULTILAYER"


def _write(path: Path, data: bytes) -> Path:
    try:
        path.write_bytes(data)
    except OSError as error:
        raise _cannot_save(error) from error
    return path


def _save_as_shown(image, path: Path, scene) -> Path:
    if image.type == "RENDER_RESULT" and bpy.app.is_job_running("RENDER"):
        raise UserError(ErrorKind.NO_PHOTO, "Blender is still rendering.", "Wait for the render to end.")
    by_scene = image.type in _SHOWN_BY_SCENE or image.use_view_as_render
    try:
        with _saving_png(scene, by_scene):
            image.save_render(filepath=str(path), scene=scene)
    except RuntimeError as error:
        if "does not have any image data" in str(error):
            fix = "Render first, or choose a photo." if image.type == "RENDER_RESULT" else _CHOOSE
            raise UserError(ErrorKind.NO_PHOTO, f'"{image.name}" holds no picture.', fix) from error
        raise _cannot_save(error) from error
    if not path.read_bytes().endswith(_PNG_END):  # Blender does not tell when the disk is full
        raise _cannot_save("it could not be written to its end.")
    return path


@contextmanager
def _saving_png(scene, by_scene: bool):
    """What `scene` renders is saved as 8 bit PNG, with its own view settings or without any; afterwards as before.

    No other scene will do: the render result is there in its own alone.
    """
    settings = scene.render.image_settings
    view, display = settings.view_settings, settings.display_settings
    wanted = [
        *([(settings, "media_type", "IMAGE")] if hasattr(settings, "media_type") else []),  # from Blender 5.0
        (settings, "file_format", "PNG"),
        (settings, "color_mode", "RGBA"),
        (settings, "color_depth", "8"),
        (settings, "compression", 0),
        (settings, "color_management", "FOLLOW_SCENE" if by_scene else "OVERRIDE"),
    ]
    if not by_scene:
        wanted += [
            (display, "display_device", "sRGB"),
            (view, "view_transform", "Standard"),
            (view, "look", "None"),
            (view, "exposure", 0.0),
            (view, "gamma", 1.0),
            (view, "use_curve_mapping", False),
        ]
    kept = [(owner, name, getattr(owner, name)) for owner, name, _ in wanted]
    try:
        for owner, name, value in wanted:
            setattr(owner, name, value)
        yield
    finally:
        for owner, name, value in kept:
            setattr(owner, name, value)


def _cannot_save(error: Exception | str) -> UserError:
    return UserError(
        ErrorKind.DISK, f"The photo cannot be saved for the engine: {error}", "Free some room on the disk."
    )

# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a photo from disk: upright, 8 bit sRGB, with its alpha where that is a real cut-out. Nothing hostile gets by."""

import io
import math
import os
import stat
import struct
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import ExifTags, Image, ImageCms, UnidentifiedImageError

from ..errors import InputError
from .foreign import HEAD, foreign
from .photo_alpha import real_alpha

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP")
REDUCED, DNG_VERSION = 254, 50706  # TIFF tags: this is a smaller copy of another picture in the file; it is a DNG
SAVE_AS = "Save it as PNG, JPEG, WebP, TIFF or BMP and choose that file."
OPEN_VIDEO = "If one person turns round in it, open it as a film: with Open Video, or as --video."
MAX_BYTES, MAX_WEBP_BYTES = 512 << 20, 96 << 20  # a WebP file is read into memory as a whole
# What can be decoded in half a gigabyte. A decoder takes 4 bytes a pixel; WebP's 4 times as much, TIFF's up to 3 times;
# JPEG's only what is left after reduction, but if progressive 6 bytes of each pixel before.
MOST_PIXELS = {"PNG": 110_000_000, "BMP": 110_000_000, "TIFF": 50_000_000, "WEBP": 40_000_000, "JPEG": 256_000_000}
MOST_PROGRESSIVE = 80_000_000
MAX_SIDE = 4096
Image.MAX_IMAGE_PIXELS = max(MOST_PIXELS.values())  # sizes are judged by format here
STRIP_ROWS = 256  # of a very large picture that are worked on at a time
MIN_SIDE = 64

FILM_DIAGONAL_MM = 43.27
# Longer by shorter side of pictures as cameras make them; in others the focal length tells nothing, being cropped.
CAMERA_ASPECTS, SAME_ASPECT = (4 / 3, 3 / 2, 16 / 9), 1.02

# What Pillow's parsers let through on broken files.
_BROKEN = (OSError, EOFError, SyntaxError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError,
           RuntimeError, struct.error, zlib.error)  # fmt: skip
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_PROFILE_MODES = {"RGB": "RGB", "CMYK": "CMYK", "GRAY": "L", "Lab": "LAB"}


@dataclass(frozen=True)
class Photo:
    """rgb: (H, W, 3) uint8 sRGB, upright; alpha: (H, W) float32 0..1 when the file is a cut-out, else None;
    notes: sentences for the artist on what was changed while reading; name: the file's name; focal_px: the lens's focal
    length in pixels of rgb, by the file's EXIF data, None where they do not tell."""

    rgb: np.ndarray
    alpha: np.ndarray | None
    notes: tuple[str, ...]
    name: str
    focal_px: float | None = None


def load_photo(path: str | os.PathLike) -> Photo:
    """Read PNG, JPEG, WebP, TIFF or BMP, told by content, not by ending. Of several pictures in a file, as phones put a
    gain map or a depth map behind a JPEG's own (MPO), the first.

    Longer side at most `MAX_SIDE` (reduced, with a note). Raises InputError for whatever is no such picture, cannot be
    read, is broken, too big, too small or fully transparent.
    """
    name = Path(path).name or str(path)
    notes: list[str] = []
    with warnings.catch_warnings(), _open_file(path, name) as file:
        warnings.simplefilter("ignore")  # Pillow warns of odd metadata; sizes are judged here
        image = _open_image(file, name)
        width, height = image.size
        if image.format in ("PNG", "WEBP") and getattr(image, "is_animated", False):
            notes.append("The file is animated; its first picture was used.")
        try:
            image.draft(None, _reduced(image.size))  # a big JPEG decodes straight to a smaller size
            image.load()
        except _BROKEN as error:
            raise InputError(
                f'The picture "{name}" is damaged: it could not be decoded to its end.',
                fix="Open it in an image editor, save it anew and choose that file, or choose another photo.",
            ) from error
        orientation = _orientation(image, notes)
        focal = _focal_length(image, (width, height))
        profile = image.info.get("icc_profile")
        color, alpha = _split_smaller(image, name)
        del image
    if max(width, height) > MAX_SIDE:
        size = _reduced((width, height))
        color = color.resize(size, Image.Resampling.LANCZOS)
        alpha = alpha and alpha.resize(size, Image.Resampling.LANCZOS)
        notes.append(f"The photo was reduced from {width} x {height} to {size[0]} x {size[1]} pixels.")
    color = _to_srgb(color, profile, notes)
    if min(color.size) < MIN_SIDE:
        raise InputError(
            f'The picture "{name}" is too small: {width} x {height} pixels.',
            fix=f"Choose a photo of at least {MIN_SIDE} pixels on its shorter side; 1000 or more give a good result.",
        )
    if orientation in _UPRIGHT:
        color = color.transpose(_UPRIGHT[orientation])
        alpha = alpha and alpha.transpose(_UPRIGHT[orientation])
    focal_px = focal and focal * math.hypot(*color.size)
    rgb = np.array(color)
    cut_out = alpha and real_alpha(np.array(alpha), rgb, name, notes)
    return Photo(rgb, cut_out, tuple(notes), name, focal_px)


def _open_file(path, name):
    try:
        status = os.stat(path)
        if stat.S_ISDIR(status.st_mode):
            raise InputError(f'"{path}" is a folder, not a picture.', fix="Choose a picture file in it.")
        if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever
            raise InputError(f'"{path}" is not a plain file.', fix="Choose a picture file.")
        if status.st_size == 0:
            raise InputError(f'The file "{name}" is empty.', fix="Choose another photo.")
        if status.st_size > MAX_BYTES:
            raise InputError(
                f'The file "{name}" is too big: {status.st_size / 2**20:.0f} MB; at most {MAX_BYTES >> 20} are read.',
                fix="Save a smaller copy of the photo and choose that.",
            )
        return open(path, "rb")
    except FileNotFoundError as error:
        raise InputError(f'There is no file "{path}".', fix="Choose a photo that exists.") from error
    except PermissionError as error:
        raise InputError(
            f'The file "{path}" may not be read.', fix="Change its permissions or choose another photo."
        ) from error
    except (OSError, ValueError) as error:
        raise InputError(f'The file "{path}" could not be opened ({error}).', fix="Choose another photo.") from error


def _open_image(file, name):
    head = file.read(HEAD)
    file.seek(0)
    if word := foreign(head):
        raise _refused(name, word)
    smaller = "Save a smaller copy of the photo and choose that."
    if head[8:12] == b"WEBP" and os.fstat(file.fileno()).st_size > MAX_WEBP_BYTES:
        raise InputError(f'The file "{name}" is too big: WebP is read up to {MAX_WEBP_BYTES >> 20} MB.', fix=smaller)
    try:
        image = Image.open(file, formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise InputError(f'The picture "{name}" has too many pixels.', fix=smaller) from error
    except UnidentifiedImageError as error:
        raise InputError(f'"{name}" is not a picture that can be read here, or it is damaged.', fix=SAVE_AS) from error
    except _BROKEN as error:
        raise InputError(f'The picture "{name}" is damaged.', fix="Choose another photo.") from error
    if image.format == "TIFF" and _is_raw(image):
        raise _refused(name, "a raw camera")
    format = "JPEG" if image.format == "MPO" else str(image.format)
    most = MOST_PROGRESSIVE if image.info.get("progressive") else MOST_PIXELS[format]
    if image.width * image.height > most:
        raise InputError(
            f'The picture "{name}" has too many pixels: {image.width} x {image.height}; of such a file at most '
            f"{most // 1_000_000} million are read.",
            fix=smaller,
        )
    return image


def _refused(name, word):
    fix = OPEN_VIDEO if word.startswith("a film") else SAVE_AS
    return InputError(f'"{name}" is {word} picture, which cannot be read here.', fix=fix)


def _is_raw(image):
    """Raw files of many cameras are TIFFs that begin with a thumbnail."""
    try:
        return image.tag_v2.get(REDUCED) == 1 or DNG_VERSION in image.tag_v2
    except _BROKEN:
        return False


def _reduced(size: tuple[int, int]) -> tuple[int, int]:
    factor = min(1.0, MAX_SIDE / max(size))
    width, height = (max(1, round(side * factor)) for side in size)
    return width, height


def _orientation(image, notes) -> int:
    """How the camera was held (EXIF, 1 to 8). A TIFF is turned by Pillow already and says 1 by now."""
    try:
        return image.getexif().get(ExifTags.Base.Orientation, 1)
    except _BROKEN:
        notes.append("The photo's EXIF data is damaged: if the person lies on the side, turn the photo first.")
        return 1


def _focal_length(image, size) -> float | None:
    """In diagonals of the picture, whose (width, height) as stored is `size`; None where EXIF has none, or the picture
    looks cropped since."""
    try:
        exif = image.getexif().get_ifd(ExifTags.IFD.Exif)
        focal_mm = float(exif.get(ExifTags.Base.FocalLengthIn35mmFilm, 0))
        taken = [float(exif.get(tag, 0)) for tag in (ExifTags.Base.ExifImageWidth, ExifTags.Base.ExifImageHeight)]
    except _BROKEN:
        return None
    aspect = max(size) / min(size)
    whole = min(taken) <= 0 or _alike(aspect, max(taken) / min(taken))
    whole = whole and any(_alike(aspect, camera) for camera in CAMERA_ASPECTS)
    return focal_mm / FILM_DIAGONAL_MM if whole and 5 <= focal_mm <= 2000 else None


def _alike(one, other):
    return 1 / SAME_ASPECT < one / other < SAME_ASPECT


def _split_smaller(image, name) -> tuple[Image.Image, Image.Image | None]:
    """What `_split` returns; of a very large picture reduced by a whole number, in strips."""
    factor = max(image.size) // MAX_SIDE
    if factor < 2:
        return _split(image, name)
    width, height = (-(-side // factor) for side in image.size)
    whole: Any = None
    for top in range(0, height, STRIP_ROWS):
        rows = top * factor, min(image.height, (top + STRIP_ROWS) * factor)
        strip = _split(image.crop((0, rows[0], image.width, rows[1])), name)
        whole = whole or [part and Image.new(part.mode, (width, height)) for part in strip]
        for large, part in zip(whole, strip, strict=True):
            if part:
                large.paste(part.reduce(factor), (0, top))
    return whole


def _split(image, name) -> tuple[Image.Image, Image.Image | None]:
    """Colours as L, RGB, CMYK or LAB, and alpha as L or None."""
    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)), None
    if image.mode in ("I", "F"):
        raise InputError(
            f'The picture "{name}" holds 32 bits a channel.', fix="Save it with 8 or 16 bits a channel and choose that."
        )
    if image.has_transparency_data:
        image = image.convert("RGBA")
        return image.convert("RGB"), image.getchannel("A")
    if image.mode in ("L", "RGB", "CMYK", "LAB"):
        return image, None
    return image.convert("L" if image.mode == "1" else "RGB"), None


def _to_srgb(image, profile, notes) -> Image.Image:
    """(image in L, RGB, CMYK or LAB, its ICC profile or None) -> image in RGB."""
    try:
        if profile:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            about: Any = source.profile  # Pillow's types take it for a file
            mode = _PROFILE_MODES.get(about.xcolor_space.strip())
            if mode == "L" and image.mode == "RGB":  # grey with alpha came as RGB
                image = image.convert("L")
            if mode == image.mode:
                return _converted(image, source)
    except (ImageCms.PyCMSError, *_BROKEN):
        notes.append("The photo's colour profile is damaged: its colours were taken as sRGB.")
    if image.mode == "LAB":
        return _converted(image, ImageCms.createProfile("LAB"))
    if image.mode == "CMYK":
        notes.append("The photo is CMYK without a fitting colour profile: its colours may be off.")
    return image.convert("RGB")


def _converted(image, profile) -> Image.Image:
    made = ImageCms.profileToProfile(image, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
    assert made is not None  # as it is for images that are changed in place
    return made

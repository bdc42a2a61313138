# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that people, broken disks and attackers hand over as a photo."""

import io
import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageCms

from ...engine.reading.graph import DATA

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP")
PHOTO_PX = 480
FLIPS = 6  # scrambled files of each format
Case = tuple[str, Callable[[Path], Path]]  # name; makes the file in a folder of its own and returns its path


def cases() -> Iterator[Case]:
    """All of them; a file is made when its case is run, since some are large."""
    yield from _whole()
    yield from _damaged()
    yield from _odd()
    yield from _foreign()
    yield from _names()
    yield from _no_files()
    yield from _large()


def photo(width: int | None = None, height: int | None = None) -> Image.Image:
    """The bundled photo, small, or of that size."""
    with Image.open(DATA / "photos" / "man_polo_full_body.jpg") as image:
        image.draft("RGB", (PHOTO_PX, PHOTO_PX))
        size = (width, height) if width and height else (PHOTO_PX, round(PHOTO_PX * image.height / image.width))
        return image.convert("RGB").resize(size, Image.Resampling.BICUBIC)


def encoded(format: str, image: Image.Image | None = None, **options) -> bytes:
    stream = io.BytesIO()
    (image or photo()).save(stream, format, **({"compression": "tiff_lzw"} if format == "TIFF" else {}), **options)
    return stream.getvalue()


def _file(name: str, make: Callable[[], bytes]) -> Callable[[Path], Path]:
    def write(folder):
        (folder / name).write_bytes(make())
        return folder / name

    return write


def _whole():
    for format in FORMATS:
        yield f"{format}", _file("photo", lambda format=format: encoded(format))
    for ending in ("jpg", "tiff", "bmp", "txt", "exe"):
        yield f"PNG named .{ending}", _file(f"photo.{ending}", lambda: encoded("PNG"))


def _damaged():
    for format in FORMATS:
        for share in range(0, 100, 10):
            yield f"{format} cut at {share} %", _file("photo", lambda f=format, s=share: _cut(encoded(f), s))
        for seed in range(FLIPS):
            where = "head" if seed % 2 else "file"
            yield (
                f"{format}, bits flipped in its {where} ({seed})",
                _file("photo", lambda f=format, s=seed: _flipped(encoded(f), s, 400 if s % 2 else None)),
            )
        yield f"{format} with a tail of noise", _file("photo", lambda f=format: encoded(f) + _noise(10000))


def _noise(size):
    return np.random.default_rng(0).bytes(size)


def _cut(data, share):
    return data[: len(data) * share // 100]


def _flipped(data, seed, within):
    rng = np.random.default_rng(seed)
    data = bytearray(data)
    for place in rng.integers(0, min(len(data), within or len(data)), 8):
        data[place] ^= 1 << rng.integers(8)
    return bytes(data)


def _odd():
    grey = photo().convert("L")
    cut = photo()
    alpha = Image.new("L", cut.size)
    alpha.paste(255, (120, 40, 360, 500))
    cut.putalpha(alpha)
    frames = {"save_all": True, "append_images": [Image.new("RGB", photo().size)]}
    wide = np.asarray(grey, np.uint16) * 257
    yield "PNG, grey", _file("photo.png", lambda: encoded("PNG", grey))
    yield "PNG, grey and alpha", _file("photo.png", lambda: encoded("PNG", cut.convert("LA")))
    yield "PNG, cut out", _file("photo.png", lambda: encoded("PNG", cut))
    yield "PNG, fully transparent", _file("photo.png", lambda: encoded("PNG", Image.new("RGBA", (300, 300))))
    yield "PNG, 16 bit grey", _file("photo.png", lambda: encoded("PNG", Image.fromarray(wide)))
    yield "TIFF, 32 bit", _file("photo.tif", lambda: encoded("TIFF", grey.convert("F")))
    yield "PNG, 256 colours", _file("photo.png", lambda: encoded("PNG", photo().quantize()))
    yield "PNG, black and white", _file("photo.png", lambda: encoded("PNG", grey.convert("1")))
    yield "JPEG, CMYK", _file("photo.jpg", lambda: encoded("JPEG", photo().convert("CMYK")))
    yield "JPEG, progressive", _file("photo.jpg", lambda: encoded("JPEG", progressive=True))
    for format in ("PNG", "WEBP"):
        yield f"{format}, animated", _file("photo", lambda f=format: encoded(f, **frames))
    yield "JPEG, with a further picture behind (MPO)", _file("photo.jpg", lambda: encoded("MPO", **frames))
    yield "JPEG, wide gamut profile", _file("photo.jpg", lambda: encoded("JPEG", icc_profile=_wide_gamut()))
    yield "JPEG, broken profile", _file("photo.jpg", lambda: encoded("JPEG", icc_profile=bytes(3000)))
    yield "JPEG, broken EXIF", _file("photo.jpg", lambda: encoded("JPEG", exif=b"Exif\0\0II*\0" + b"\xff" * 300))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = orientation
        yield f"JPEG, orientation {orientation}", _file("photo.jpg", lambda exif=exif: encoded("JPEG", exif=exif))
    for size in ((1, 1), (63, 900), (64, 64), (4000, 64)):
        yield f"PNG, {size[0]} x {size[1]} pixels", _file("photo.png", lambda s=size: encoded("PNG", photo(*s)))


def _wide_gamut():
    """An sRGB profile with the primaries of Adobe RGB, as XYZ under D50."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    tags = {bytes(data[i : i + 4]): i for i in range(132, 132 + 12 * int.from_bytes(data[128:132]), 12)}
    primaries = {
        b"rXYZ": (0.6097, 0.3111, 0.0195),
        b"gXYZ": (0.2053, 0.6257, 0.0609),
        b"bXYZ": (0.1492, 0.0632, 0.7446),
    }
    for tag, values in primaries.items():
        start = int.from_bytes(data[tags[tag] + 4 : tags[tag] + 8]) + 8
        data[start : start + 12] = b"".join(round(value * 65536).to_bytes(4) for value in values)
    return bytes(data)


def _foreign():
    heads = {
        "HEIC": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        "AVIF": b"\0\0\0\x1cftypavif\0\0\0\0avifmif1",
        "SVG": b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>',
        "SVG, bare": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        "PSD": b"8BPS\0\x01",
        "GIF": b"GIF89a",
        "JPEG XL": b"\xff\x0a",
        "JPEG 2000": b"\0\0\0\x0cjP  \r\n\x87\n",
        "PDF": b"%PDF-1.7",
        "EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n",
        "OpenEXR": b"v/1\x01",
        "Radiance": b"#?RADIANCE\n",
        "film": b"\0\0\0\x18ftypmp42",
        "raw, Canon CR3": b"\0\0\0\x18ftypcrx ",
        "raw, Canon CR2": b"II*\0\x10\0\0\0CR\x02\0",
        "raw, Fujifilm": b"FUJIFILMCCD-RAW ",
        "raw, Olympus": b"IIRO\x08\0\0\0",
        "raw, Panasonic": b"IIU\0\x18\0\0\0",
        "text": b"hello",
        "HTML": b"<!doctype html><html>",
        "ZIP": b"PK\x03\x04",
        "program": b"\x7fELF\x02",
        "noise": None,
    }
    for name, head in heads.items():
        data = _noise(5000) if head is None else head + bytes(5000)
        yield name, _file("photo.jpg", lambda data=data: data)
    thumbnail = photo(160, 120)
    yield (
        "raw, DNG or NEF (a TIFF with a thumbnail first)",
        _file("photo.nef", lambda: encoded("TIFF", thumbnail, tiffinfo={254: 1, 271: "NIKON CORPORATION"})),
    )
    yield "empty", _file("photo.png", lambda: b"")
    yield "one byte", _file("photo.png", lambda: b"\x89")


def _names():
    names = {
        "spaces": "  my photo  of me .png",
        "quotes": """it's "me".png""",
        "percent": "100%s%d%n%%.png",
        "braces": "{0}{photo}.png",
        "a newline": "two\nlines.png",
        "non-ASCII": "фото 写真 ë 😀.png",
        "right-to-left": "\u202egnp.photo.png",
        "bytes that are no text": os.fsdecode(b"caf\xe9\xff.png"),
        "shell words": "$(reboot);`id`&|.png",
        "a dash first": "-o.png",
        "255 bytes": "x" * 251 + ".png",
    }
    for kind, name in names.items():
        yield f"name with {kind}", _file(name, lambda: encoded("PNG"))
        yield f"name with {kind}, damaged", _file(name, lambda: encoded("PNG")[:900])


def _no_files():
    def fifo(folder):
        os.mkfifo(folder / "photo.png")
        return folder / "photo.png"

    def loop(folder):
        (folder / "photo.png").symlink_to(folder / "photo.png")
        return folder / "photo.png"

    yield "folder", lambda folder: folder
    yield "pipe", fifo
    yield "link to itself", loop
    yield "missing", lambda folder: folder / "none.png"
    yield "file taken for a folder", lambda folder: _file("photo", lambda: encoded("PNG"))(folder) / "photo.png"
    yield "name of 300 bytes", lambda folder: folder / ("x" * 300)
    for device in ("/dev/zero", "/dev/null", "/dev/tty", "/proc/self/mem"):
        yield device, lambda folder, device=device: Path(device)


def _large():
    def sparse(folder):
        with open(folder / "photo.png", "wb") as file:
            file.write(encoded("PNG"))
            file.truncate(600 << 20)
        return folder / "photo.png"

    def claim(width, height):
        data = bytearray(encoded("PNG", Image.new("1", (64, 64))))
        data[16:24] = width.to_bytes(4) + height.to_bytes(4)
        data[29:33] = zlib.crc32(data[12:29]).to_bytes(4)
        return bytes(data)

    def with_chunk(kind, content):
        data = encoded("PNG")
        chunk = len(content).to_bytes(4) + kind + content + zlib.crc32(kind + content).to_bytes(4)
        return data[:33] + chunk + data[33:]

    zeros = zlib.compress(bytes(200 << 20), 9)
    yield "600 MB, mostly a hole", sparse
    yield "PNG that claims 60000 x 60000", _file("photo.png", lambda: claim(60000, 60000))
    yield "PNG that claims 10400 x 10400", _file("photo.png", lambda: claim(10400, 10400))
    yield "PNG, text of 200 MB", _file("photo.png", lambda: with_chunk(b"zTXt", b"a\0\0" + zeros))
    yield "PNG, profile of 200 MB", _file("photo.png", lambda: with_chunk(b"iCCP", b"a\0\0" + zeros))
    for mode, side in (("1", 10480), ("L", 10480), ("P", 10480), ("RGB", 10480), ("RGBA", 10480)):
        yield (
            f"PNG, {mode}, {side} x {side}",
            _file("photo.png", lambda m=mode, s=side: encoded("PNG", Image.new(m, (s, s)), compress_level=1)),
        )
    yield (
        "PNG, RGB, 20000 x 20000",
        _file("photo.png", lambda: encoded("PNG", Image.new("L", (20000, 20000)), compress_level=1)),
    )
    yield "JPEG, 15900 x 15900", _file("photo.jpg", lambda: encoded("JPEG", Image.new("L", (15900, 15900))))
    yield "JPEG, colours, 12000 x 9000", _file("photo.jpg", lambda: encoded("JPEG", photo(12000, 9000)))
    for side in (8900, 12000):
        yield (
            f"JPEG, progressive, {side} x {side}",
            _file(
                "photo.jpg", lambda s=side: encoded("JPEG", Image.new("RGB", (s, s)), progressive=True, subsampling=0)
            ),
        )
    yield "WebP, 6300 x 6300", _file("photo.webp", lambda: encoded("WEBP", Image.new("RGB", (6300, 6300)), method=0))
    yield "WebP, 16000 x 9000", _file("photo.webp", lambda: encoded("WEBP", Image.new("RGB", (16000, 9000)), method=0))
    yield (
        "TIFF, one strip, 7050 x 7050",
        _file("photo.tif", lambda: encoded("TIFF", Image.new("RGBA", (7050, 7050), "red"), tiffinfo={278: 7050})),
    )
    yield "BMP, 10480 x 10480", _file("photo.bmp", lambda: encoded("BMP", Image.new("RGB", (10480, 10480))))
    yield "PNG, 4096 x 4096, a person", _file("photo.png", lambda: encoded("PNG", photo(4096, 4096), compress_level=1))
    yield "PNG, 20000 x 100", _file("photo.png", lambda: encoded("PNG", photo(20000, 100), compress_level=1))

# SPDX-License-Identifier: GPL-3.0-or-later
"""What people try for a photo and is none that is read here, told by a file's first bytes."""

HEAD = 256  # first bytes of a file that tell
# (offset, bytes, word)
_MAGIC = (
    (8, b"AVI ", "a film, not a"), (0, b"\x1aE\xdf\xa3", "a film, not a"), (0, b"FLV\1", "a film, not a"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "a film, not a"), (0, b"\0\0\1\xba", "a film, not a"),
    (4, b"moov", "a film, not a"), (4, b"mdat", "a film, not a"), (4, b"wide", "a film, not a"),
    (0, b"GIF8", "a GIF"), (0, b"8BPS", "a Photoshop"), (0, b"gimp xcf", "a GIMP"), (0, b"v/1\x01", "an OpenEXR"),
    (0, b"#?RADIANCE", "a Radiance HDR"), (0, b"#?RGBE", "a Radiance HDR"), (0, b"\xff\x0a", "a JPEG XL"),
    (4, b"JXL ", "a JPEG XL"), (4, b"jP  ", "a JPEG 2000"), (0, b"\xff\x4f\xff\x51", "a JPEG 2000"),
    (0, b"DDS ", "a DDS"), (0, b"\0\0\1\0", "an ICO"), (0, b"%PDF", "a PDF, not a"), (0, b"%!PS", "a PostScript"),
    (0, b"\xc5\xd0\xd3\xc6", "a PostScript"), (8, b"CR\x02", "a raw camera"), (0, b"FUJIFILMCCD", "a raw camera"),
    (0, b"IIRO", "a raw camera"), (0, b"IIRS", "a raw camera"), (0, b"IIU\0", "a raw camera"),
    (0, b"BLENDER", "a Blender file, not a"), (0, b"glTF", "a model, not a"),
)  # fmt: skip
# Words that a text begins with, after a mark of its encoding and blanks, in small letters.
_TEXTS = (
    (b"<svg", "an SVG"), (b"<?xml", "an SVG"), (b"<!doctype svg", "an SVG"), (b"<!doctype html", "a web page, not a"),
    (b"<html", "a web page, not a"), (b"<head", "a web page, not a"),
)  # fmt: skip
# Of files in boxes, as pictures of phones and films are: (what a brand begins with, word); the first that fits.
_BRANDS = (
    (b"avi", "an AVIF"), (b"he", "a HEIC"), (b"crx", "a raw camera"), (b"mif", "a HEIF"), (b"msf", "a HEIF"),
)  # fmt: skip
TS_PACKET, TS_SYNC = 188, 0x47  # of a film as camcorders and receivers write it (.ts; .mts has four bytes before each)


def foreign(head: bytes) -> str | None:
    """What a file is that begins so, as a word before "picture": "a HEIC", "a film, not a"; None where it may be a
    picture that is read here. head: its first HEAD bytes, or all."""
    if head[4:8] == b"ftyp":
        return _by_brand(head)
    for offset, magic, word in _MAGIC:
        if head[offset:].startswith(magic):
            return word
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for start, word in _TEXTS:
        if text.startswith(start):
            return word
    for first, step in ((0, TS_PACKET), (4, TS_PACKET + 4)):
        if len(head) > first + step and head[first] == head[first + step] == TS_SYNC:
            return "a film, not a"
    return None


def _by_brand(head):
    """By the brand a file in boxes has, or else by those it says to be compatible with."""
    size = min(int.from_bytes(head[:4]), len(head))
    brands = [head[start : start + 4] for start in (8, *range(16, size - 3, 4))]
    for brand in brands:
        for start, word in _BRANDS:
            if brand.startswith(start):
                return word
    return "a film, not a"

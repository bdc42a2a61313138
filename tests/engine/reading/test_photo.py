# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos as artists have them: turned, cut out, 16 bit, grey, CMYK, profiled, huge, tiny, broken, or no photo."""

import io
import os
import zlib

import cv2
import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from blender_pifu.engine.errors import InputError
from blender_pifu.engine.reading import photo as photo_module
from blender_pifu.engine.reading.photo import MAX_SIDE, load_photo


def picture(width=120, height=80, mode="RGB"):
    """Red falls to the right, green grows downwards, a blue square marks the upper left."""
    rgb = np.zeros((height, width, 3), np.uint8)
    rgb[..., 0] = np.linspace(250, 20, width).astype(np.uint8)
    rgb[..., 1] = np.linspace(20, 250, height).astype(np.uint8)[:, None]
    rgb[: height // 4, : width // 4, 2] = 255
    return Image.fromarray(rgb).convert(mode)


def near(a, b, atol=6):
    np.testing.assert_allclose(np.asarray(a, int), np.asarray(b, int), atol=atol)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "TIFF", "BMP"])
def test_formats_are_told_by_content(tmp_path, format):
    path = tmp_path / "photo.dat"
    smooth = Image.fromarray(np.full((80, 120, 3), (200, 120, 40), np.uint8))
    smooth.save(path, format)
    photo = load_photo(path)
    near(photo.rgb, np.asarray(smooth))
    assert photo.rgb.dtype == np.uint8 and photo.alpha is None and photo.notes == () and photo.name == "photo.dat"


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_comes_out_upright(tmp_path, format, orientation):
    upright = picture()
    undo = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE", 6: "ROTATE_90",
            7: "TRANSVERSE", 8: "ROTATE_270"}  # fmt: skip
    stored = upright.transpose(Image.Transpose[undo[orientation]]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    options = {"JPEG": {"quality": 100, "subsampling": 0}, "WEBP": {"lossless": True}}.get(format, {})
    stored.save(tmp_path / "p", format, exif=exif, **options)
    near(load_photo(tmp_path / "p").rgb, np.asarray(upright))


def focal(tmp_path, size, **tags):
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.Exif).update({ExifTags.Base[tag]: value for tag, value in tags.items()})
    Image.new("RGB", size, (10, 200, 30)).save(tmp_path / "p.jpg", exif=exif)
    return load_photo(tmp_path / "p.jpg").focal_px


def test_the_focal_length_is_told_by_exif_of_whole_pictures(tmp_path):
    lens = {"FocalLengthIn35mmFilm": 26}
    taken = {"ExifImageWidth": 4000, "ExifImageHeight": 3000}
    assert focal(tmp_path, (400, 300), **lens, **taken) == pytest.approx(300, rel=0.01)
    assert focal(tmp_path, (300, 400), **lens) == pytest.approx(300, rel=0.01)
    assert focal(tmp_path, (8000, 6000), **lens) == pytest.approx(26 / 43.27 * 5120, rel=0.01), "of what was read"
    assert focal(tmp_path, (400, 225), **lens, **taken) is None, "cropped"
    assert focal(tmp_path, (400, 380), **lens) is None, "no camera makes such"
    assert focal(tmp_path, (400, 300), FocalLengthIn35mmFilm=0) is None
    assert focal(tmp_path, (400, 300), **taken) is None


def test_damaged_exif_still_loads_and_says_so(tmp_path):
    picture().save(tmp_path / "p.png", exif=b"Exif\0\0no TIFF header")
    photo = load_photo(tmp_path / "p.png")
    near(photo.rgb, np.asarray(picture()), 0)
    assert "EXIF" in photo.notes[0]


def cut_out(mode="RGBA"):
    alpha = np.zeros((80, 120), np.uint8)
    alpha[20:70, 40:80] = 255
    alpha[20:70, 38:40] = 100
    image = picture().convert("L" if mode == "LA" else "RGB")
    image.putalpha(Image.fromarray(alpha))
    return image, alpha


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_real_cut_out_keeps_its_alpha(tmp_path, mode):
    image, alpha = cut_out(mode)
    image.save(tmp_path / "p.png")
    photo = load_photo(tmp_path / "p.png")
    assert photo.alpha.dtype == np.float32
    np.testing.assert_allclose(photo.alpha, alpha / 255, atol=1e-6)
    near(photo.rgb, np.asarray(image.convert("RGB")), 0)


def test_transparent_palette_colour_is_a_cut_out(tmp_path):
    indices = np.zeros((80, 120), np.uint8)
    indices[20:70, 40:80] = 1
    image = Image.fromarray(indices).convert("P")
    image.putpalette([0, 255, 0, 200, 30, 40])
    image.save(tmp_path / "p.png", transparency=0)
    photo = load_photo(tmp_path / "p.png")
    np.testing.assert_array_equal(photo.alpha, indices)
    assert tuple(photo.rgb[40, 60]) == (200, 30, 40)


def body_alpha():
    """A person of 640 pixels with a soft outline and thin strands of hair, (800, 600) uint8."""
    alpha = np.zeros((800, 600), np.float32)
    cv2.ellipse(alpha, (300, 430), (90, 280), 0, 0, 360, 1, -1)
    cv2.circle(alpha, (300, 130), 60, 1, -1)
    alpha = cv2.GaussianBlur(alpha, (0, 0), 1.2)
    for turn in np.linspace(0.2, np.pi - 0.2, 40):
        end = 300 + 75 * np.cos(turn), 130 - 75 * np.sin(turn)
        cv2.line(alpha, (300, 130), (round(end[0]), round(end[1])), 0.6, 1)
    cv2.circle(alpha, (300, 130), 58, 1, -1)
    return alpha


def saved_cut_out(path, alpha, color):
    """color: (3,) or (H, W, 3) 0..255, alpha 0..1."""
    color = np.broadcast_to(color, (*alpha.shape, 3))
    Image.fromarray(np.dstack([color, np.rint(255 * alpha)]).astype(np.uint8)).save(path)
    return load_photo(path)


@pytest.mark.parametrize("soft, place", [(2, (40, -60)), (12, (30, 20)), (25, (60, 0))])
@pytest.mark.parametrize("dark", [0.3, 0.55, 0.8])
def test_a_shadow_in_the_cut_out_is_no_part_of_the_person(tmp_path, soft, place, dark):
    """As shops and layers' effects put one there: dropped behind, or under the feet."""
    person = body_alpha()
    shadow = dark * cv2.GaussianBlur(np.roll(person, place, (1, 0)), (0, 0), soft)
    if place[1] > 0 and soft == 12:
        shadow = np.zeros_like(person)
        cv2.ellipse(shadow, (330, 712), (200, 35), 0, 0, 360, dark, -1)
        shadow = cv2.GaussianBlur(shadow, (0, 0), soft)
    alpha = person + shadow * (1 - person)
    color = np.array((180, 120, 90)) * (person / np.maximum(alpha, 1e-6))[..., None]
    photo = saved_cut_out(tmp_path / "p.png", alpha, color)
    assert len(photo.notes) == 1 and "shadow" in photo.notes[0]
    wrong = (photo.alpha > 0.25) != (person > 0.25)
    near = cv2.dilate((person > 0.25).astype(np.uint8), np.ones((5, 5))) - cv2.erode(
        (person > 0.9).astype(np.uint8), np.ones((5, 5))
    )
    assert not (wrong & (near == 0)).any() and wrong.sum() < 0.01 * person.sum()


@pytest.mark.parametrize("color", [(180, 120, 90), (25, 20, 20), (0, 0, 0)])
def test_hair_and_soft_outlines_are_no_shadow(tmp_path, color):
    person = body_alpha()
    photo = saved_cut_out(tmp_path / "p.png", person, color)
    np.testing.assert_allclose(photo.alpha, person, atol=0.003)
    assert photo.notes == ()


def test_a_veil_is_no_shadow(tmp_path):
    person = body_alpha()
    veil = np.zeros_like(person)
    cv2.ellipse(veil, (300, 430), (180, 300), 0, 0, 360, 0.5, -1)
    photo = saved_cut_out(tmp_path / "p.png", np.maximum(person, veil), (230, 230, 235))
    assert photo.notes == () and photo.alpha[430, 450] > 0.4


@pytest.mark.parametrize("opacity", [0.2, 0.5, 0.95])
def test_a_layer_saved_half_transparent_is_opaque(tmp_path, opacity):
    person = body_alpha()
    photo = saved_cut_out(tmp_path / "p.png", opacity * person, (180, 120, 90))
    np.testing.assert_allclose(photo.alpha, person, atol=0.012)


def test_opaque_alpha_is_no_matte(tmp_path):
    picture(mode="RGBA").save(tmp_path / "p.png")
    photo = load_photo(tmp_path / "p.png")
    assert photo.alpha is None and photo.notes == ()


def test_rounded_corners_are_no_matte_but_noted(tmp_path):
    image = picture(mode="RGBA")
    for x, y in ((0, 0), (119, 0), (0, 79), (119, 79)):
        image.putpixel((x, y), (0, 0, 0, 0))
    image.save(tmp_path / "p.png")
    photo = load_photo(tmp_path / "p.png")
    assert photo.alpha is None and "transparency" in photo.notes[0]


def test_fully_transparent_picture_is_refused(tmp_path):
    image = picture()
    image.putalpha(0)
    image.save(tmp_path / "p.png")
    with pytest.raises(InputError, match="transparent"):
        load_photo(tmp_path / "p.png")


@pytest.mark.parametrize("ending", ["png", "tiff"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bits(tmp_path, ending, channels):
    rgb = np.asarray(picture()).astype(np.uint16) * 257
    alpha = np.asarray(cut_out()[1]).astype(np.uint16) * 257
    stored = {1: rgb[..., 0], 3: rgb[..., ::-1], 4: np.dstack([rgb[..., ::-1], alpha])}[channels]
    path = str(tmp_path / f"p.{ending}")
    cv2.imwrite(path, stored)
    photo = load_photo(path)
    near(photo.rgb, np.repeat(rgb[..., :1], 3, 2) // 257 if channels == 1 else rgb // 257, 1)
    assert (photo.alpha is not None) == (channels == 4)


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_grey_bilevel_and_palette(tmp_path, mode):
    image = picture().convert("L").convert(mode)
    image.save(tmp_path / "p.png")
    near(load_photo(tmp_path / "p.png").rgb, np.asarray(image.convert("RGB")), 0)


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk_is_not_inverted(tmp_path, format):
    picture(mode="CMYK").save(tmp_path / "p", format)
    photo = load_photo(tmp_path / "p")
    near(photo.rgb[60:, 90:].mean((0, 1)), np.asarray(picture())[60:, 90:].mean((0, 1)), 10)
    assert "CMYK" in photo.notes[0]


def test_lab_tiff(tmp_path):
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    image = picture()
    ImageCms.profileToProfile(image, srgb, lab, outputMode="LAB").save(tmp_path / "p.tiff")
    # 8 bit Lab is coarse where blue is dark.
    near(load_photo(tmp_path / "p.tiff").rgb[40:, 60:], np.asarray(image)[40:, 60:], 20)


def swapped_profile():
    """An sRGB profile with red and green exchanged: whoever honours it sees the colours exchanged."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    tags = {bytes(data[i : i + 4]): i for i in range(132, 132 + 12 * int.from_bytes(data[128:132]), 12)}
    red, green = tags[b"rXYZ"] + 4, tags[b"gXYZ"] + 4
    data[red : red + 8], data[green : green + 8] = data[green : green + 8], data[red : red + 8]
    return bytes(data)


@pytest.mark.parametrize("alpha", [False, True])
def test_colour_profile_is_honoured(tmp_path, alpha):
    image = cut_out()[0] if alpha else picture()
    image.save(tmp_path / "p.png", icc_profile=swapped_profile())
    photo = load_photo(tmp_path / "p.png")
    near(photo.rgb, np.asarray(picture())[..., [1, 0, 2]], 8)
    assert (photo.alpha is not None) == alpha


def test_damaged_profile_is_taken_as_srgb_with_a_note(tmp_path):
    picture().save(tmp_path / "p.png", icc_profile=b"not a profile" * 20)
    photo = load_photo(tmp_path / "p.png")
    near(photo.rgb, np.asarray(picture()), 0)
    assert "profile" in photo.notes[0]


@pytest.mark.parametrize("ending", ["jpg", "png"])
def test_very_large_photo_is_reduced_with_a_note(tmp_path, ending):
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    Image.new("RGB", (9000, 3000), (10, 200, 30)).save(tmp_path / f"p.{ending}", exif=exif)
    photo = load_photo(tmp_path / f"p.{ending}")
    assert photo.rgb.shape == (MAX_SIDE, 1365, 3)
    near(photo.rgb[2000, 700], (10, 200, 30))
    assert "9000 x 3000" in photo.notes[0]


def test_first_picture_of_an_animation_is_used(tmp_path):
    picture().save(tmp_path / "p.png", save_all=True, append_images=[Image.new("RGB", (120, 80))])
    photo = load_photo(tmp_path / "p.png")
    near(photo.rgb, np.asarray(picture()), 0)
    assert "animated" in photo.notes[0]


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("size", [(120, 80), (6000, 4000)], ids=["small", "reduced"])
def test_phones_put_further_pictures_behind_a_jpegs_own(tmp_path, size, orientation):
    """A gain map of HDR, a depth map, the other eye of a stereo camera: Pillow calls the file an MPO then."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    whole = picture().resize(size, Image.Resampling.NEAREST)
    stored = whole if orientation == 1 else whole.transpose(Image.Transpose.ROTATE_90)
    further = Image.new("L", (60, 40))
    stored.save(tmp_path / "p.jpg", "MPO", save_all=True, append_images=[further], exif=exif, quality=95)
    photo = load_photo(tmp_path / "p.jpg")
    assert photo.rgb.shape[1] > photo.rgb.shape[0]
    inner = np.s_[30:75, 40:110]  # the square's edge is coarse in a JPEG
    near(cv2.resize(photo.rgb, (120, 80), interpolation=cv2.INTER_AREA)[inner], np.asarray(picture())[inner], 12)


def test_too_small(tmp_path):
    picture(width=400, height=63).save(tmp_path / "p.png")
    with pytest.raises(InputError, match="400 x 63"):
        load_photo(tmp_path / "p.png")


def test_pixel_bomb_is_refused_before_decoding(tmp_path):
    tiny = io.BytesIO()
    Image.new("1", (64, 64)).save(tiny, "PNG")
    data = bytearray(tiny.getvalue())
    data[16:24] = (60000).to_bytes(4) + (60000).to_bytes(4)
    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4)
    (tmp_path / "p.png").write_bytes(data)
    with pytest.raises(InputError, match="too many pixels"):
        load_photo(tmp_path / "p.png")


def test_file_over_the_byte_limit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(photo_module, "MAX_BYTES", 100)
    picture().save(tmp_path / "p.png")
    with pytest.raises(InputError, match="too big"):
        load_photo(tmp_path / "p.png")


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "empty"),
        (b"hello, this is no picture at all", "not a picture"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1", "HEIC"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isom", "a film, not a picture"),
        (b"\x1aE\xdf\xa3" + bytes(20), "a film, not a picture"),
        (b"RIFF\0\0\0\0AVI LIST", "a film, not a picture"),
        (b"\0\0\0\x1cftypavif", "AVIF"),
        (b"GIF89a" + bytes(40), "GIF"),
        (b"%PDF-1.7 ...........", "PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n", "PostScript"),
        (b"\0\0\0\x1cftyphevc\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x24ftypmif1\0\0\0\0mif1avifmiaf", "HEIF"),
        (b"\0\0\0\x1cftypavis\0\0\0\0avifmsf1", "AVIF"),
        (b"\0\0\0\x18ftyp3gp4\0\0\0\0isom3gp4", "a film, not a picture"),
        (b"\0\0\0\x18ftypiso5\0\0\0\0isomdash", "a film, not a picture"),
        (b"G" + bytes(187) + b"G" + bytes(50), "a film, not a picture"),
        (bytes(4) + b"G" + bytes(191) + b"G" + bytes(50), "a film, not a picture"),
        (b"\n<!DOCTYPE html><html><body>404", "a web page, not a picture"),
        (b"\xef\xbb\xbf<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"gimp xcf v011\0", "GIMP"),
        (b"BLENDER-v405", "a Blender file, not a picture"),
    ],
)
def test_other_files_get_a_clear_word(tmp_path, content, words):
    (tmp_path / "p.jpg").write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        load_photo(tmp_path / "p.jpg")
    assert "p.jpg" in str(caught.value) and caught.value.fix


def test_things_that_are_no_files(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path, words in [(tmp_path, "folder"), (tmp_path / "pipe", "plain file"), (tmp_path / "none.png", "no file"),
                        ("a\0b", "could not be opened"), (tmp_path / ("x" * 400), "could not be opened")]:  # fmt: skip
        with pytest.raises(InputError, match=words):
            load_photo(path)


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "TIFF", "BMP"])
def test_truncated_and_scrambled_files_never_do_worse_than_input_error(tmp_path, format):
    whole = io.BytesIO()
    picture(mode="RGB").save(whole, format, **({"compression": "tiff_lzw"} if format == "TIFF" else {}))
    whole = whole.getvalue()
    rng = np.random.default_rng(1)
    refused = 0
    for trial in range(150):
        data = bytearray(whole)
        if trial % 3 == 0:
            data = data[: rng.integers(1, len(data))]
        else:
            for place in rng.integers(0, min(len(data), 300 if trial % 3 == 1 else len(data)), 4):
                data[place] = rng.integers(0, 256)
        (tmp_path / "p").write_bytes(data)
        try:
            photo = load_photo(tmp_path / "p")
            assert photo.rgb.ndim == 3 and photo.rgb.shape[2] == 3
        except InputError as error:
            refused += 1
            assert error.fix
    assert refused > 30
    (tmp_path / "p").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError):
        load_photo(tmp_path / "p")

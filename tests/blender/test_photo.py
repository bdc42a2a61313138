# SPDX-License-Identifier: GPL-3.0-or-later
"""Any image data-block becomes a file that the engine reads, in the colours that Blender shows."""

from pathlib import Path

import bpy
import numpy as np
import pytest
from PIL import Image

from blender_pifu.addon.errors import UserError
from blender_pifu.addon.work.photo import as_file, is_quick

LINEAR = (0.25, 4.0, 0.0625)  # at the bottom left of the pictures, which are 64 x 48


def shown(value):
    """sRGB byte of a linear value, by the view transform Standard."""
    value = min(value, 1.0)
    return round(255 * (12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055))


def read(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGBA")).astype(int)


def write_float(path, file_format):
    image = bpy.data.images.new("float", 64, 48, alpha=True, float_buffer=True, is_data=True)  # written as it is
    pixels = np.ones((48, 64, 4), np.float32)
    pixels[:24, :32, :3] = LINEAR
    pixels[:, 56:, 3] = 0 if file_format == "OPEN_EXR" else 1
    image.pixels.foreach_set(pixels.ravel())
    image.file_format = file_format
    image.save(filepath=str(path))
    bpy.data.images.remove(image)
    image = bpy.data.images.load(str(path))
    image.colorspace_settings.name = "Linear Rec.709"  # Blender 5.0 and later keep in an EXR that it was no colour
    assert np.allclose(image.pixels[40:43], LINEAR, rtol=0.02)
    return image


def choose_format(settings, file_format):
    """From Blender 5.0 a format can be chosen only among those of its kind."""
    if hasattr(settings, "media_type"):
        kinds = {"FFMPEG": "VIDEO", "OPEN_EXR_MULTILAYER": "MULTI_LAYER_IMAGE"}
        settings.media_type = kinds.get(file_format, "IMAGE")
    settings.file_format = file_format


def settings_of(scene):
    found = {}
    for owner in (scene.render.image_settings, scene.view_settings, scene.display_settings):
        for name in owner.bl_rna.properties.keys():  # noqa: SIM118 (RNA cannot be iterated for its names)
            value = getattr(owner, name)
            if isinstance(value, (str, int, float, bool)):
                found[owner.bl_rna.identifier, name] = value
    return found


@pytest.mark.parametrize(("ending", "file_format"), [("exr", "OPEN_EXR"), ("hdr", "HDR")])
@pytest.mark.parametrize("packed", [False, True])
def test_linear_light_is_shown_by_standard_whatever_the_scene_does(scene, tmp_path, ending, file_format, packed):
    image = write_float(tmp_path / f"light.{ending}", file_format)
    assert not is_quick(image)
    if packed:
        image.pack()
        (tmp_path / f"light.{ending}").unlink()
    assert scene.view_settings.view_transform == "AgX"
    picture = read(as_file(image, tmp_path, scene))
    assert picture.shape == (48, 64, 4)
    assert np.abs(picture[40, 10, :3] - [shown(value) for value in LINEAR]).max() <= 2
    assert (picture[5, 10] == 255).all()
    assert picture[5, 60, 3] == (0 if file_format == "OPEN_EXR" else 255)


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "OPEN_EXR", "OPEN_EXR_MULTILAYER", "FFMPEG"])
def test_the_scenes_own_output_settings_stay(scene, tmp_path, file_format):
    settings = scene.render.image_settings
    choose_format(settings, file_format)
    settings.color_mode = "RGB" if file_format != "OPEN_EXR_MULTILAYER" else "RGBA"
    if file_format.startswith("OPEN_EXR"):
        settings.color_depth = "32"
    settings.view_settings.exposure = 0.5
    before = settings_of(scene)
    as_file(write_float(tmp_path / "light.exr", "OPEN_EXR"), tmp_path, scene)
    assert settings_of(scene) == before
    assert settings.view_settings.exposure == 0.5


def test_a_file_that_the_engine_reads_is_not_copied(scene, photo, full_photo, tmp_path):
    for path in (photo, full_photo):
        image = bpy.data.images.load(str(path))
        assert is_quick(image) and as_file(image, tmp_path, scene) == path
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["targa", "painted", "generated", "tiff"])
def test_what_the_engine_does_not_read_is_saved_for_it(scene, tmp_path, kind):
    colors = np.zeros((48, 64, 3), np.uint8)
    colors[:24], colors[24:] = (200, 100, 50), (10, 20, 30)
    if kind == "generated":
        image = bpy.data.images.new("made", 64, 48)
        pixels = np.dstack([colors[::-1] / 255, np.ones((48, 64))]).astype(np.float32)
        image.pixels.foreach_set(pixels.ravel())
    elif kind == "tiff":
        import tifffile

        tifffile.imwrite(tmp_path / "made.tif", (colors / 255).astype(np.float32), photometric="rgb")
        image = bpy.data.images.load(str(tmp_path / "made.tif"))
    else:
        path = tmp_path / ("made.tga" if kind == "targa" else "made.png")
        Image.fromarray(colors).save(path)
        image = bpy.data.images.load(str(path))
        if kind == "painted":
            image.pixels[0] = 1.0
    if kind != "tiff":
        assert not is_quick(image)
    picture = read(as_file(image, tmp_path, scene))
    assert np.abs(picture[5, 5] - [200, 100, 50, 255]).max() <= 1
    assert np.abs(picture[40, 40] - [10, 20, 30, 255]).max() <= 1
    if kind == "painted":
        assert picture[47, 0, 0] == 255 and image.is_dirty and image.filepath == str(path)


def test_a_render_that_was_not_made_is_told(scene, tmp_path):
    with pytest.raises(UserError, match="holds no picture") as caught:
        as_file(bpy.data.images["Render Result"], tmp_path, scene)
    assert "Render first" in caught.value.fix


def test_a_render_result_comes_with_the_scenes_own_view(scene, tmp_path):
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.device, scene.cycles.use_denoising = 1, "CPU", False
    scene.render.resolution_x, scene.render.resolution_y, scene.render.film_transparent = 64, 48, True
    scene.render.filepath = str(tmp_path / "still.png")
    bpy.ops.render.render(write_still=True)
    scene.render.image_settings.file_format = "JPEG"
    image = bpy.data.images["Render Result"]
    assert not is_quick(image)
    picture, still = read(as_file(image, tmp_path, scene)), read(tmp_path / "still.png")
    assert np.abs(picture - still).max() <= 1
    assert picture[..., 3].min() == 0 and picture[..., 3].max() == 255

    choose_format(scene.render.image_settings, "OPEN_EXR_MULTILAYER")
    scene.render.filepath = str(tmp_path / "layers.exr")
    bpy.ops.render.render(write_still=True)
    layers = as_file(bpy.data.images.load(str(tmp_path / "layers.exr")), tmp_path, scene)
    assert read(layers).shape == (48, 64, 4)


@pytest.mark.parametrize(
    ("source", "word"), [("TILED", "UDIM"), ("SEQUENCE", "an image sequence"), ("MOVIE", "a film")]
)
def test_what_is_more_than_one_picture_is_refused(scene, photo, tmp_path, source, word):
    image = bpy.data.images.load(str(photo))
    image.source = source
    with pytest.raises(UserError, match=word) as caught:
        as_file(image, tmp_path, scene)
    assert caught.value.kind == "no_photo" and caught.value.fix
    assert not is_quick(image)


def test_what_not_even_blender_reads_is_left_to_the_engine_to_name(scene, tmp_path):
    path = tmp_path / "phone.heic"
    path.write_bytes(b"\0\0\0\x18ftypheic" + bytes(3000))
    assert as_file(bpy.data.images.load(str(path)), tmp_path, scene) == path
    path = tmp_path / "gone.exr"
    image = write_float(path, "OPEN_EXR")
    path.unlink()
    assert Path(as_file(image, tmp_path, scene)) == path


def test_a_folder_that_cannot_be_written_is_told(scene, tmp_path):
    (tmp_path / "file").touch()
    image = bpy.data.images.new("made", 8, 8)
    with pytest.raises(UserError, match="cannot be saved"):
        as_file(image, tmp_path / "file", scene)

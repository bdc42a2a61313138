# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole way without a window: python -m blender_pifu.addon.demo PHOTO --out DIR.

Leaves human.blend, human.glb and human.png (front, side and back) in DIR, numbered where such are there. Needs Blender
as a Python module.
"""

import argparse
import contextlib
import math
import os
import sys
from pathlib import Path
from typing import NoReturn

import bpy

from .. import addon
from ..outputs import free_place

PACKAGE = "blender_pifu"
ENDINGS = (".blend", ".glb", ".png")
VIEW_PX = (640, 900)
_VIEWS_DEG = (0, 90, 180)
_SAMPLES = 32


class DemoError(Exception):
    """The demo cannot go on; the text is one plain line."""


def enable() -> None:
    """Register the add-on in this process under its own name, with preferences."""
    bpy.context.preferences.addons.new().module = PACKAGE
    addon.register(PACKAGE)


def leave(code: int) -> NoReturn:
    """End this process: Blender as a module may hang or crash in the interpreter's own end."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def make(photo: Path, out: Path) -> list[Path]:
    """Generate a human from `photo` and leave three files in `out`, which are returned: no other file there is touched.

    They are called human or, where files have that name already, human-2, human-3, ... Raises DemoError.
    """
    if not photo.is_file():
        raise DemoError(f"There is no photo {photo}.")
    try:
        out.mkdir(parents=True, exist_ok=True)
        place = free_place(out / "human", lambda _place: dict.fromkeys(ENDINGS))
        scene, model, picture = files = [place.with_name(place.name + ending) for ending in ENDINGS]
        bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
        print(f"Making a human from {photo.name} ...", flush=True)
        bpy.ops.pifu.generate(filepath=str(photo.absolute()))
        body = bpy.context.view_layer.objects.active
        with _quiet():
            bpy.ops.wm.save_as_mainfile(filepath=str(scene), check_existing=False, compress=True)
            _export(model)
        print("Rendering it from the front, the side and the back ...", flush=True)
        with _quiet():
            _stage(bpy.context.scene, body)
            _render(bpy.context.scene, picture)
    except (OSError, RuntimeError) as error:  # what bpy's operators raise
        raise DemoError(str(error).removeprefix("Error: ")) from error
    return files


@contextlib.contextmanager
def _quiet():
    """What Blender prints about every step of its own goes nowhere; its errors are exceptions and stay."""
    sys.stdout.flush()
    kept = os.dup(1)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def _export(path: Path) -> None:
    bpy.context.scene.pifu.program = "BLENDER"
    bpy.ops.pifu.export(filepath=str(path))


def _stage(scene, body) -> None:
    """Camera, soft light, and the body three times side by side: seen from the front, its left side and the back."""
    height = body.dimensions.z
    width = height * VIEW_PX[0] / VIEW_PX[1] * 1.08
    for index, angle in enumerate(_VIEWS_DEG):
        view = body if index == 0 else body.copy()
        if index:
            scene.collection.objects.link(view)
        view.location = ((index - 1) * width, 0, 0)
        view.rotation_euler = (0, 0, -math.radians(angle))

    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.data.type = "ORTHO"
    camera.data.ortho_scale = width * len(_VIEWS_DEG)  # of the picture's longer side
    camera.location = (0, -10 * height, height / 2)
    camera.rotation_euler = (math.pi / 2, 0, 0)
    camera.data.clip_end = 30 * height
    scene.collection.objects.link(camera)
    scene.camera = camera

    sun = bpy.data.objects.new("Sun", bpy.data.lights.new("Sun", "SUN"))
    sun.data.energy, sun.data.angle = 1.5, math.radians(60)
    sun.rotation_euler = (math.radians(50), 0, math.radians(-25))
    scene.collection.objects.link(sun)
    scene.world = bpy.data.worlds.new("World")
    scene.world.use_nodes = True
    scene.world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.75, 0.75, 0.75, 1)


def _render(scene, path: Path) -> None:
    render = scene.render
    render.engine = "CYCLES"  # on the processor: the one that needs neither a graphics card nor a display
    scene.cycles.device = "CPU"
    scene.cycles.samples = _SAMPLES
    scene.cycles.use_denoising = False
    scene.cycles.max_bounces = 2
    scene.view_settings.view_transform = "Standard"  # the photo's colours, not film's
    render.resolution_x, render.resolution_y = VIEW_PX[0] * len(_VIEWS_DEG), VIEW_PX[1]
    render.resolution_percentage = 100
    render.image_settings.file_format = "PNG"
    render.image_settings.color_mode = "RGB"
    render.filepath = str(path)
    bpy.ops.render.render(write_still=True)


def main(arguments: list[str] | None = None) -> int:
    """Run the demo; returns its exit code."""
    parser = argparse.ArgumentParser(prog="blender_pifu.addon.demo", description=__doc__.splitlines()[0])
    parser.add_argument("photo", metavar="PHOTO", type=Path)
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder for the three files")
    options = parser.parse_args(arguments)
    enable()
    try:
        files = make(options.photo, options.out)
    except DemoError as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 1
    finally:
        addon.unregister()
    for file in files:
        print(file)
    return 0


if __name__ == "__main__":
    leave(main())

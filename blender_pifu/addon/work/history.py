# SPDX-License-Identifier: GPL-3.0-or-later
"""How a human was made, kept with it in the file, and taken up again to make it anew."""

import datetime
import json
import tomllib
from functools import cache
from pathlib import Path

import bpy

from ...protocol import ErrorKind
from ..errors import UserError
from .models import BUNDLED, Model
from .scene_choices import RECIPE

_ROOT = Path(__file__).parents[3]
SETTINGS = (*RECIPE, "own_height_m", "model_key", "person")  # what of the scene's makes a human what it is


def note(settings, model: Model, filepath: str, person: int, back_filepath: str) -> dict:
    """What a job that begins now takes: settings, photos, the weights and their licence, the version of this add-on.

    filepath, person, back_filepath: as the operator was told; "" for the photos of the settings.
    """
    chosen = {name: getattr(settings, name) for name in SETTINGS}
    if filepath:
        chosen["person"] = person
        photo, back = (_file(path) if path else None for path in (filepath, back_filepath))
        views = []
    else:
        views = [_image(view.image) for view in settings.views if view.image]
        photo, back = (image and _image(image) for image in (settings.photo, settings.back_photo))
    return {
        "settings": chosen,
        "photo": photo,
        "back_photo": back,
        "views": views,
        "weights": model.name,
        "licence": model.licence or bundled_licence(model),
        "version": version(),
        "date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
    }


def of(body: bpy.types.Object) -> dict:
    """What was noted when the human of this mesh object was made; empty where nothing was."""
    try:
        return json.loads(body.pifu.made)
    except ValueError:
        return {}


def restore(settings, made: dict) -> None:
    """Have the scene's settings and photos be those that a human was made of. Raises UserError, and changes nothing,
    where a photo is no longer there."""
    photo, back = (_find(made.get(name)) for name in ("photo", "back_photo"))
    if photo is None:
        raise UserError(ErrorKind.NO_PHOTO, "Nothing is known of this human's photo.", "Choose one.")
    views = [_find(view) for view in made.get("views", ())]
    settings.photo, settings.back_photo = photo, back
    settings.views.clear()
    for view in views:
        settings.views.add().image = view
    for name in SETTINGS:
        if name in made["settings"]:
            setattr(settings, name, made["settings"][name])


def lines(made: dict) -> list[str]:
    """What the panel tells of it."""
    photo = made["photo"]["name"] if made.get("photo") else "a photo"
    seconds = f" in {made['seconds']} s" if "seconds" in made else ""
    return [
        f"Made from {photo} on {made['date'][:10]}{seconds}",
        f"Weights {made['weights']}: {made['licence']}",
    ]


@cache
def version() -> str:
    """Of this add-on, as its manifest tells it."""
    return tomllib.loads((_ROOT / "blender_manifest.toml").read_text(encoding="utf-8"))["version"]


def bundled_licence(model: Model) -> str:
    """The licence of bundled weights by their card, in short."""
    assert model in BUNDLED
    card = json.loads((_ROOT / "blender_pifu" / "data" / "human.json").read_text(encoding="utf-8"))
    return card["licence"].partition(":")[0]


def _image(image: bpy.types.Image) -> dict:
    return {"name": image.name, "file": bpy.path.abspath(image.filepath, library=image.library)}


def _file(path: str) -> dict:
    return {"name": Path(path).name, "file": bpy.path.abspath(path)}


def _is_of(image: bpy.types.Image, file: str) -> bool:
    """Whether an image is of that file; one that is packed may have a path from the .blend file, which was moved."""
    path = bpy.path.abspath(image.filepath, library=image.library)
    return path == file or bool(image.packed_file) and Path(path).name == Path(file).name


def _find(photo: dict | None) -> bpy.types.Image | None:
    """The image data-block of a noted photo; loaded anew where it left the file."""
    if photo is None:
        return None
    image = bpy.data.images.get(photo["name"])
    if image and _is_of(image, photo["file"]):
        return image
    try:
        return bpy.data.images.load(photo["file"], check_existing=True)
    except RuntimeError as error:
        raise UserError(
            ErrorKind.NO_PHOTO, f"The photo {photo['file'] or photo['name']} is no longer there.", "Choose it anew."
        ) from error

# SPDX-License-Identifier: GPL-3.0-or-later
"""The models to choose from: the bundled ones, and the published ones that the artist has imported."""

import json
from dataclasses import dataclass
from pathlib import Path

from ... import paths
from ...protocol import ErrorKind
from ..errors import UserError

ENDING = ".safetensors"
_UNKNOWN = "Licence not known: the model's card is missing"


@dataclass(frozen=True)
class Model:
    """key: what the settings keep, a bundled name or an imported file's; licence: of the weights, where not free."""

    key: str
    name: str
    description: str
    licence: str = ""


BUNDLED = (
    Model("human", "Human", "The bundled model"),
    Model("fast", "Human, Fast", "The bundled model at a quarter of its pixels: for a first look"),
)
_read: tuple[tuple, tuple[Model, ...]] = ((), ())


def imported() -> tuple[Model, ...]:
    """The imported models by name. Cheap: asked at every redraw."""
    global _read
    try:
        stamp = (paths.models(), paths.models().stat().st_mtime_ns)
    except OSError:
        return ()
    if _read[0] != stamp:
        files = sorted(path for path in paths.models().glob(f"*{ENDING}") if not path.name.startswith("."))
        _read = stamp, tuple(map(_model, files))
    return _read[1]


def choices(kept: str) -> tuple[Model, ...]:
    """All there is to choose from; the one that is `kept` in the settings too where it is here no longer."""
    known = (*BUNDLED, *imported())
    if any(model.key == kept for model in known):
        return known
    return (*known, Model(kept, f"{Path(kept).stem} (not imported)", "This model is not on this computer"))


def find(key: str) -> Model:
    """The model kept under that key. Raises UserError where there is none."""
    for model in (*BUNDLED, *imported()):
        if model.key == key:
            return model
    fix = "Choose another one, or import its checkpoint in the add-on's preferences."
    raise UserError(ErrorKind.IMPORTED_MODEL, f'The model "{Path(key).stem}" is not on this computer.', fix)


def for_engine(model: Model) -> str:
    """What the engine loads: a bundled name or a file."""
    return model.key if model in BUNDLED else str(paths.models() / model.key)


def remove(model: Model) -> None:
    """Delete an imported model and its card. Raises UserError."""
    path = paths.models() / model.key
    try:
        path.unlink(missing_ok=True)
        path.with_suffix(".json").unlink(missing_ok=True)
    except OSError as error:
        fix = "Unload the engine, which may be using it, and try again."
        raise UserError(ErrorKind.IMPORTED_MODEL, f"{path} cannot be removed: {error.strerror}.", fix) from error


def _model(path: Path) -> Model:
    name, licence = path.stem, _UNKNOWN
    try:
        card = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        name, licence = f"{card['name']} ({path.stem})", str(card["license"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # without its card it is still a model; the panel says that the licence is not known
    return Model(path.name, name, f"Imported from {path.stem}", licence)

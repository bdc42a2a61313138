# SPDX-License-Identifier: GPL-3.0-or-later
"""The photos of a batch, each with its output and choices of its own: from the command line, a folder or a manifest."""

import csv
import dataclasses
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...choices import KINDS, ChoiceError, Choices
from ...protocol import PICTURES
from ..errors import InputError, OptionError

PHOTO, NAME, VIDEO = "photo", "name", "video"  # columns of a manifest beside the fields of Choices
SEPARATOR = ";"  # of several paths in one cell
_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


@dataclass(frozen=True)
class Entry:
    """One photo of a batch."""

    photo: Path
    output: Path
    choices: Choices

    @property
    def is_film(self) -> bool:
        """Whether `photo` is a film, or a folder of its frames, that serves alone."""
        return str(self.photo) == self.choices.video


def entries_of(photos: Iterable[Path], folder: Path, ending: str, choices: Choices) -> list[Entry]:
    """Photos, and the pictures in folders among them, each as a file in `folder` named after it. InputError where
    there is none."""
    found = [file for photo in photos for file in _pictures(photo)]
    if not found:
        raise InputError("There is no photo among what was given.", "Name photos, or a folder that has some.")
    return _named([(photo, photo.stem, choices) for photo in found], folder, ending)


def read_manifest(manifest: Path, folder: Path, ending: str, choices: Choices) -> list[Entry]:
    """The photos of a manifest, .csv with a header or .jsonl: `photo` (a path, from the manifest's folder), perhaps a
    `name` for the output, and any field of `Choices` that differs from `choices`; of `views` several paths, parted by a
    semicolon or as a list. A line with a `video` needs no photo. Raises InputError naming the line."""
    rows = list(_rows(manifest))
    if not rows:
        raise InputError(f'"{manifest.name}" names no photo.', "Give it a line for each photo.")
    named = []
    for number, row in rows:
        try:
            named.append(_entry(row, manifest.parent, choices))
        except (ChoiceError, OptionError) as error:
            raise InputError(f'Line {number} of "{manifest.name}": {error}', error.fix) from error
    return _named(named, folder, ending)


def _pictures(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.iterdir() if file.suffix.lower() in PICTURES and not file.name.startswith("."))


def _named(found: list[tuple[Path, str, Choices]], folder: Path, ending: str) -> list[Entry]:
    """Entries with outputs of their own: of photos of one name the later ones are numbered."""
    taken: set[str] = set()
    entries = []
    for photo, wanted, choices in found:
        name, number = wanted, 2
        while name.lower() in taken:
            name, number = f"{wanted}-{number}", number + 1
        taken.add(name.lower())
        entries.append(Entry(photo, folder / f"{name}{ending}", choices))
    return entries


def _rows(manifest: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """(line number, columns that have a value)."""
    try:
        text = manifest.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeError) as error:
        raise InputError(f'"{manifest}" cannot be read: {error}.', "Give a .csv or .jsonl file in UTF-8.") from error
    if manifest.suffix.lower() == ".csv":
        reader = csv.DictReader(text.splitlines())
        for row in reader:
            yield reader.line_num, {str(key).strip(): value.strip() for key, value in row.items() if key and value}
        return
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                row = json.loads(line)
            except ValueError as error:
                raise InputError(f'Line {number} of "{manifest.name}" is not JSON.', "Mend that line.") from error
            if not isinstance(row, dict):
                raise InputError(f'Line {number} of "{manifest.name}" is no JSON object.', "Mend that line.")
            yield number, row


def _entry(row: dict[str, Any], beside: Path, choices: Choices) -> tuple[Path, str, Choices]:
    known = {PHOTO, NAME, *KINDS}
    if unknown := sorted(set(row) - known):
        raise OptionError(f'there is no column "{unknown[0]}".', f"Columns are {', '.join(sorted(known))}.")
    if not row.get(PHOTO) and not row.get(VIDEO):
        raise OptionError("no photo is named.", f'Name it in the column "{PHOTO}".')
    own = {name: _value(name, value) for name, value in row.items() if name in KINDS}
    for name in ("back", VIDEO, "motion"):
        if own.get(name):
            own[name] = str(beside / own[name])
    if isinstance(own.get("views"), (list, tuple)):
        own["views"] = tuple(str(beside / view) if isinstance(view, str) else view for view in own["views"])
    photo = beside / str(row.get(PHOTO) or row[VIDEO])
    name = str(row.get(NAME) or photo.stem)
    if Path(name).name != name or name in (".", ".."):
        raise OptionError(f'"{name}" is no name of a file.', "Name the output without a folder and ending.")
    return photo, name, dataclasses.replace(choices, **own)


def _value(name: str, value: Any) -> Any:
    """A cell as its option's type; what cannot be is left for Choices to refuse."""
    kind = KINDS[name]
    if not isinstance(value, str) or kind is str:
        return value
    if kind is tuple:
        return tuple(part.strip() for part in value.split(SEPARATOR) if part.strip())
    if kind is bool:
        return True if value.lower() in _TRUE else False if value.lower() in _FALSE else value
    try:
        return kind(value)
    except ValueError:
        return value

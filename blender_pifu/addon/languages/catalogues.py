# SPDX-License-Identifier: GPL-3.0-or-later
"""The catalogues of translations: gettext's .po files beside this module, named by Blender's locales. No bpy here."""

import ast
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
# A message without msgctxt is looked up by Blender as a text or as an operator's label.
CONTEXTS = ("*", "Operator")
_KEYS = ("msgctxt", "msgid", "msgstr")


class CatalogueError(ValueError):
    """A line of a .po file is not gettext's; the text says which."""


def read_po(path: Path) -> dict[tuple[str, str], str]:
    """(context or "", message) -> translation; without the header, fuzzy entries and those that are not translated.

    Plurals are not used by Blender. Raises CatalogueError.
    """
    found: dict[tuple[str, str], str] = {}
    entry: dict[str, str] = {}
    key, fuzzy = "", False
    for number, line in enumerate([*path.read_text(encoding="utf-8").splitlines(), ""], 1):
        line = line.strip()
        if not line:
            if entry.get("msgid") and entry.get("msgstr") and not fuzzy:
                found[entry.get("msgctxt", ""), entry["msgid"]] = entry["msgstr"]
            entry, key, fuzzy = {}, "", False
        elif line.startswith("#"):
            fuzzy |= line.startswith("#,") and "fuzzy" in line
        else:
            word, _, rest = line.partition(" ")
            if word in _KEYS:
                key, line = word, rest
            try:
                entry[key] = entry.get(key, "") + _unquoted(line if key else "")
            except (ValueError, SyntaxError) as error:
                raise CatalogueError(f"{path.name}, line {number}: {line!r} is no string of gettext.") from error
    return found


def _unquoted(text: str) -> str:
    value = ast.literal_eval(text)
    if not isinstance(value, str):
        raise ValueError(text)
    return value


@cache
def all_catalogues() -> dict[str, dict[tuple[str, str], str]]:
    """Locale -> its catalogue, as `read_po` has it."""
    return {path.stem: read_po(path) for path in sorted(FOLDER.glob("*.po"))}


@cache
def messages() -> frozenset[str]:
    """The English messages of all catalogues."""
    return frozenset(message for catalogue in all_catalogues().values() for _context, message in catalogue)


def for_blender() -> dict[str, dict[tuple[str, str], str]]:
    """The catalogues as `bpy.app.translations.register` takes them."""
    return {
        locale: {
            (each, message): text
            for (context, message), text in catalogue.items()
            for each in ([context] if context else CONTEXTS)
        }
        for locale, catalogue in all_catalogues().items()
    }

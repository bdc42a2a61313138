# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the template that a finished text was made by, and its values, and makes the text anew in another language.

So the engine, a process of its own, speaks English alone, and neither it nor the protocol knows of languages. No bpy.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache

from . import catalogues

PLACE = re.compile(r"\{(\w+)\}")  # of a value in a template
_BREAK = re.compile(r"(?<=[.:;!?,]) |\n")  # where a text may be put together of several
_PROBE = "Human from Photo"  # every catalogue has it
_FEW, _FEW_AT_FRONT = 12, 9  # a template of fewer letters fits by chance; the latter where it begins with some


@dataclass(frozen=True)
class Piece:
    """A part of a text: of a template with its values, or, without a template, itself."""

    text: str
    template: str = ""
    values: tuple[tuple[str, str], ...] = ()


def translated(text: str, gettext: Callable[[str], str]) -> str:
    """A text in the language of `gettext`, which returns a message unchanged where it has no translation."""
    if not text or gettext(_PROBE) == _PROBE:
        return text
    return "".join(_made(piece, gettext) for piece in pieces(text))


def _made(piece: Piece, gettext) -> str:
    if not piece.template:
        return piece.text
    values = {name: translated(value, gettext) for name, value in piece.values}
    return PLACE.sub(lambda place: values.get(place[1], place[0]), gettext(piece.template))


@lru_cache(maxsize=4096)
def pieces(text: str) -> tuple[Piece, ...]:
    """The text cut where templates end, so that as much as possible of it is theirs and not a value's."""
    cuts = [0, *(found.start() for found in _BREAK.finditer(text)), len(text)]
    best: list[tuple[int, tuple[Piece, ...]]] = [(0, ())]
    for end in range(1, len(cuts)):
        ways = []
        for start in range(end):
            score, rest = best[start]
            part = text[cuts[start] : cuts[end]]
            bare = part.lstrip(" \n")
            space = (Piece(part[: len(part) - len(bare)]),) if bare != part else ()
            letters, piece = _best(bare)
            ways.append((score + letters, (*rest, *space, piece)))
        best.append(max(ways, key=lambda way: (way[0], -len(way[1]))))
    return best[-1][1]


def _best(text: str) -> tuple[int, Piece]:
    """(letters of it that a template has, the text by that template)."""
    if text in catalogues.messages():
        return len(text), Piece(text, text)
    found = [(letters, template, match) for letters, template, pattern in _patterns()
             if (match := pattern.fullmatch(text)) and _believed(letters, template, match)]  # fmt: skip
    if found:
        letters, template, match = max(found, key=lambda each: each[0])
        return letters, Piece(text, template, tuple(match.groupdict().items()))
    return 0, Piece(text)


def _believed(letters: int, template: str, match: re.Match) -> bool:
    """Whether the text is of the template: one of few letters is where its values are words or texts themselves."""
    if letters >= (_FEW if template.startswith("{") else _FEW_AT_FRONT):
        return True
    phrases = [phrase for value in match.groups() for phrase in value.split(", ")]
    return all(" " not in phrase or any(piece.template for piece in pieces(phrase)) for phrase in phrases)


@cache
def _patterns() -> list[tuple[int, str, re.Pattern]]:
    """(letters beside the values, template, pattern) of each message that has values."""
    found = []
    for message in sorted(catalogues.messages()):
        if not PLACE.search(message):
            continue
        parts = PLACE.split(message)  # text, name, text, name, ..., text
        pattern = "".join(re.escape(part) if index % 2 == 0 else f"(?P<{part}>.*?)" for index, part in enumerate(parts))
        found.append((sum(map(len, parts[::2])), message, re.compile(pattern, re.DOTALL)))
    return found

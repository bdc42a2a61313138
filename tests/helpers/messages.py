# SPDX-License-Identifier: GPL-3.0-or-later
"""Collects the texts that an artist may read: from the source by its syntax, and from what is registered in Blender.

A text with values is its template, `{}` in place of each: what they are called is the translator's to choose.
`python tests/helpers/messages.py LOCALE` prints what the catalogue of a locale lacks, as entries of a .po file.
"""

import ast
import re
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "blender_pifu"
if __name__ == "__main__":
    sys.path.insert(0, str(PACKAGE.parent))

from blender_pifu.addon.languages import catalogues  # noqa: E402
from blender_pifu.addon.languages.templates import PLACE  # noqa: E402

# Of the command line alone, and nothing of an artist's.
NOT_READ = ("training", "batch", "many.py", "__main__.py", "benchmark.py", "demo.py", "criteria.py", "cluster.py",
            "system_libraries.py", "languages")  # fmt: skip
# What Python itself raises is never an artist's, nor are logs and the command line's help.
QUIET = {"ValueError", "RuntimeError", "TypeError", "AttributeError", "AssertionError", "ProtocolError",
         "ArgumentTypeError", "add_argument", "ArgumentParser"}  # fmt: skip
# What is told or drawn: these functions' arguments, and those of errors.
TOLD = {"iface", "tip", "rpt", "judge", "Button", "Outcome", "draw_text", "show", "Failed", "Advice", "OutOfMemory"}


@dataclass(frozen=True)
class Found:
    """A template in the source, and whether an artist certainly reads it."""

    path: str
    line: int
    message: str
    read: bool


def bare(message: str) -> str:
    """A message without the names of its values and the space around it: what two of the same text have in common."""
    return PLACE.sub("{}", message).strip()


def template(node: ast.AST) -> str | None:
    """The template of a string in the source, or None for other nodes."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{value}" for part in node.values)
    return None


@cache
def in_source() -> list[Found]:
    """All strings of what ships, docstrings aside."""
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if not set(path.relative_to(PACKAGE).parts) & set(NOT_READ):
            found += _Reader(path).found
    return found


class _Reader(ast.NodeVisitor):
    def __init__(self, path: Path) -> None:
        self.found: list[Found] = []
        self._path, self._told = path, False
        self.visit(ast.parse(path.read_text(encoding="utf-8")))

    def visit_Expr(self, node):
        if template(node.value) is None:  # else a docstring
            self.visit(node.value)

    def visit_Call(self, node):
        name = called(node)
        if name in QUIET or ast.unparse(node.func).startswith(("log.", "logging.", "parser.")):
            return
        before, self._told = self._told, self._told or name in TOLD or name.endswith("Error")
        self.generic_visit(node)
        self._told = before

    def visit_Constant(self, node):
        if isinstance(node.value, str):
            self._note(node)

    def visit_JoinedStr(self, node):
        self._note(node)
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                self.visit(part.value)

    def _note(self, node):
        message = bare(template(node) or "")
        if re.search(r"[^\W\d_]{2}", message.replace("{}", "")):
            at = str(self._path.relative_to(PACKAGE))
            self.found.append(Found(at, node.lineno, message, is_sentence(message) or self._told and " " in message))


def called(node: ast.Call) -> str:
    """The name of the function that is called."""
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def is_sentence(message: str) -> bool:
    """Whether it is one or more sentences, as errors, advice and notes are."""
    return bool(re.match(r"""["{A-Z\d]""", message) and message.endswith(".") and message.count(" ") > 1)


def missing(locale: str, wanted: dict[str, str]) -> dict[str, str]:
    """Of wanted messages, with where each is from, those that the locale's catalogue has no translation of."""
    there = {bare(message) for _context, message in catalogues.all_catalogues()[locale]}
    return {message: where for message, where in wanted.items() if bare(message) not in there}


def wanted() -> dict[str, str]:
    """Message -> where it is: of the source, what an artist certainly reads."""
    return {found.message: f"{found.path}:{found.line}" for found in in_source() if found.read}


def registered(classes) -> dict[str, str]:
    """Message -> class: labels, descriptions and items as Blender has them of registered classes.

    Names and descriptions of properties that were given none, and what Blender's own base classes bring, are left out.
    """
    found = {}
    for cls in classes:
        rna = cls.bl_rna
        drawn = not cls.__name__.startswith("PIFU_PG")
        texts = [getattr(cls, "bl_label", ""), rna.description or cls.__doc__ or ""] if drawn else []
        own = {name for base in cls.__mro__ if base.__module__.startswith(PACKAGE.name)
               for name in getattr(base, "__annotations__", {})}  # fmt: skip
        for prop in rna.properties:
            if prop.identifier not in own or prop.is_hidden:
                continue
            texts += [prop.name if prop.name != prop.identifier else "", prop.description]
            if prop.type == "ENUM":
                texts += [text for item in prop.enum_items for text in (item.name, item.description)]
        found |= {text: cls.__name__ for text in texts if re.search(r"[^\W\d_]{2}", text)}
    return found


if __name__ == "__main__":
    for message, where in missing(sys.argv[1], wanted()).items():
        quoted = message.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        print(f'#: {where}\nmsgid "{quoted}"\nmsgstr ""\n')

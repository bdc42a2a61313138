# SPDX-License-Identifier: GPL-3.0-or-later
"""Where results may be written so that no file is lost: neither an input, nor one that nobody named.

Standard library only, since both sides write files.
"""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path


def same_file(one, other) -> bool:
    """Whether two paths lead to one file that is there: by another spelling, another case, or a link."""
    try:
        return os.path.samefile(one, other)
    except (OSError, ValueError):  # one of them is not there, or no path at all
        return False


def replaced_input(files: Iterable, inputs: Iterable) -> Path | None:
    """The first of `inputs` (paths, or None) that writing `files` would replace."""
    given = [Path(path) for path in inputs if path]
    return next((path for file in files for path in given if same_file(file, path)), None)


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file, text as UTF-8, or leave what is there as it is. Raises OSError."""
    handle, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except OSError:
        os.unlink(name)
        raise


def free_place(path: Path, contents: Callable[[Path], dict[str, bytes | None]]) -> Path:
    """`path`, or with -2, -3, ... after its name, where several files can be written and none is in the way.

    contents(place): the endings of these files, each with what it is to hold or, where that is not known yet, None. A
    file that holds it already is not in the way.
    """

    def is_free(place: Path) -> bool:
        files = {place.with_name(place.name + ending): content for ending, content in contents(place).items()}
        return all(not os.path.lexists(file) or _holds(file, content) for file, content in files.items())

    numbered = (path.with_name(f"{path.name}-{number}") for number in itertools.count(2))
    return next(filter(is_free, itertools.chain([path], numbered)))


def _holds(file: Path, content: bytes | None) -> bool:
    try:
        return content is not None and file.is_file() and file.read_bytes() == content
    except OSError:
        return False

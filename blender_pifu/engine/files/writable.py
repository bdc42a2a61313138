# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a file can be written. Needs no NumPy: a process asks before it loads anything."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from ...outputs import replaced_input
from ..errors import OutputError

ENDINGS = (".npz", ".glb", ".obj", ".ply")


def check_output(
    path: str | os.PathLike, endings: tuple[str, ...] = ENDINGS, inputs: Iterable[str | os.PathLike | None] = ()
) -> None:
    """Raise OutputError unless a file of one of `endings` can be written to `path` without replacing one of `inputs`
    (paths, or None). Quick, leaves nothing behind."""
    path = Path(path)
    if path.suffix.lower() not in endings:
        raise OutputError(
            f'"{path.name}" does not say which kind of file to write.',
            fix=f"End the name with {' or '.join(filter(None, [', '.join(endings[:-1]), endings[-1]]))}.",
        )
    try:
        path.lstat()
    except FileNotFoundError:
        pass
    except OSError as error:  # a name too long for the disk, a folder that is a file
        raise cannot_write(path, error) from error
    if path.is_dir():
        raise OutputError(f'"{path}" is a folder.', fix="Give the name of a file.")
    if replaced := replaced_input([path], inputs):
        raise OutputError(f'The result would replace "{replaced}", of which it is made.', fix="Choose another name.")
    try:
        with tempfile.TemporaryFile(dir=path.absolute().parent):
            pass
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path, error):
    """The OutputError for an error met when writing `path`."""
    return OutputError(
        f'The result cannot be written to "{path}": {getattr(error, "strerror", None) or error}.',
        fix="Choose a folder that exists, may be written to and has room.",
    )

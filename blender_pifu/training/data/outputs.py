# SPDX-License-Identifier: GPL-3.0-or-later
"""Where pictures and folders of results may go, told before hours of work."""

from collections.abc import Iterable
from pathlib import Path

from ...engine.errors import OutputError
from ...engine.files.writable import check_output
from ...outputs import same_file

PICTURES = (".png", ".jpg", ".jpeg", ".webp")


def check_picture(path: Path, inputs: Iterable[Path] = ()) -> None:
    """Raise OutputError unless a picture can be written to `path` without replacing one of `inputs`."""
    check_output(path, PICTURES, inputs)


def check_folder(folder: Path | None, sources: Iterable[Path]) -> None:
    """Raise OutputError if results in `folder` would lie among what they are made of: files or folders of files."""
    for source in sources:
        if folder and same_file(folder, source if source.is_dir() else source.absolute().parent):
            raise OutputError(
                f'Results in "{folder}" could replace what lies there already, for "{source}" is read.',
                fix="Choose another folder for --out.",
            )

# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the results of a batch go: a folder, or a place anywhere that fsspec reaches."""

from pathlib import Path
from typing import Any, Protocol

from ...outputs import write_whole
from ..errors import InputError, OutputError
from ..files.writable import cannot_write


class Results(Protocol):
    """Files by name, each there as a whole or not at all."""

    def has(self, name: str) -> bool:
        """Whether a file of that name is there. Raises OutputError."""
        ...

    def put(self, name: str, data: bytes) -> None:
        """Write a file; one of that name is replaced. Raises OutputError."""
        ...


class FolderResults:
    """A folder of this machine, or of one that all machines share."""

    def __init__(self, folder: Path):
        self.folder = folder

    def has(self, name: str) -> bool:
        return (self.folder / name).is_file()

    def put(self, name: str, data: bytes) -> None:
        path = self.folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, data)
        except OSError as error:
            raise cannot_write(path, error) from error


class UrlResults:
    """A place that fsspec knows, as s3://bucket/people; stores of that kind show a file when it is whole."""

    def __init__(self, url: str):
        """Raises InputError where nothing is known of such places."""
        import fsspec

        self.url = url.rstrip("/")
        try:
            self._files: Any = fsspec.url_to_fs(self.url)[0]
        except (ValueError, ImportError, OSError) as error:
            raise InputError(f'Results cannot be written to "{url}": {error}.', "Give another place.") from error

    def has(self, name: str) -> bool:
        try:
            return bool(self._files.exists(f"{self.url}/{name}"))
        except OSError as error:
            raise self._unreached(error) from error

    def put(self, name: str, data: bytes) -> None:
        place = f"{self.url}/{name}"
        try:
            self._files.makedirs(place.rsplit("/", 1)[0], exist_ok=True)
            self._files.pipe_file(place, data)
        except OSError as error:
            raise self._unreached(error) from error

    def _unreached(self, error: OSError) -> OutputError:
        return OutputError(
            f'"{self.url}" cannot be reached or written to: {error}.',
            fix="See that the place exists and that this machine may write there, and go on with --resume.",
        )

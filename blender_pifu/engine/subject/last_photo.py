# SPDX-License-Identifier: GPL-3.0-or-later
"""The photo that was checked last, kept until the job that follows the check takes it."""

import os

from ..reading.photo import Photo, load_photo

MOST_BYTES = 200e6  # of pixels; larger photos are read again


class LastPhoto:
    """Reads photos, and keeps one between its check and its job: the same file, unchanged, is not read twice."""

    def __init__(self) -> None:
        self._key: tuple | None = None
        self._photo: Photo | None = None

    def check(self, path: str | os.PathLike) -> Photo:
        """The photo of a file, kept for `take`. Raises InputError."""
        photo = self.take(path)
        if photo.rgb.nbytes <= MOST_BYTES:
            self._key, self._photo = _key(path), photo
        return photo

    def take(self, path: str | os.PathLike) -> Photo:
        """The photo of a file, which is not kept any longer. Raises InputError."""
        key, photo, self._key, self._photo = self._key, self._photo, None, None
        if photo is not None and key is not None and key == _key(path):
            return photo
        return load_photo(path)


def _key(path) -> tuple | None:
    """What changes with a file: its place, time and size. None where there is none."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return os.path.realpath(path), status.st_mtime_ns, status.st_size

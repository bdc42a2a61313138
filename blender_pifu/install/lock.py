# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps two installs apart. The operating system holds the lock, so a crash can leave none behind."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from .process import InstallError

try:
    import fcntl
except ImportError:  # Windows
    import msvcrt

_FAR = 4096  # Windows locks bytes against reading too, so the locked one lies beyond the process number


@contextlib.contextmanager
def hold(path: Path) -> Iterator[None]:
    """Hold the lock at `path` for a with-block; raises InstallError if another install holds it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not _take(handle):
            number = os.read(handle, 32).decode().strip()
            raise InstallError(
                f"Another install of the engine is at work here (process {number or 'unknown'}).",
                "Wait for it to end, then try again.",
            )
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
        os.set_inheritable(handle, os.name == "posix")
        yield
    finally:
        os.close(handle)


def take(path: Path) -> int | None:
    """Make a new lock file at `path` and hold it for as long as this process lives or until the handle that is returned
    is closed; None where the file system knows no locks. Raises OSError."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    if _take(handle):
        return handle
    os.close(handle)
    os.unlink(path)
    return None


def is_held(path: Path) -> bool:
    """Whether a living process holds the lock at `path` now."""
    if not path.exists():
        return False
    handle = os.open(path, os.O_RDWR)
    try:
        return not _take(handle)
    finally:
        os.close(handle)


def _take(handle: int) -> bool:
    try:
        if os.name == "posix":
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            os.lseek(handle, _FAR, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    finally:
        os.lseek(handle, 0, os.SEEK_SET)
    return True

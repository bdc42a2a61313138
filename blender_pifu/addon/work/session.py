# SPDX-License-Identifier: GPL-3.0-or-later
"""The one engine process of this Blender, its folder and its log."""

import os
import shutil
import tempfile
import time
from pathlib import Path

from ... import paths
from ...client import Client, Limits
from ...install import lock
from ...protocol import ErrorKind
from ..errors import UserError
from . import engine_state

LIMITS = Limits()
_KEEP_S = 3 * 24 * 3600.0  # logs, and folders of which nobody can tell whose they are, are swept away after this
_LOCK = "in_use.lock"  # in a folder: held while its Blender lives, whatever a clock says
_client: Client | None = None
_folder: Path | None = None
_lock: int | None = None


def log_path() -> Path:
    """The log of this Blender's engine."""
    return paths.logs() / f"engine-{os.getpid()}.log"


def client() -> Client:
    """The client of the installed engine. Raises UserError if the engine is not ready or its folder not writable."""
    global _client
    python = engine_state.require().python
    fresh = _client is None or _client.python != python or _folder.parent != paths.jobs() or not _folder.is_dir()
    if fresh:
        close()
        folder = _make_folder()
        _client = Client(python, folder, log_path(), LIMITS)
    return _client


def is_warm() -> bool:
    """Whether the engine's process is there and idle."""
    return _client is not None and not _client.busy and _client.process is not None


def release() -> None:
    """Let the idle engine go, and the memory that it holds."""
    if _client:
        _client.release()


def new_job_folder() -> Path:
    """A fresh folder for a job's files; `client` has been asked for. Raises UserError."""
    try:
        return Path(tempfile.mkdtemp(prefix="job-", dir=_folder))
    except OSError as error:
        raise _no_folder(error) from error


def close() -> None:
    """End the engine's process and remove this session's files."""
    global _client, _folder, _lock
    if _client:
        _client.close()
    if _lock is not None:
        os.close(_lock)
    if _folder:
        # What Windows still holds is swept by a later session.
        shutil.rmtree(_folder, ignore_errors=True)
    _client = _folder = _lock = None


def _make_folder() -> Path:
    global _folder, _lock
    try:
        paths.jobs().mkdir(parents=True, exist_ok=True)
        paths.logs().mkdir(parents=True, exist_ok=True)
        _sweep()
        _folder = Path(tempfile.mkdtemp(prefix=f"blender-{os.getpid()}-", dir=paths.jobs()))
        _lock = lock.take(_folder / _LOCK)
    except OSError as error:
        raise _no_folder(error) from error
    return _folder


def _sweep() -> None:
    """Remove what Blenders that crashed have left: their photos and results at once, their logs later."""
    old = time.time() - _KEEP_S
    for entry in [*paths.jobs().glob("blender-*"), *paths.logs().glob("engine-*.log")]:
        try:
            known = (entry / _LOCK).exists()
            if not lock.is_held(entry / _LOCK) if known else entry.stat().st_mtime < old:
                shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink()
        except OSError:  # another Blender swept it, or it is another user's
            continue


def _no_folder(error: OSError) -> UserError:
    return UserError(
        ErrorKind.DISK,
        f"The engine's folder {paths.home()} cannot be written: {error.strerror or error}.",
        "Free some room on that disk, or set BLENDER_PIFU_HOME to another folder.",
    )

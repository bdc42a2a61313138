# SPDX-License-Identifier: GPL-3.0-or-later
"""Child processes as Blender may have them: no threads, no pipes to read, no console window.

Standard library only, Python 3.9 or later.
"""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_TAIL_BYTES = 1 << 20  # read at once at most, so that a flood of lines cannot hold Blender
_LINE_BYTES = 4 << 20  # no message is as long: what never ends a line must not fill the memory
# What ties a Python child to another Python than its own, or sends packages elsewhere.
_FOREIGN = {"VIRTUAL_ENV", "__PYVENV_LAUNCHER__", "CONDA_PREFIX", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER"}
_OURS = {"PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1", "PIP_USER": "0", "PIP_NO_INPUT": "1"}


def clean_environment(**more: str) -> dict[str, str]:
    """Our variables without those that change what a Python child imports or where it installs, and `more`; mirrors and
    proxies stay. It writes no bytecode beside its sources, as nothing may be written in an extension's folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON") and name not in _FOREIGN}
    return {**kept, **_OURS, **more}


def start(command, *, cwd, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr, env=None) -> subprocess.Popen:
    """Start `command` apart from our terminal: Ctrl-C in it is not for the child. Raises OSError."""
    if os.name == "nt":
        apart: dict[str, Any] = {"creationflags": subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP}
    else:
        apart = {"start_new_session": True}
    return subprocess.Popen(
        [str(part) for part in command],
        cwd=cwd,
        env=env or clean_environment(),
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        **apart,
    )


class Tail:
    """The lines that a child appends to a file, as they become whole."""

    def __init__(self, path: Path) -> None:
        self._path, self._read, self._part = path, 0, b""

    def lines(self) -> list[bytes]:
        """The lines that are new and whole, without their ends; a part of a line waits for its rest. Raises OSError,
        of a line without an end too."""
        try:
            with open(self._path, "rb") as file:
                file.seek(self._read)
                data = file.read(_TAIL_BYTES)
        except FileNotFoundError:  # the child has not come that far
            return []
        self._read += len(data)
        *whole, self._part = (self._part + data).split(b"\n")
        if len(self._part) > _LINE_BYTES:
            raise OSError(f"a line of more than {_LINE_BYTES:,} bytes")
        return whole


def last_words(log: Path) -> str:
    """The last line of a log that is not empty, or nothing where there is none."""
    try:
        with open(log, "rb") as file:
            file.seek(max(0, log.stat().st_size - 4096))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


def describe_exit(code: int) -> str:
    """A child's exit code in words, with the signal's name where one ended it."""
    if code < 0:
        try:
            return f"signal {signal.Signals(-code).name}"
        except ValueError:
            return f"signal {-code}"
    return f"exit code {code:#x}" if code > 255 else f"exit code {code}"

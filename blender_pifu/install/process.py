# SPDX-License-Identifier: GPL-3.0-or-later
"""Child processes of the installer: a clean environment, every line logged, nothing left running."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path

from ..child import clean_environment


class InstallError(Exception):
    """The install cannot go on. `str(error)` says what happened, `fix` what to do now."""

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.fix = fix


def run(command, *, log=None, on_line=None, env=None, cwd=None, timeout_s=None) -> tuple[int, list[str]]:
    """Run `command` without a standard input; return (exit code, output lines, stderr among them).

    `on_line(line)` is called as each line comes. On an interruption and after `timeout_s` the child is ended.
    Raises InstallError if the program cannot be started or takes longer than `timeout_s`.
    """
    command = [str(part) for part in command]
    try:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=env or clean_environment(),
            cwd=cwd,
            # The lock's handle goes along on purpose: a child that outlives a killed install still keeps others out.
            close_fds=False,
        )
    except OSError as error:
        raise InstallError(f"{command[0]} cannot be started: {error.strerror}.") from error
    assert child.stdout is not None
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        child.kill()

    timer = threading.Timer(timeout_s, expire) if timeout_s else None
    lines = []
    try:
        if timer:
            timer.start()
        _note(log, "$ " + " ".join(command))
        for raw in child.stdout:
            line = raw.decode("utf-8", "replace").rstrip()
            lines.append(line)
            _note(log, line)
            if on_line:
                on_line(line)
        child.wait()
    finally:
        if timer:
            timer.cancel()
        if child.poll() is None:
            child.terminate()
            try:
                child.wait(timeout=10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        child.stdout.close()
    if expired.is_set():
        raise InstallError(f"{Path(command[0]).name} did not finish within {timeout_s:.0f} seconds and was ended.")
    return child.returncode, lines


def _note(log: Path | None, line: str) -> None:
    if log is None or line.startswith("Progress "):
        return
    with open(log, "a", encoding="utf-8") as file:
        file.write(line + "\n")

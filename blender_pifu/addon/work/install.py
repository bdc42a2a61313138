# SPDX-License-Identifier: GPL-3.0-or-later
"""The task behind Install, Repair and Remove: the installer as a child process, its JSON lines as progress."""

import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import bpy

from ... import child
from ...protocol import ErrorKind
from .. import kept
from ..errors import UserError
from . import photo_check, session
from .job import Outcome

INSTALLER = child.ROOT / "vendor_install.py"
_ALLOW = "Allow it in Preferences > System > Network > Allow Online Access, or install from a folder of wheels."
_OVERRIDDEN = "It was started so: start it without --offline-mode, or install from a folder of wheels."
_KILL_S = 10.0  # for the installer to clean up after a cancel


class InstallTask:
    """One run of the installer. Raises UserError if it cannot begin."""

    belongs_to_file = False
    importing = False

    def __init__(self, context, remove: bool = False) -> None:
        self.title = "Remove Engine" if remove else "Install Engine"
        self.first_step = "Removing the engine" if remove else "Starting the installer"
        arguments = ["--remove"] if remove else _install_arguments(kept.preferences(context))
        session.close()  # Windows cannot replace files in use
        self._end: dict = {}
        self._cancelled_at: float | None = None
        try:
            self._folder = Path(tempfile.mkdtemp(prefix="blender_pifu_"))
            output, self._errors = self._folder / "output.jsonl", self._folder / "errors.log"
            with open(output, "wb") as stdout, open(self._errors, "wb") as stderr:
                command = [sys.executable, *bpy.app.python_args, INSTALLER, "--json", *arguments]
                self._process = child.start(command, cwd=self._folder, stdout=stdout, stderr=stderr)
        except OSError as error:
            raise UserError(ErrorKind.INSTALL_FAILED, f"The installer cannot be started: {error}.") from error
        self._tail = child.Tail(output)

    def poll(self, show) -> Outcome | None:
        """Pass its progress on; see how it ended."""
        gone = self._process.poll() is not None
        for line in self._tail.lines():
            item = json.loads(line)
            if "status" in item:
                self._end = item
            elif self._cancelled_at is None:
                show(": ".join(filter(None, (item["step"], item.get("message")))), item["fraction"])
        if gone:
            outcome = self._outcome()
            self._clean()
            return outcome
        if self._cancelled_at is not None and time.monotonic() - self._cancelled_at > _KILL_S:
            self._process.kill()
        return None

    def cancel(self) -> None:
        """Ask the installer to stop; it can be resumed later."""
        if self._cancelled_at is None:
            self._cancelled_at = time.monotonic()
            self._process.terminate()

    def abort(self) -> None:
        """Stop at once."""
        self._process.terminate()
        self._clean()

    def _outcome(self) -> Outcome:
        message, fix = self._end.get("message", ""), self._end.get("fix", "")
        if self._end.get("status") in {"ready", "removed"}:
            photo_check.chosen(bpy.context.scene)  # one that was chosen meanwhile
            return Outcome("DONE", message)
        if self._cancelled_at is not None:
            return Outcome("CANCELLED", "Cancelled. Install goes on where it stopped.")
        if not message:
            words = child.last_words(self._errors)
            message = f"The installer stopped unexpectedly ({child.describe_exit(self._process.returncode)}). {words}"
        return Outcome("FAILED", message, ErrorKind.INSTALL_FAILED, fix)

    def _clean(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)  # best effort in the system's temporary folder


def _install_arguments(choices) -> list[str]:
    arguments = ["--device", choices.device]
    if choices.wheels:
        return [*arguments, "--wheels", os.path.abspath(bpy.path.abspath(choices.wheels))]
    if not bpy.app.online_access:
        raise UserError(
            ErrorKind.OFFLINE,
            "Installing downloads the engine, and Blender is not allowed to go online.",
            _OVERRIDDEN if bpy.app.online_access_override else _ALLOW,
        )
    return arguments

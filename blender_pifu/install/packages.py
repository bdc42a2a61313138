# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the pinned packages into the environment with its own pip, and turns pip's lines into progress."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from .process import InstallError, run
from .report import Report
from .torch_builds import TORCH

PIP = "26.3"
DOWNLOAD_MB = {"engine": 130, "blender": 385, "tests": 190}
_REQUIREMENTS = Path(__file__).resolve().parent / "requirements"
_PROGRESS = re.compile(r"Progress (\d+) of (\d+)")
_FILE = re.compile(r"(?:Downloading|Using cached|Processing) (\S+)")
_NOT_FOUND = "No matching distribution found"
# What pip prints -> what an artist can do about it.
_ADVICE = (
    ("No space left", "Free some room on the disk, then try again: what was downloaded is kept."),
    ("CERTIFICATE_VERIFY_FAILED", "A proxy stands in between: set pip's `cert` to its certificate, then try again."),
    ("HASHES", "The download was changed or cut off on the way: try again, or use another network."),
)
_NETWORK_ADVICE = (
    "Check the network and pip's settings (index-url, proxy) and try again, or put the wheels into a folder and "
    "name it with --wheels DIR."
)


def fingerprint(group: str) -> str:
    """Hash of everything that decides what `group` installs: "engine", "blender" or "tests"."""
    digest = hashlib.sha256(f"torch=={TORCH}\n".encode() if group == "engine" else b"")
    digest.update(requirements_file(group).read_text(encoding="utf-8").encode())
    return digest.hexdigest()[:16]


def bar(report: Report, step: str, start: float, end: float, download_mb: float) -> Callable[[str], None]:
    """A listener for pip's lines that moves the bar from `start` to `end` as about `download_mb` come in."""
    report.progress(step, start)
    file, done_mb, part_mb = "", 0.0, 0.0

    def listen(line: str) -> None:
        nonlocal file, done_mb, part_mb
        moved, named = _PROGRESS.match(line), _FILE.search(line)
        if moved:
            part_mb = int(moved[1]) / 1e6
        elif named:
            file = " ".join(named[1].rpartition("/")[2].split("-")[:2])  # of a wheel its name and version
            done_mb, part_mb = done_mb + part_mb, 0.0
        elif line.startswith("Installing collected packages"):
            file, part_mb = "unpacking", download_mb
        if file:
            report.progress(step, start + (end - start) * min((done_mb + part_mb) / download_mb, 0.98), file)

    return listen


class Pip:
    """The environment's pip. `on_writing()` is called when it begins to change the environment."""

    def __init__(self, python: Path, wheels: Path | None, log: Path, on_writing: Callable[[], None]) -> None:
        self._python, self._log, self._on_writing = python, log, on_writing
        self._where = ["--no-index", "--find-links", str(wheels.resolve())] if wheels else []
        self._wheels = wheels
        self._bar: list[str] = []

    def renew(self) -> None:
        """Bring pip itself to the pinned version; from a folder of wheels only if it is in there."""
        if self._wheels and not any(self._wheels.glob(f"pip-{PIP}-*.whl")):
            return
        self._check(*self._pip([f"pip=={PIP}"]))

    def install(self, group: str, listen: Callable[[str], None]) -> None:
        """Install `group`, holding the engine's own pins; raises InstallError."""
        files = ["-r", requirements_file("engine")] + ([] if group == "engine" else ["-r", requirements_file(group)])
        self._check(*self._pip(files, listen))

    def install_torch(self, choices: list[tuple[str, list[str]]], listen: Callable[[str], None]) -> None:
        """Install the first of the (requirement, pip options) that can be found; raises InstallError."""
        for requirement, options in choices:
            code, lines = self._pip([requirement, "-c", requirements_file("engine"), *options], listen)
            if code == 0 or not any(_NOT_FOUND in line for line in lines):
                self._check(code, lines)
                return
        raise InstallError(
            f"No wheel of PyTorch {TORCH} for this machine was found ({choices[0][0]}): neither pip's own settings nor "
            "PyTorch's wheel site lead to one.",
            _NETWORK_ADVICE,
        )

    def _pip(self, what: list, listen: Callable[[str], None] | None = None) -> tuple[int, list[str]]:
        def on_line(line: str) -> None:
            if line.startswith("Installing collected packages"):
                self._on_writing()
            if listen:
                listen(line)

        # -u: its lines arrive when it prints them. Only wheels: an artist has no compiler.
        pip = [self._python, "-I", "-u", "-m", "pip", "install", "--only-binary=:all:", "--disable-pip-version-check"]
        raw = ["--progress-bar", "raw" if self._knows_raw() else "off"]
        return run([*pip, *raw, *self._where, *what], log=self._log, on_line=on_line)

    def _knows_raw(self) -> bool:
        """Whether this pip can print its progress as plain numbers (24.1 on)."""
        if not self._bar:
            self._bar = run([self._python, "-I", "-m", "pip", "--version"], log=self._log)[1]
        version = re.search(r"pip (\d+)\.(\d+)", self._bar[-1])
        return bool(version) and (int(version[1]), int(version[2])) >= (24, 1)

    def _check(self, code: int, lines: list[str]) -> None:
        if code == 0:
            return
        errors = [line for line in lines if line.startswith("ERROR:")] or lines[-1:] or [f"exit code {code}"]
        text = " ".join(errors)
        fix = next((advice for sign, advice in _ADVICE if sign in text), _NETWORK_ADVICE)
        raise InstallError(f"pip could not install the packages: {errors[-1][:400]} The log is {self._log}.", fix)


def requirements_file(group: str) -> Path:
    """The pins of `group`."""
    return _REQUIREMENTS / f"{group}.txt"

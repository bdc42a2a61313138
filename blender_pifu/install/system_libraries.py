# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared libraries of Linux that Blender's Python module needs and no wheel brings."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from pathlib import Path

from ..child import clean_environment
from .process import InstallError, run

# library -> Debian's and Ubuntu's package
LIBRARIES = {
    "libX11.so.6": "libx11-6",
    "libXrender.so.1": "libxrender1",
    "libXfixes.so.3": "libxfixes3",
    "libXi.so.6": "libxi6",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libSM.so.6": "libsm6",
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
}
_DRIVERS = ("Mesa's OpenGL drivers", "libgl1-mesa-dri")
_DRIVER_FILES = ("/usr/lib/*/dri/*_dri.so", "/usr/lib/dri/*_dri.so", "/usr/lib64/dri/*_dri.so")


def missing() -> dict[str, str]:
    """What is not there: library -> Debian's package. Empty on Windows and macOS."""
    if not sys.platform.startswith("linux"):
        return {}
    absent = {library: package for library, package in LIBRARIES.items() if not _loads(library)}
    if not any(any(Path("/").glob(pattern.lstrip("/"))) for pattern in _DRIVER_FILES):
        absent[_DRIVERS[0]] = _DRIVERS[1]
    return absent


def command(packages) -> str:
    """The one command that installs Debian's `packages`."""
    return "sudo apt-get update && sudo apt-get install -y --no-install-recommends " + " ".join(packages)


def can_install_unasked() -> bool:
    """Whether packages can be installed here without a password: root on Debian or Ubuntu."""
    return bool(shutil.which("apt-get")) and os.geteuid() == 0


def explain(absent: dict[str, str]) -> InstallError:
    """The error for libraries that are not there."""
    message = "Blender's Python module needs system libraries that are not here: " + ", ".join(absent) + "."
    if shutil.which("apt-get"):
        return InstallError(message, f"Run: {command(absent.values())}")
    return InstallError(message, "Install them with your system's package manager, then try again.")


def install(packages, log: Path) -> None:
    """Install Debian's `packages` with apt-get, through sudo for anyone but root; raises InstallError."""
    if not shutil.which("apt-get"):
        raise InstallError(
            "--system installs packages on Debian and Ubuntu alone, and this system has no apt-get.",
            "Install with your system's package manager what Debian calls " + ", ".join(packages) + ".",
        )
    # Without a terminal there is nobody to type a password.
    first = [] if os.geteuid() == 0 else ["sudo"] if sys.stdin and sys.stdin.isatty() else ["sudo", "-n"]
    env = clean_environment(DEBIAN_FRONTEND="noninteractive")
    for step in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        code, lines = run([*first, "apt-get", *step], log=log, env=env)
        if code:
            last = next((line for line in reversed(lines) if line.strip()), "")
            raise InstallError(f"apt-get {step[0]} failed: {last}", f"Run it yourself: {command(packages)}")


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True

# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds the Python that the engine's environment is made from."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..child import clean_environment
from . import system_libraries
from .process import InstallError
from .uv import managed_python

PREFERRED = "3.11"  # the pins, and Blender's module, are for it
SUPPORTED = (PREFERRED, "3.12", "3.13")
_PROBE = """
import importlib.util, json, struct, sys, sysconfig
has = lambda name: importlib.util.find_spec(name) is not None
print(json.dumps({
    "path": getattr(sys, "_base_executable", None) or sys.executable,
    "version": "%d.%d" % sys.version_info[:2],
    "full_version": "%d.%d.%d" % sys.version_info[:3],
    "is_cpython": sys.implementation.name == "cpython" and not sysconfig.get_config_var("Py_GIL_DISABLED"),
    "bits": struct.calcsize("P") * 8,
    "can_make_environments": has("venv") and has("ensurepip"),
}))
"""


@dataclass(frozen=True)
class Interpreter:
    """A Python on this machine: its real executable, "3.11", "3.11.7"."""

    path: Path
    version: str
    full_version: str


def choose(asked: str | None, home: Path, log: Path, *, offline: bool, system: bool) -> Interpreter:
    """The Python asked for; else a 3.11 of this machine; else one that uv brings; else another supported one.

    `offline` forbids downloads, `system` lets apt-get bring Debian's. Raises InstallError if there is none.
    """
    if asked:
        found, reason = probe(asked)
        if not found:
            raise InstallError(
                f"{asked} cannot carry the engine: {reason}.", f"Give --python a CPython {' or '.join(SUPPORTED)}."
            )
        return found
    on_machine = _on_this_machine(SUPPORTED)
    if PREFERRED in on_machine:
        return on_machine[PREFERRED]
    reason = "downloads are off with --wheels"
    if not offline:
        try:
            found, reason = probe(managed_python(PREFERRED, home, log))
            if found:
                return found
        except InstallError as error:  # told below, if nothing else serves
            reason = str(error)
    if not on_machine and system:
        system_libraries.install(["python3-venv", "python3-pip"], log)
        on_machine = _on_this_machine(SUPPORTED)
    for version in SUPPORTED:
        if version in on_machine:
            return on_machine[version]
    raise InstallError(
        f"The engine needs a Python {', '.join(SUPPORTED)} with venv and pip, and none was found or could be fetched "
        f"({reason.rstrip('.')}).",
        f"Install Python {PREFERRED} (Debian, Ubuntu: sudo apt-get install python3-venv python3-pip), or name one with "
        "--python PATH.",
    )


def probe(path: str | Path) -> tuple[Interpreter | None, str]:
    """(the interpreter behind `path`, "") or (None, why it does not serve)."""
    try:
        answer = subprocess.run(
            [str(path), "-I", "-c", _PROBE],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=30, env=clean_environment(),
        )  # fmt: skip
        facts = json.loads(answer.stdout.decode("utf-8").strip().splitlines()[-1])
    except (OSError, subprocess.TimeoutExpired, ValueError, IndexError):
        return None, "it does not run as a Python"
    found = Interpreter(Path(facts["path"]), facts["version"], facts["full_version"])
    if facts["version"] not in SUPPORTED:
        return None, f"it is Python {facts['full_version']}"
    if not facts["is_cpython"] or facts["bits"] != 64:
        return None, "it is not the ordinary 64-bit CPython"
    if not facts["can_make_environments"]:
        return None, "its venv or ensurepip is missing (Debian, Ubuntu: sudo apt-get install python3-venv)"
    if is_blenders(found.path):
        return None, "it is Blender's own Python, which the engine must not depend on"
    if "WindowsApps" in found.path.parts:
        return None, "the Microsoft Store's Python hides the folders it writes to"
    return found, ""


def is_blenders(path: Path) -> bool:
    """Whether `path` is the Python in a Blender's folder, 4.5/python/bin/python3.11 beside 4.5/scripts."""
    return any(folder.name == "python" and (folder.parent / "scripts").is_dir() for folder in path.parents)


def _on_this_machine(versions: tuple[str, ...]) -> dict[str, Interpreter]:
    """Version -> the first suitable interpreter; stops looking at the preferred one."""
    found: dict[str, Interpreter] = {}
    for path in _candidates(versions):
        interpreter, _ = probe(path)
        if interpreter:
            found.setdefault(interpreter.version, interpreter)
        if PREFERRED in found:
            break
    return found


def _candidates(versions: tuple[str, ...]) -> Iterator[Path]:
    yield Path(sys.executable)
    ending = ".exe" if os.name == "nt" else ""
    names = [f"python{version}{ending}" for version in versions] + [f"python3{ending}", f"python{ending}"]
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    # A program started from a desktop has a short PATH.
    user = Path.home()
    folders += [Path("/opt/homebrew/bin"), Path("/usr/local/bin"), Path("/usr/bin")]
    for version in versions:
        folders.append(Path(f"/Library/Frameworks/Python.framework/Versions/{version}/bin"))
        folders.append(user / f"AppData/Local/Programs/Python/Python{version.replace('.', '')}")
        folders.extend(sorted(user.glob(f".pyenv/versions/{version}.*/bin")))
    # Apple's /usr/bin/python3 is never recent enough and may open a dialog instead of running.
    seen = {Path("/usr/bin/python3")} if sys.platform == "darwin" else set()
    for name in names:
        for folder in folders:
            path = folder / name
            if path not in seen and path.is_file():
                seen.add(path)
                yield path

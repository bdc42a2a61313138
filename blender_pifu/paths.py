# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the engine's environment, its stamp, jobs and logs lie. Standard library only, Python 3.9 or later."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path


def home() -> Path:
    """The one folder of everything: $BLENDER_PIFU_HOME, else the OS's per-user data folder."""
    chosen = os.environ.get("BLENDER_PIFU_HOME")
    if chosen:
        return Path(chosen).expanduser().absolute()
    if sys.platform == "win32":
        data = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        data = Path.home() / "Library" / "Application Support"
    else:
        data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "blender_pifu"


def environment() -> Path:
    """The engine's private Python environment."""
    return home() / "env"


def environment_python() -> Path:
    """The Python of the engine's environment."""
    if sys.platform == "win32":
        return environment() / "Scripts" / "python.exe"
    return environment() / "bin" / "python"


def stamp() -> Path:
    """The file that says the environment is good; the installer writes it last."""
    return home() / "env.json"


def read_stamp() -> dict:
    """What the installer wrote into the stamp ("python", "device", "torch", ...); empty where there is no good one."""
    try:
        item = json.loads(stamp().read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):  # never written, or cut off: the same
        return {}
    return item if isinstance(item, dict) and isinstance(item.get("python"), str) else {}


def jobs() -> Path:
    """Folder of the jobs' results and event files."""
    return home() / "jobs"


def models() -> Path:
    """Folder of the imported models: a .safetensors file and its card (.json) each."""
    return home() / "models"


def logs() -> Path:
    """Folder of the engine's and the installer's logs."""
    return home() / "logs"

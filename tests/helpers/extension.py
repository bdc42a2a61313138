# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's zip as Blender's own tool builds it, and one of a later version."""

import subprocess
import sys
import zipfile
from pathlib import Path

import bpy

from blender_pifu import child

_BLENDER = Path(bpy.utils.resource_path("LOCAL"))  # pyright: ignore[reportAttributeAccessIssue]
_TOOL = _BLENDER / "scripts" / "addons_core" / "bl_pkg" / "cli" / "blender_ext.py"
_MANIFEST = "blender_manifest.toml"


def tool(*arguments) -> str:
    """What Blender's command `extension` answers."""
    command = [sys.executable, _TOOL, *map(str, arguments)]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def build(out: Path) -> Path:
    """The zip, built into the folder `out`."""
    tool("build", "--source-dir", child.ROOT, "--output-dir", out)
    (path,) = out.glob("*.zip")
    return path


def of_version(archive: Path, version: str, path: Path) -> Path:
    """A copy of a zip at `path` that says it is another version."""
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(path, "w") as new:
        for entry in old.infolist():
            data = old.read(entry)
            if entry.filename == _MANIFEST:
                lines = data.decode().splitlines()
                data = "\n".join(f'version = "{version}"' if line.startswith("version =") else line for line in lines)
            new.writestr(entry, data)
    return path

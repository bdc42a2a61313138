# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's tests in every Blender that is there: by `vendor_install.py --test --all-blenders`.

$BLENDER_PIFU_BLENDERS names them: Blender's executables, which play the windowed tests, and Pythons (files called
python...) with the bpy wheel and what the tests need, which run tests/blender, but for faults of the engine's process,
which is the same under each (`--faults`). This Python's own bpy is one of them.
"""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_ENGINES = {"test_each_step", "test_memory"}
_ABOUT = "import bpy, torch, pytest; print(bpy.app.version_string, flush=True); import os; os._exit(0)"


def named() -> list[str]:
    """The Blenders of $BLENDER_PIFU_BLENDERS."""
    return [name for name in os.environ.get("BLENDER_PIFU_BLENDERS", "").split(os.pathsep) if name]


def headless(python: str, arguments: list[str]) -> str:
    """Run tests/blender in a Python with bpy; how it ended, in words."""
    about = subprocess.run([python, "-s", "-c", _ABOUT], capture_output=True, text=True, check=False)
    if about.returncode:
        return f"skipped: {(about.stderr.strip().splitlines() or ['no answer'])[-1]}"
    version = about.stdout.split()[0]
    failed = [file.stem for file in _files() if not _passes([python, "-s", "-m", "pytest", file, *arguments])]
    ended = f"FAILED: {', '.join(failed)}" if failed else "passed"
    return f"Blender {version}: {ended}"


def _files() -> list[Path]:
    """The tests' files, each for a process of its own: 4.2 as a module damages its memory in some exports, and a later
    test would fall over it."""
    return sorted(file for file in (ROOT / "tests/blender").rglob("test_*.py") if file.stem not in _ENGINES)


def _passes(command: list) -> bool:
    return subprocess.run(command, cwd=ROOT, check=False).returncode in (0, 5)  # 5: the arguments choose none of these


def main(arguments: list[str]) -> int:
    """Run all, print one line each; 1 if any failed."""
    pythons = [sys.executable, *(name for name in named() if Path(name).name.startswith("python"))]
    blenders = [name for name in named() if name not in pythons]
    told = [f"{python}: {headless(python, arguments)}" for python in pythons]
    for blender in blenders:
        environment = {**os.environ, "BLENDER_PIFU_BLENDERS": blender}
        command = [sys.executable, "-s", "-m", "pytest", "tests/gui", *arguments]
        ended = subprocess.run(command, cwd=ROOT, env=environment, check=False)
        told.append(f"{blender}, with a window: {'passed' if ended.returncode == 0 else 'FAILED'}")
    if not blenders:
        told.append("With a window: skipped, since BLENDER_PIFU_BLENDERS names no Blender.")
    print("\n".join(["", *told]))
    return int(any("FAILED" in line for line in told))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's modules are compiled once, and nothing is written beside them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "blender_pifu"
RUN = """
import py_compile, sys
from pathlib import Path
compiled, compile_as = [], py_compile.compile
py_compile.compile = lambda file, *given, **how: (compiled.append(Path(file).stem), compile_as(file, *given, **how))
from blender_pifu.engine.bytecode import keep_bytecode
before = sys.pycache_prefix, sys.dont_write_bytecode
keep_bytecode()
from blender_pifu import steps
from blender_pifu.engine import progress
assert (sys.pycache_prefix, sys.dont_write_bytecode) == before
print(steps.BIND.split()[0], *compiled)
"""


@pytest.fixture
def copy(tmp_path):
    """The package's own files in a folder, and a home with an environment."""
    to = tmp_path / "extension" / "blender_pifu"
    (to / "engine").mkdir(parents=True)
    for name in ("__init__", "paths", "steps", "engine/__init__", "engine/bytecode", "engine/progress"):
        shutil.copy2(PACKAGE / f"{name}.py", to / f"{name}.py")
    (tmp_path / "home" / "env").mkdir(parents=True)
    return to


def run(copy, **more):
    home = copy.parents[1] / "home"
    environment = os.environ | {"BLENDER_PIFU_HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"} | more
    environment.pop("PYTHONPYCACHEPREFIX", None)
    command = [sys.executable, "-c", RUN]
    said = subprocess.run(command, cwd=copy.parent, env=environment, capture_output=True, text=True, check=True)
    return said.stdout.split()


def kept(copy):
    home = copy.parents[1] / "home"
    return sorted(path.name.partition(".")[0] for path in home.rglob("*.pyc"))


def test_what_was_compiled_is_there_for_the_next_process(copy):
    beside = sorted(copy.rglob("*"))
    assert sorted(run(copy)[1:]) == kept(copy) == ["progress", "steps"]
    assert run(copy)[1:] == []
    assert sorted(copy.rglob("*")) == beside


def test_another_source_of_the_same_date_and_size_is_compiled_anew(copy):
    run(copy)
    path = copy / "steps.py"
    date, text = path.stat(), path.read_text(encoding="utf-8")
    path.write_text(text.replace('"Binding', '"binding'), encoding="utf-8")
    os.utime(path, ns=(date.st_atime_ns, date.st_mtime_ns))
    assert path.stat().st_size == date.st_size
    assert run(copy)[0] == "binding"


def test_without_a_folder_to_write_it_goes_on_as_before(copy):
    folder = copy.parents[1] / "home" / "env" / "bytecode"
    folder.write_text("in the way")
    assert run(copy)[0] == "Binding"
    folder.unlink()
    folder.parent.rmdir()
    run(copy)
    assert not kept(copy) and not folder.parent.exists()


def test_who_lets_python_write_beside_sources_keeps_nothing_here(copy):
    run(copy, PYTHONDONTWRITEBYTECODE="")
    assert not kept(copy)
    assert list(copy.rglob("*.pyc"))

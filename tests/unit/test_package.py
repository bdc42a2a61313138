# SPDX-License-Identifier: GPL-3.0-or-later
"""`pip install .` gives pipelines the engine: its wheel, in an environment that has nothing of ours."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PHOTO = ROOT / "blender_pifu" / "data" / "photos" / "man_polo_full_body.jpg"
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]


def test_it_needs_what_the_installer_pins():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = (ROOT / "blender_pifu/install/requirements/engine.txt").read_text(encoding="utf-8").split("\n\n")[0]
    names = {line.split("==")[0] for line in pinned.splitlines() if not line.startswith("#")}
    assert set(project["dependencies"]) == names | {"torch"}


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The scripts' folder of an empty environment into which the wheel was installed, without a network."""
    folder = tmp_path_factory.mktemp("package")
    source, room = folder / "source", folder / "room"
    ignored = shutil.ignore_patterns("__pycache__", "training")
    shutil.copytree(ROOT / "blender_pifu", source / "blender_pifu", ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    wheels = [*PIP, "wheel", "--no-deps", "--no-index", "--no-build-isolation", "-w", folder, source]
    subprocess.run(wheels, check=True, capture_output=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", room], check=True)
    scripts = room / ("Scripts" if os.name == "nt" else "bin")
    python = next(path for path in scripts.iterdir() if path.stem == "python")
    site = subprocess.check_output([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True)
    # torch and the rest are there already: this environment's.
    Path(site.strip(), "libraries.pth").write_text(sysconfig.get_path("purelib"))
    install = [*PIP, "--python", python, "install", "--no-deps", "--no-index", *folder.glob("*.whl")]
    subprocess.run(install, check=True, capture_output=True)
    return scripts


def test_the_command_reads_a_photo_there(installed, tmp_path):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [installed / "pifu-human", PHOTO, "--advise", "--device", "cpu"]
    said = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert said.returncode == 0, said.stderr
    assert len(json.loads(said.stdout)["people"]) == 1
    assert not list(tmp_path.iterdir())

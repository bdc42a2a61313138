# SPDX-License-Identifier: GPL-3.0-or-later
"""A Blender with a window, with the built zip in an empty profile. $BLENDER_PIFU_BLENDERS names the Blenders."""

import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import time
from pathlib import Path

import pytest
from gui.all_blenders import named
from PIL import ImageGrab

from blender_pifu import child
from blender_pifu.install.packages import PIP, fingerprint
from blender_pifu.install.torch_builds import TORCH, choose

BLENDERS = [Path(name) for name in named()]
SIZE = "1400x1600x24"  # high enough for every panel


def pytest_generate_tests(metafunc):
    if "blender" in metafunc.fixturenames:
        none = pytest.param(None, marks=pytest.mark.skip("BLENDER_PIFU_BLENDERS names no Blender"), id="none")
        named = [pytest.param(path, id=f"{path.parent.name}-{path.name}") for path in BLENDERS]
        metafunc.parametrize("blender", named or [none], scope="module")


@pytest.fixture(scope="session")
def display():
    """The name of an X display: that of this session, or of a virtual one with software OpenGL."""
    if os.environ.get("DISPLAY") or os.name != "posix":
        yield os.environ.get("DISPLAY", "")
        return
    if not shutil.which("Xvfb"):
        pytest.skip("there is no display, and no Xvfb to make one")
    number = next(n for n in range(90, 190) if not Path(f"/tmp/.X11-unix/X{n}").exists())
    server = subprocess.Popen(["Xvfb", f":{number}", "-screen", "0", SIZE], stderr=subprocess.DEVNULL)
    try:
        limit = time.monotonic() + 60
        while not Path(f"/tmp/.X11-unix/X{number}").exists():
            assert server.poll() is None and time.monotonic() < limit, "Xvfb does not start"
            time.sleep(0.2)
        yield f":{number}"
    finally:
        server.terminate()
        try:
            server.wait(timeout=20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


@pytest.fixture(scope="module")
def archive(tmp_path_factory, blender):
    """The zip as this Blender builds it."""
    out = tmp_path_factory.mktemp("zip")
    command = [blender, "--command", "extension", "build", "--source-dir", child.ROOT, "--output-dir", out]
    subprocess.run(command, check=True, timeout=300, stdout=subprocess.DEVNULL)
    (path,) = out.glob("*.zip")
    return path


@pytest.fixture(scope="module")
def profile(tmp_path_factory, blender, display):
    """The environment of a Blender with an empty profile, whose engine's installation was cut off when all had been
    downloaded: these tests' packages stand for it."""
    resources = tmp_path_factory.mktemp("profile")
    home = resources / "engine home"
    download_engine(home)
    words = {"DISPLAY": display, "BLENDER_USER_RESOURCES": str(resources), "BLENDER_PIFU_HOME": str(home)}
    environment = child.clean_environment(**words, LIBGL_ALWAYS_SOFTWARE="1")
    quiet = "import bpy; bpy.context.preferences.view.show_splash = False; bpy.ops.wm.save_userpref()"
    command = [blender, "-b", "--python-expr", quiet]
    subprocess.run(command, env=environment, check=True, timeout=300, stdout=subprocess.DEVNULL)
    return environment


def download_engine(home):
    """An engine home as a cut-off installation leaves it: an environment with the packages, not tested, no stamp."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home / "env"], check=True, timeout=300)
    (packages,) = (home / "env" / "lib").glob("python*/site-packages")
    (packages / "tests.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    version = platform.python_version()
    groups = {"pip": PIP, "torch": TORCH, "engine": fingerprint("engine")}
    state = {
        "asked": "auto",
        "build": choose("auto").label,
        "base": sys.executable,
        "python": version,
        "groups": groups,
    }
    (home / "env" / "blender_pifu.json").write_text(json.dumps(state), encoding="utf-8")
    (home / "README.txt").touch()  # by which the installer knows its own


def take_pictures(out, display):
    """Take the pictures of the display that the play in `out` wishes for."""
    for wish in out.glob("*.wish"):
        number = len(list(out.glob("*.png"))) + 1
        ImageGrab.grab(xdisplay=display or None).save(out / f"{number:02d}-{wish.stem}.png")
        wish.unlink()


def _attend(process, out, hand, display):
    """Take pictures and move the hand as the play in `out` wishes, until it ends."""
    limit = time.monotonic() + 7200
    while process.poll() is None:
        assert time.monotonic() < limit, "it never ended"
        take_pictures(out, display)
        if (out / "hand.json").exists():
            hand.obey(out / "hand.json")
        time.sleep(0.1)


@pytest.fixture(scope="module")
def play(tmp_path_factory, blender, archive, profile):
    """A function that plays `play.py`; returns the folder with its screenshots and told.json."""

    def run(config):
        hand_of = pytest.importorskip("gui.hand", reason="an X display's hand needs python-xlib")
        out = tmp_path_factory.mktemp("played")
        told = {**config, "out": str(out), "zip": str(archive)}
        (out / "config.json").write_text(json.dumps(told), encoding="utf-8")
        script = Path(__file__).with_name("play.py")
        arguments = ["--window-geometry", "0", "0", *SIZE.split("x")[:2], "--python", script, "--", out / "config.json"]
        with open(out / "blender.log", "wb") as log:
            process = subprocess.Popen([blender, *arguments], env=profile, stdout=log, stderr=subprocess.STDOUT)
        try:
            _attend(process, out, hand_of.Hand(profile["DISPLAY"]), profile["DISPLAY"])
        finally:
            process.kill()
        assert (out / "told.json").exists(), (out / "blender.log").read_text(errors="replace")[-3000:]
        return out, process.returncode

    return run

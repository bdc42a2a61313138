# SPDX-License-Identifier: GPL-3.0-or-later
"""A Blender with a window, with the built zip in an empty profile. $BLENDER_PIFU_BLENDERS names the Blenders."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from gui.all_blenders import named
from PIL import ImageGrab

from blender_pifu import child

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
def profile(tmp_path_factory, blender, display, archive):
    """The environment of a Blender whose profile held nothing before the zip was installed."""
    resources = tmp_path_factory.mktemp("profile")
    home = resources / "engine home"
    home.mkdir()
    words = {"DISPLAY": display, "BLENDER_USER_RESOURCES": str(resources), "BLENDER_PIFU_HOME": str(home)}
    environment = child.clean_environment(**words, LIBGL_ALWAYS_SOFTWARE="1")
    install = ["--command", "extension", "install-file", "-r", "user_default", "--enable", archive]
    quiet = "import bpy; bpy.context.preferences.view.show_splash = False; bpy.ops.wm.save_userpref()"
    for arguments in (install, ["-b", "--python-expr", quiet]):
        subprocess.run([blender, *arguments], env=environment, check=True, timeout=300, stdout=subprocess.DEVNULL)
    return environment


def take_pictures(out, display):
    """Take the pictures of the display that the play in `out` wishes for."""
    for wish in out.glob("*.wish"):
        number = len(list(out.glob("*.png"))) + 1
        ImageGrab.grab(xdisplay=display or None).save(out / f"{number:02d}-{wish.stem}.png")
        wish.unlink()


@pytest.fixture(scope="module")
def play(tmp_path_factory, blender, profile):
    """A function that plays `play.py`; returns the folder with its screenshots and told.json."""

    def run(config):
        import json

        out = tmp_path_factory.mktemp("played")
        told = {**config, "out": str(out), "home": profile["BLENDER_PIFU_HOME"]}
        (out / "config.json").write_text(json.dumps(told), encoding="utf-8")
        script = Path(__file__).with_name("play.py")
        arguments = ["--window-geometry", "0", "0", *SIZE.split("x")[:2], "--python", script, "--", out / "config.json"]
        with open(out / "blender.log", "wb") as log:
            process = subprocess.Popen([blender, *arguments], env=profile, stdout=log, stderr=subprocess.STDOUT)
        limit = time.monotonic() + 7200
        while process.poll() is None:
            assert time.monotonic() < limit or process.kill(), "it never ended"
            take_pictures(out, profile["DISPLAY"])
            time.sleep(0.1)
        assert (out / "told.json").exists(), (out / "blender.log").read_text(errors="replace")[-3000:]
        return out, process.returncode

    return run


@pytest.fixture(scope="session")
def stamp():
    """What the installer would have left: the Python of these tests as the engine's."""
    import json

    from blender_pifu.install.packages import fingerprint

    return json.dumps({"python": sys.executable, "device": "cpu", "torch": "2", "requirements": fingerprint("engine")})

# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on in the Blender of this process, with an engine home of its own for each test."""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

bpy = pytest.importorskip("bpy")

import blender_pifu  # noqa: E402
from blender_pifu.addon import demo, session  # noqa: E402
from blender_pifu.addon.work import (  # noqa: E402
    generate,
    job,
    photo_check,  # noqa: E402
)
from blender_pifu.install.packages import fingerprint  # noqa: E402
from blender_pifu.result_file import FORMAT, read_result  # noqa: E402
from helpers import own_time  # noqa: E402

PHOTO = Path(blender_pifu.__file__).parent / "data" / "photos" / "man_polo_full_body.jpg"


def write_stamp(home, python=sys.executable):
    """Have the Python of these tests count as the installed engine."""
    stamp = {"python": str(python), "device": "cpu", "torch": "2", "requirements": fingerprint("engine")}
    (home / "env.json").write_text(json.dumps(stamp), encoding="utf-8")


@pytest.fixture(scope="session", autouse=True)
def enabled():
    demo.enable()


@pytest.fixture(scope="session")
def shared_home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    write_stamp(home)
    return home


@pytest.fixture(autouse=True)
def scene(shared_home, monkeypatch):
    """A fresh file with the default cube, the cheapest choices, and the engine (kept warm between tests) at hand."""
    monkeypatch.setenv("BLENDER_PIFU_HOME", str(shared_home))
    monkeypatch.setattr(job, "_engine_outcome", None)  # else it is carried over, as from file to file
    monkeypatch.setattr(job, "time", own_time)
    bpy.ops.wm.read_factory_settings()
    if demo.PACKAGE not in bpy.context.preferences.addons:
        bpy.context.preferences.addons.new().module = demo.PACKAGE
    scene = bpy.context.scene
    scene.pifu.quality, scene.pifu.topology, scene.pifu.texture, scene.pifu.skeleton = "DRAFT", "SCULPT", "NONE", False
    scene.pifu.model = "fast"
    job.ticks.clear()
    yield scene
    job.abort()
    bpy.context.window_manager.pifu_queue.entries.clear()
    photo_check.forget()


@pytest.fixture
def empty_home(tmp_path, monkeypatch):
    """No engine there."""
    home = tmp_path / "empty home"
    home.mkdir()
    monkeypatch.setenv("BLENDER_PIFU_HOME", str(home))
    yield home
    session.close()


@pytest.fixture(scope="session")
def photo(tmp_path_factory):
    """A cut-out person, who is found sooner than one in a photo."""
    from helpers import silhouette

    return silhouette.write_cut_out(tmp_path_factory.mktemp("photo") / "Ann.png")


@pytest.fixture(scope="session")
def rigged_arrays():
    """The arrays of a result with all optional groups: a posed synthetic body, its joints and weights true."""
    from helpers.posed_body import posed_body

    return posed_body(keys=True)


@pytest.fixture(scope="session")
def rigged(rigged_arrays, tmp_path_factory):
    """The same as the add-on reads it."""
    path = tmp_path_factory.mktemp("rigged") / "result.npz"
    np.savez(path, **rigged_arrays)
    return read_result(path)


@pytest.fixture(scope="session")
def full_photo():
    return PHOTO


@pytest.fixture(scope="session")
def two_photo(tmp_path_factory):
    """Two men side by side: in a suit, and, further right, in a polo shirt."""
    suit, polo = (np.asarray(Image.open(PHOTO.with_name(name))) for name in ("man_suit_full_body.jpg", PHOTO.name))
    path = tmp_path_factory.mktemp("photo") / "two.png"
    Image.fromarray(np.hstack([part[:, 150:-150] for part in (suit[: len(polo)], polo[: len(suit)])])).save(path)
    return path


@pytest.fixture
def contents():
    """A function that tells what the file holds."""

    def names():
        kinds = ("objects", "meshes", "materials", "collections", "images", "scenes")
        return {kind: sorted(block.name for block in getattr(bpy.data, kind)) for kind in kinds}

    return names


class Work:
    """A generation as it runs in a Blender with a window: tick by tick."""

    def __init__(self, filepath=""):
        job.begin(generate.GenerateTask(bpy.context, str(filepath)))

    @property
    def status(self):
        return bpy.context.window_manager.pifu

    def until(self, step=None):
        """Tick until a step is shown, or to the end."""
        limit = time.monotonic() + 120
        while job.tick() is not None:
            if step is not None and self.status.step == step:
                return self
            assert time.monotonic() < limit, self.status.step
            time.sleep(0.01)
        assert step is None, f"{step} never came; {self.status.state} {self.status.message}"
        return self

    @property
    def engine(self):
        """The engine's process."""
        return session._client.process


@pytest.fixture
def work():
    return Work


@pytest.fixture
def works_again(photo):
    """A function that presses the button once more and sees a human come."""

    def press():
        before = len(bpy.data.objects)
        assert bpy.ops.pifu.generate(filepath=str(photo)) == {"FINISHED"}
        assert len(bpy.data.objects) == before + 1
        assert bpy.context.window_manager.pifu.state == "DONE"

    return press


@pytest.fixture
def write_result(tmp_path):
    """A function that writes a small right result, changed as asked; returns its path."""

    def write(**change):
        arrays = {
            "vertices": np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32),
            "faces": np.array([[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]], np.int32),
            "normals": np.zeros((4, 3), np.float32),
            "colors": np.array([[255, 0, 0], [0, 128, 0], [0, 0, 255], [10, 20, 30]], np.uint8),
            "summary": np.array("{}"),
            "format": np.array(FORMAT, np.int32),
        }
        path = tmp_path / "result.npz"
        np.savez(path, **{**arrays, **change})
        return path

    return write


os.environ.pop("BLENDER_PIFU_HOME", None)  # a test without one of its own must not touch the user's

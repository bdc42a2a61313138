# SPDX-License-Identifier: GPL-3.0-or-later
"""Blenders that crash or end in mid-job, and several at once, over one engine home."""

import json
import os
import subprocess
import sys
from pathlib import Path

import bpy
import pytest

from blender_pifu import child, paths
from blender_pifu.addon.work import session
from blender_pifu.protocol import ErrorKind

from .conftest import is_gone, posix

pytestmark = posix

_BLENDER = """
import os, sys, time
import bpy
from blender_pifu import addon
from blender_pifu.addon import demo
from blender_pifu.addon.work import generate, job, session
demo.enable()
choices = bpy.context.scene.pifu
choices.quality, choices.topology, choices.texture, choices.skeleton = "DRAFT", "SCULPT", "NONE", False
job.begin(generate.GenerateTask(bpy.context, sys.argv[1]))
while bpy.context.window_manager.pifu.step != "Cutting out the person":
    assert job.tick() is not None, bpy.context.window_manager.pifu.message
    time.sleep(0.01)
print("AT WORK", session._client.process.pid, session._folder, flush=True)
if sys.stdin.readline() == "go on\\n":
    while job.tick() is not None:
        time.sleep(0.01)
    print("ENDED", bpy.context.window_manager.pifu.state, len(bpy.data.objects), flush=True)
addon.unregister()  # as Blender does when it quits; its module's own end may hang
os._exit(0)
"""


class OtherBlender:
    """A Blender of its own, stopped in the middle of a job."""

    def __init__(self, photo):
        self.process = subprocess.Popen(
            [sys.executable, "-c", _BLENDER, str(photo)], cwd=child.ROOT, env={**os.environ, "PYTHONPATH": ""},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        _, _, pid, folder = self._line("AT WORK").split(maxsplit=3)
        self.engine, self.folder = int(pid), Path(folder.strip())

    def _line(self, beginning):
        said = []
        for line in self.process.stdout:
            said.append(line)
            if line.startswith(beginning):
                return line
        raise AssertionError("".join(said))

    def go_on(self):
        """Let it finish; how it ended."""
        self.process.stdin.write("go on\n")
        self.process.stdin.flush()
        return self._line("ENDED").split()[1]

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture
def other(photo):
    blender = OtherBlender(photo)
    yield blender
    blender.end()


@pytest.mark.parametrize("how", ["crashes", "ends"])
def test_another_blender_goes_in_mid_job(other, how, works_again):
    if how == "crashes":
        other.process.kill()
    else:
        other.process.stdin.close()
    other.process.wait(timeout=60)
    assert is_gone(other.engine)
    session.close()
    works_again()  # its beginning sweeps up
    assert not other.folder.exists(), "the photo and the half result of a Blender that is gone do not lie about"


def test_two_blenders_work_at_once_and_sweep_nothing_of_each_other(other, works_again):
    session.close()
    works_again()
    assert other.folder.exists()
    assert other.go_on() == "DONE"


def test_two_versions_share_one_engine_home(other, photo, shared_home, works_again):
    """The other version's installer has changed the environment: this one says so, that one goes on."""
    stamp = (shared_home / "env.json").read_text()
    try:
        (shared_home / "env.json").write_text(json.dumps(json.loads(stamp) | {"requirements": "of the other version"}))
        with pytest.raises(RuntimeError):
            bpy.ops.pifu.generate(filepath=str(photo))
        assert bpy.context.window_manager.pifu.kind == ErrorKind.ENGINE_OUTDATED
        assert other.go_on() == "DONE"
    finally:
        (shared_home / "env.json").write_text(stamp)
    works_again()
    assert paths.stamp().read_text() == stamp

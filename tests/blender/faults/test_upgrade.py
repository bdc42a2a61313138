# SPDX-License-Identifier: GPL-3.0-or-later
"""A later version of the extension is installed over this one while a job is under way."""

import subprocess
import sys
from pathlib import Path

from blender_pifu import child
from helpers import extension

from .conftest import is_gone, posix

_SESSION = """
import os, sys, time
import bpy
import addon_utils
first, second, photo = sys.argv[1:]
MODULE = "bl_ext.user_default.blender_pifu"

def check(condition, what):
    if not condition:
        print("NOT", what, flush=True)
        os._exit(1)

def install(archive):
    bpy.ops.extensions.package_install_files(filepath=archive, repo="user_default", enable_on_install=True)
    check(MODULE in bpy.context.preferences.addons, "enabled")

def module(name):
    return sys.modules[f"{MODULE}.blender_pifu.addon.{name}"]

def cheap(choices):
    choices.quality, choices.topology, choices.texture, choices.skeleton = "DRAFT", "SCULPT", "NONE", False
    choices.model = "fast"

addon_utils.enable("bl_pkg")
install(first)
bpy.context.preferences.addons[MODULE].preferences.device = "cpu"
cheap(bpy.context.scene.pifu)
bpy.context.scene.pifu.height_m = 1.81
before = sorted(thing.name for thing in bpy.data.objects)
job, session = module("work.job"), module("work.session")
job.begin(module("work.generate").GenerateTask(bpy.context, photo))
while bpy.context.window_manager.pifu.step != "Cutting out the person":
    check(job.tick() is not None, bpy.context.window_manager.pifu.message)
    time.sleep(0.01)
engine, folder = session._client.process.pid, session._folder
install(second)
check(module("work.job") is not job, "the later version's code is at work")
check(job.tick() is None and not job.is_running(), "the old one's job ended")
check(not folder.exists(), "its photo and half result are gone")
check(not bpy.app.timers.is_registered(job.tick), "nothing of it comes back")
check(sorted(thing.name for thing in bpy.data.objects) == before, "scene as before")
check(abs(bpy.context.scene.pifu.height_m - 1.81) < 1e-5, "settings as before")
ours = [one for handlers in (bpy.app.handlers.load_pre, bpy.app.handlers.load_post)
        for one in handlers if "pifu" in one.__module__]
check(len({(one.__module__, one.__name__) for one in ours}) == len(ours), "no handler twice")
print("ENGINE", engine, flush=True)
check(bpy.context.window_manager.pifu.state in {"IDLE", "CANCELLED"}, bpy.context.window_manager.pifu.state)
check(bpy.ops.pifu.generate(filepath=photo) == {"FINISHED"}, "the next click works")
check(len(bpy.data.objects) == len(before) + 1, "a human")
addon_utils.disable(MODULE)
print("WELL", flush=True)
os._exit(0)
"""


@posix
def test_the_extension_is_upgraded_in_mid_job(photo, shared_home, tmp_path):
    first = extension.build(tmp_path)
    second = extension.of_version(first, "99.0.0", tmp_path / "later.zip")
    resources = tmp_path / "blender"
    resources.mkdir()
    environment = child.clean_environment(BLENDER_USER_RESOURCES=str(resources), BLENDER_PIFU_HOME=str(shared_home))
    answer = subprocess.run(
        [sys.executable, "-c", _SESSION, str(first), str(second), str(photo)],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    said = answer.stdout + answer.stderr
    assert answer.returncode == 0 and "WELL" in answer.stdout, said
    pid = next(int(line.split()[1]) for line in answer.stdout.splitlines() if line.startswith("ENGINE"))
    assert is_gone(pid)
    (manifest,) = resources.glob("**/blender_manifest.toml")
    assert 'version = "99.0.0"' in Path(manifest).read_text(encoding="utf-8")

# SPDX-License-Identifier: GPL-3.0-or-later
"""What the artist, the computer or another program does while a job is under way."""

import json
import os
import signal
import subprocess
import sys
import time

import bpy
import pytest

from blender_pifu import addon, paths
from blender_pifu.addon import demo
from blender_pifu.addon.work import job, session
from blender_pifu.client import Limits
from blender_pifu.protocol import ErrorKind
from blender_pifu.steps import STEPS

from .conftest import is_gone, no_leftovers, posix


def status():
    return bpy.context.window_manager.pifu


def test_undo_in_mid_job(work, photo, contents):
    bpy.ops.ed.undo_push(message="Before")
    bpy.ops.mesh.primitive_uv_sphere_add()
    bpy.ops.ed.undo_push(message="A sphere")
    running = work(photo).until(STEPS[1])
    bpy.ops.ed.undo()
    assert "Sphere" not in bpy.data.objects
    running.until()
    assert status().state == "DONE" and "Ann" in bpy.data.objects
    no_leftovers()


def test_the_scene_is_deleted_in_mid_job(work, photo):
    other = bpy.data.scenes.new("Other")
    running = work(photo).until(STEPS[1])
    bpy.data.scenes.remove(bpy.context.scene)
    running.until()
    assert status().state == "DONE"
    assert "Ann" in other.objects, "it comes into the scene that is shown"
    no_leftovers()


def test_the_photo_is_deleted_in_mid_job(scene, work, photo):
    image = scene.pifu.photo = bpy.data.images.load(str(photo))
    running = work().until(STEPS[1])
    bpy.data.images.remove(image)
    running.until()
    assert status().state == "DONE"
    no_leftovers()


def test_the_add_on_is_disabled_and_enabled_in_mid_job(work, photo, works_again):
    running = work(photo).until(STEPS[1])
    pid, folder = running.engine.pid, session._folder
    addon.unregister()
    try:
        assert is_gone(pid) and not folder.exists()
        assert not job.is_running() and job.tick() is None
    finally:
        addon.register(demo.PACKAGE)
    bpy.context.scene.pifu.quality, bpy.context.scene.pifu.topology = "DRAFT", "SCULPT"
    bpy.context.scene.pifu.texture, bpy.context.scene.pifu.skeleton = "NONE", False
    works_again()
    no_leftovers()


@pytest.mark.parametrize("days", [-4000, 4000])
def test_the_clock_jumps_in_mid_job(work, photo, monkeypatch, days):
    running = work(photo).until(STEPS[1])
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() + days * 86400)
    session._sweep()  # as another Blender does that starts now
    running.until()
    assert status().state == "DONE", status().message
    no_leftovers()


@posix
def test_the_computer_sleeps_in_mid_job(work, photo, monkeypatch):
    """Blender and engine stop together, for longer than an engine may be silent, and go on together."""
    session.client()
    monkeypatch.setattr(session._client, "_limits", Limits(silence_s=1.5, answer_s=1.5))
    running = work(photo)
    pids = f"{os.getpid()} {running.engine.pid}"
    lid = subprocess.Popen(["sh", "-c", f"kill -STOP {pids}; sleep 5; kill -CONT {pids}"])
    time.sleep(0.3)
    monkeypatch.setattr(session._client, "_limits", Limits())
    running.until()
    lid.wait()
    assert status().state == "DONE", status().message


@posix
def test_blender_alone_is_held_up_in_mid_job(work, photo):
    """As by a long render in the main thread: the engine is done meanwhile, and its result is not lost."""
    running = work(photo)
    time.sleep(4)  # steps go by unseen
    running.until()
    assert status().state == "DONE"


@pytest.fixture
def own_environment(empty_home, shared_home):
    """An engine home of this test alone; its Python is a file that can be taken away. Returns that file."""
    python = empty_home / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    stamp = json.loads((shared_home / "env.json").read_text())
    (empty_home / "env.json").write_text(json.dumps({**stamp, "python": str(python)}))
    return python


@posix
def test_the_environment_is_removed_and_updated_under_a_warm_engine(own_environment, work, photo, works_again):
    stamp = paths.stamp().read_text()
    running = work(photo).until(STEPS[1])
    paths.stamp().unlink()  # the installer's first act in mid-job
    running.until()
    assert status().state == "DONE", "a job at work is not disturbed"
    for change, kind in (
        (lambda: None, ErrorKind.ENGINE_MISSING),
        (lambda: paths.stamp().write_text(stamp.replace('"requirements": "', '"requirements": "of tomorrow')),
         ErrorKind.ENGINE_OUTDATED),
        (lambda: paths.stamp().write_text(stamp[: len(stamp) // 2]), ErrorKind.ENGINE_MISSING),
    ):  # fmt: skip
        change()
        with pytest.raises(RuntimeError):
            bpy.ops.pifu.generate(filepath=str(photo))
        assert (status().state, status().kind) == ("FAILED", kind)
    paths.stamp().write_text(stamp)
    own_environment.rename(own_environment.with_name("away"))
    with pytest.raises(RuntimeError):
        bpy.ops.pifu.generate(filepath=str(photo))
    assert status().kind == ErrorKind.ENGINE_BROKEN
    own_environment.with_name("away").rename(own_environment)
    works_again()
    no_leftovers()


@posix
def test_the_log_and_the_session_s_folder_are_removed_under_a_warm_engine(work, photo, works_again):
    works_again()
    import shutil

    shutil.rmtree(session._folder)
    session.log_path().unlink(missing_ok=True)  # a clock that jumped may have swept it
    works_again()


@posix
def test_the_engine_is_killed_while_idle_and_the_next_click_works(works_again):
    works_again()
    session._client.process.send_signal(signal.SIGKILL)
    works_again()

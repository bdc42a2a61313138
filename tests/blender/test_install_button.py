# SPDX-License-Identifier: GPL-3.0-or-later
"""Install, Repair and Remove run the real installer as a child and tell how it went."""

import time

import bpy
import pytest

from blender_pifu.addon import kept
from blender_pifu.addon.work import job
from blender_pifu.addon.work.install import InstallTask


def status():
    return bpy.context.window_manager.pifu


def test_offline_it_is_refused_with_the_way_to_allow_it(empty_home):
    assert not bpy.app.online_access
    with pytest.raises(RuntimeError, match="Allow Online Access"):
        bpy.ops.pifu.install_engine()
    assert status().kind == "offline"
    assert list(empty_home.iterdir()) == []


def test_without_the_wheels_it_fails_in_words(empty_home, tmp_path, works_again, shared_home, monkeypatch):
    (tmp_path / "wheels").mkdir()
    kept.preferences(bpy.context).wheels = str(tmp_path / "wheels")
    kept.preferences(bpy.context).device = "cpu"
    with pytest.raises(RuntimeError):
        bpy.ops.pifu.install_engine()
    assert (status().state, status().kind) == ("FAILED", "install_failed")
    assert status().message and status().fix
    assert "Traceback" not in status().message
    monkeypatch.setenv("BLENDER_PIFU_HOME", str(shared_home))
    works_again()


def test_cancelled_it_stops(empty_home, tmp_path):
    (tmp_path / "wheels").mkdir()
    kept.preferences(bpy.context).wheels = str(tmp_path / "wheels")
    job.begin(InstallTask(bpy.context))
    process = job._task._process
    assert job.tick() is not None
    bpy.ops.pifu.cancel()
    limit = time.monotonic() + 30
    while job.tick() is not None:
        assert time.monotonic() < limit
        time.sleep(0.02)
    assert status().state == "CANCELLED"
    assert process.returncode is not None


def test_it_goes_on_while_another_file_is_opened(empty_home, tmp_path):
    (tmp_path / "wheels").mkdir()
    kept.preferences(bpy.context).wheels = str(tmp_path / "wheels")
    job.begin(InstallTask(bpy.context))
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    assert job.is_running()
    job.abort()
    assert not job.is_running()


def test_remove_takes_away_only_what_the_installer_made(empty_home):
    (empty_home / "mine.txt").write_text("keep")
    with pytest.raises(RuntimeError, match="not made by this installer"):
        bpy.ops.pifu.remove_engine()
    assert (empty_home / "mine.txt").read_text() == "keep"


def test_remove_says_what_it_did(empty_home):
    empty_home.rmdir()
    assert bpy.ops.pifu.remove_engine() == {"FINISHED"}
    assert status().state == "DONE" and "removed" in status().message

# SPDX-License-Identifier: GPL-3.0-or-later
"""A full disk, or one that may not be written, in each place that Blender's side writes."""

import os
from contextlib import contextmanager
from pathlib import Path

import bpy
import numpy as np
import pytest

from blender_pifu import paths
from blender_pifu.addon.person.scene import add_human
from blender_pifu.addon.work import forecast, session
from blender_pifu.protocol import ErrorKind

from .conftest import no_leftovers, posix


@contextmanager
def full_disk(room=0):
    """No file of this process, or of one begun meanwhile, grows beyond so many bytes."""
    import resource

    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def fails(press):
    with pytest.raises(RuntimeError):
        press()
    status = bpy.context.window_manager.pifu
    assert "Traceback" not in status.message
    return status


@posix
def test_a_painted_photo_cannot_be_saved_for_the_engine(scene, unharmed, works_again):
    image = scene.pifu.photo = bpy.data.images.new("Painted", 300, 300)
    image.pixels.foreach_set(np.random.default_rng(0).random(300 * 300 * 4, np.float32))
    before = len(bpy.data.objects)
    with full_disk(2000):
        assert fails(bpy.ops.pifu.generate).kind == ErrorKind.DISK
    assert len(bpy.data.objects) == before
    no_leftovers()
    scene.pifu.photo = None
    works_again()


@posix
def test_a_packed_photo_cannot_be_saved_for_the_engine(scene, photo, works_again):
    image = scene.pifu.photo = bpy.data.images.load(str(photo))
    image.pack()
    with full_disk(500):
        assert fails(bpy.ops.pifu.generate).kind == ErrorKind.DISK
    no_leftovers()
    works_again()


@posix
def test_no_room_for_the_engine_s_log_and_events(photo, unharmed, works_again):
    session.close()
    with full_disk(0):
        status = fails(lambda: bpy.ops.pifu.generate(filepath=str(photo)))
    unharmed(status.kind)
    assert status.kind in {ErrorKind.DISK_FULL, ErrorKind.ENGINE_CRASHED} and status.fix
    session.close()
    works_again()


@posix
def test_no_room_for_the_pace_of_this_computer(scene, photo, shared_home):
    with full_disk(0):
        forecast.learn({"topology": "sculpt", "rig": False, "texture_px": 0, "resolution": 128}, {"a": 5.0})
    no_leftovers()


@posix
@pytest.mark.parametrize("program", ["GODOT", "UNREAL", "PRINT", "SCULPT", "FILM"])
def test_no_room_for_an_export(scene, rigged, tmp_path, contents, program):
    add_human(bpy.context, scene, rigged, "Ann")
    scene.pifu.program = program
    bpy.ops.pifu.export(filepath=str(tmp_path / "mine"))
    (made,) = (path for path in tmp_path.iterdir() if path.is_file())
    kept, before = made.read_bytes(), contents()
    with full_disk(1000), pytest.raises(RuntimeError):
        bpy.ops.pifu.export(filepath=str(made))
    assert made.read_bytes() == kept and [path.name for path in tmp_path.iterdir()] == [made.name]
    assert contents() == before


@posix
def test_no_room_for_a_report_of_the_checks(scene, rigged, tmp_path):
    add_human(bpy.context, scene, rigged, "Ann")
    path = tmp_path / "report.json"
    path.write_text("mine")
    with full_disk(10), pytest.raises(RuntimeError):
        bpy.ops.pifu.validate(filepath=str(path))
    assert path.read_text() == "mine" and len(list(tmp_path.iterdir())) == 1


@posix
@pytest.mark.skipif(os.name != "posix" or os.getuid() == 0, reason="root may write everywhere")
def test_an_engine_folder_without_permission(empty_home, shared_home, photo):
    (empty_home / "env.json").write_text((shared_home / "env.json").read_text())
    empty_home.chmod(0o500)
    try:
        assert fails(lambda: bpy.ops.pifu.generate(filepath=str(photo))).kind == ErrorKind.DISK
    finally:
        empty_home.chmod(0o700)


@posix
def test_what_lies_about_a_job_is_nobody_else_s(work, photo):
    running = work(photo)
    modes = {path.stat().st_mode & 0o077 for path in [session._folder, *session._folder.rglob("*")] if path.is_dir()}
    assert modes == {0}
    running.until()
    no_leftovers()
    assert isinstance(paths.jobs(), Path)

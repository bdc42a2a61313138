# SPDX-License-Identifier: GPL-3.0-or-later
"""The button, with the real engine: what comes, what is undone, and what is told when it does not work."""

import json
import os
import signal
import sys
from pathlib import Path

import bpy
import numpy as np
import pytest
from PIL import Image

from blender_pifu import paths
from blender_pifu.addon.errors import BUTTONS
from blender_pifu.addon.work import generate, job, session
from blender_pifu.client import Limits
from blender_pifu.steps import STEPS

posix = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")


def status():
    return bpy.context.window_manager.pifu


def refused(filepath="", **properties):
    """Press the button and be refused; the message."""
    with pytest.raises(RuntimeError) as error:
        bpy.ops.pifu.generate(filepath=str(filepath), **properties)
    assert status().state == "FAILED"
    assert status().message in str(error.value)
    return str(error.value)


def test_a_photo_becomes_a_person_in_metres(scene, full_photo):
    scene.pifu.height_m = 1.83
    assert bpy.ops.pifu.generate(filepath=str(full_photo)) == {"FINISHED"}
    body = bpy.context.view_layer.objects.active
    assert body.name == full_photo.stem
    assert body.matrix_world == body.matrix_world.Identity(4)
    points = np.empty(3 * len(body.data.vertices), np.float32)
    body.data.vertices.foreach_get("co", points)
    points = points.reshape(-1, 3)
    assert points[:, 2].min() == pytest.approx(0, abs=1e-4)
    assert points[:, 2].max() == pytest.approx(1.83, abs=1e-4)
    feet = points[points[:, 2] < 0.05]
    assert np.abs((feet.min(0) + feet.max(0)) / 2)[:2].max() < 0.1
    assert status().state == "DONE" and "faces" in status().message
    assert not list(paths.jobs().glob("*/job-*")), "the job's files are gone"


def test_the_main_thread_is_never_held_but_by_the_import(work, photo):
    for _ in range(3):  # a busy machine may hold any process up for a moment, the add-on's own work not three times
        job.ticks.clear()
        work(photo).until()
        assert status().state == "DONE"
        assert [tick.importing for tick in job.ticks].count(True) == 1
        others = [tick.seconds for tick in job.ticks if not tick.importing]
        assert len(others) > 3
        if max(others) < 0.05:
            return
    raise AssertionError(f"a tick held Blender for {max(others):.3f} s")


def test_one_undo_takes_it_all_away_and_one_redo_brings_it_back(scene, photo, contents):
    bpy.ops.ed.undo_push(message="Before")
    before = contents()
    bpy.ops.pifu.generate(filepath=str(photo))
    after = contents()
    assert after != before
    bpy.ops.ed.undo()
    assert contents() == before
    bpy.ops.ed.redo()
    assert contents() == after


def test_the_chosen_one_of_several_people_is_made(scene, two_photo):
    scene.pifu.photo = bpy.data.images.load(str(two_photo))
    for person in (1, 2):
        scene.pifu.person = person
        assert bpy.ops.pifu.generate() == {"FINISHED"}
        assert f"number {person} from the left" in status().message
    assert "There is no person 3" in refused(two_photo, person=3)


def test_a_photo_of_the_back_is_used_or_refused_with_the_way_to_leave_it_out(scene, photo, full_photo, tmp_path):
    back = tmp_path / "from behind.png"
    Image.fromarray(np.asarray(Image.open(photo))[:, ::-1]).save(back)
    bpy.ops.pifu.pick_photo(filepath=str(photo))
    bpy.ops.pifu.pick_back_photo(filepath=str(back))
    scene.pifu.back_photo.pack()
    back.unlink()
    assert bpy.ops.pifu.generate() == {"FINISHED"}
    assert "back photo" in status().message
    assert "from the front" in refused(photo, back_filepath=str(full_photo))
    scene.pifu.back_photo = bpy.data.images.load(str(full_photo))
    with pytest.raises(RuntimeError, match="from the front"):
        bpy.ops.pifu.generate()
    assert status().kind == "back_photo"
    button = BUTTONS["back_photo"]
    bpy.ops.wm.context_set_value(**dict(button.properties))
    assert scene.pifu.back_photo is None
    assert bpy.ops.pifu.generate() == {"FINISHED"} and "back photo" not in status().message


def test_the_mesh_is_laid_out_as_chosen(scene, photo):
    scene.pifu.topology = "GAME"
    assert bpy.ops.pifu.generate(filepath=str(photo)) == {"FINISHED"}
    faces = bpy.context.view_layer.objects.active.data.polygons
    assert 6000 < len(faces) < 10000
    assert sum(len(face.vertices) == 4 for face in faces) > 0.9 * len(faces)


def test_with_a_texture_it_wears_the_photo_as_a_picture(scene, photo):
    scene.pifu.texture = "SMALL"
    assert bpy.ops.pifu.generate(filepath=str(photo)) == {"FINISHED"}
    body = bpy.context.view_layer.objects.active
    assert len(body.data.uv_layers) == 1
    nodes = body.data.materials[0].node_tree.nodes
    (image,) = (node.image for node in nodes if node.type == "TEX_IMAGE")
    assert tuple(image.size) == (1024, 1024) and image.packed_file


def test_with_a_skeleton_it_is_bound_to_bones_and_rests_in_the_pose_that_was_chosen(scene, full_photo):
    scene.pifu.skeleton, scene.pifu.pose = True, "T"
    assert bpy.ops.pifu.generate(filepath=str(full_photo)) == {"FINISHED"}
    (rig,) = (thing for thing in bpy.data.objects if thing.type == "ARMATURE")
    body = next(thing for thing in bpy.data.objects if thing.find_armature() == rig)
    assert {"hips", "head", "hand.L"} <= set(rig.data.bones.keys())
    assert all(vertex.groups for vertex in body.data.vertices)
    for side in "LR":
        arm = rig.data.bones[f"upper_arm.{side}"]
        assert abs((arm.tail_local - arm.head_local).normalized().z) < 0.02


def test_two_photos_become_two_people(photo):
    bpy.ops.pifu.generate(filepath=str(photo))
    bpy.ops.pifu.generate(filepath=str(photo))
    assert {"Ann", "Ann.001"} <= set(bpy.data.objects.keys())
    assert {"Ann", "Ann.001"} <= set(bpy.data.collections.keys())


@pytest.mark.parametrize("kind", ["file", "packed", "painted", "generated"])
def test_a_photo_may_be_any_image_with_a_picture(scene, photo, kind, tmp_path, contents):
    path = tmp_path / "Bea.png"
    path.write_bytes(photo.read_bytes())
    image = scene.pifu.photo = bpy.data.images.load(str(path))
    if kind == "packed":
        image.pack()
        path.unlink()
    elif kind == "painted":
        image.pixels[0] = 0.5
        assert image.is_dirty
        path.unlink()
    elif kind == "generated":
        size = tuple(image.size)
        pixels = np.empty(size[0] * size[1] * 4, np.float32)
        image.pixels.foreach_get(pixels)
        bpy.data.images.remove(image)
        image = scene.pifu.photo = bpy.data.images.new("Bea", *size, alpha=True)
        image.pixels.foreach_set(pixels)
    images = contents()["images"]
    assert bpy.ops.pifu.generate() == {"FINISHED"}
    assert bpy.context.view_layer.objects.active.name == "Bea"
    assert contents()["images"] == images
    assert scene.pifu.photo == image


def test_without_a_photo_it_says_so(contents):
    before = contents()
    assert "There is no photo yet" in refused()
    assert status().kind == "no_photo"
    assert contents() == before


@pytest.mark.parametrize("what", ["corrupt", "missing", "nobody"])
def test_a_photo_that_will_not_do_changes_nothing(what, full_photo, tmp_path, contents, works_again):
    path = tmp_path / f"{what}.png"
    if what == "corrupt":
        path.write_bytes(full_photo.read_bytes()[:9000])
    elif what == "nobody":
        Image.new("RGB", (300, 300), (120, 160, 90)).save(path)
    before = contents()
    refused(path)
    assert status().kind == ("no_person" if what == "nobody" else "input")
    assert status().fix
    assert contents() == before
    works_again()


@pytest.mark.parametrize("step", STEPS[1:4])
def test_cancelled_it_changes_nothing(work, full_photo, contents, step):
    bpy.context.scene.pifu.quality = "FINE"
    before = contents()
    running = work(full_photo).until(step)
    bpy.ops.pifu.cancel()
    assert status().step == "Cancelling"
    running.until()
    assert status().state == "CANCELLED"
    assert contents() == before
    assert not bpy.ops.pifu.cancel.poll()


def test_cancelled_when_it_is_finished_but_not_brought_in(scene, work, photo, contents, works_again):
    before = contents()
    running = work(photo).until(STEPS[4])
    while session._client.busy:
        job._task._client.poll()  # the tick is late: the engine is done before the cancel reaches it
    running.engine.kill()
    job.abort()
    assert status().state == "CANCELLED"
    assert contents() == before
    works_again()


def test_one_thing_at_a_time(work, photo):
    running = work(photo)
    assert not bpy.ops.pifu.generate.poll()
    assert not bpy.ops.pifu.install_engine.poll()
    running.until()
    assert bpy.ops.pifu.generate.poll()


@posix
def test_a_killed_engine_changes_nothing_and_the_next_click_works(work, full_photo, contents, works_again):
    before = contents()
    running = work(full_photo).until(STEPS[1])
    running.engine.kill()
    running.until()
    assert (status().state, status().kind) == ("FAILED", "engine_killed")
    assert "SIGKILL" in status().message
    assert contents() == before
    works_again()


@posix
def test_a_hung_engine_changes_nothing_and_the_next_click_works(work, photo, contents, works_again, monkeypatch):
    session.close()
    monkeypatch.setattr(session, "LIMITS", Limits(silence_s=2, answer_s=2))
    before = contents()
    running = work(photo).until(STEPS[1])
    running.engine.send_signal(signal.SIGSTOP)
    running.until()
    assert (status().state, status().kind) == ("FAILED", "engine_hung")
    assert contents() == before
    works_again()
    session.close()


@posix
def test_a_full_disk_changes_nothing_and_the_next_click_works(photo, contents, works_again):
    import resource

    session.close()
    before = contents()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))  # the engine inherits it
    try:
        refused(photo)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert status().kind == "disk_full" and "room" in status().fix
    assert contents() == before
    session.close()
    works_again()


def test_without_an_engine_it_says_so_and_offers_to_install_it(empty_home, photo):
    from blender_pifu.addon.errors import BUTTONS

    assert "not installed" in refused(photo)
    assert BUTTONS[status().kind].operator == "pifu.install_engine"
    assert list(empty_home.iterdir()) == []


def test_an_engine_of_another_version_is_not_used(empty_home, photo):
    (empty_home / "env.json").write_text(json.dumps({"python": sys.executable, "requirements": "old"}))
    refused(photo)
    assert status().kind == "engine_outdated"


def test_an_engine_whose_python_is_gone_is_told(empty_home, photo, shared_home):
    stamp = json.loads((shared_home / "env.json").read_text())
    (empty_home / "env.json").write_text(json.dumps({**stamp, "python": str(empty_home / "python")}))
    refused(photo)
    assert status().kind == "engine_broken"


@posix
def test_a_python_that_cannot_run_is_told(empty_home, photo, shared_home):
    fake = empty_home / "python"
    fake.write_text("no program")
    fake.chmod(0o755)
    stamp = json.loads((shared_home / "env.json").read_text())
    (empty_home / "env.json").write_text(json.dumps({**stamp, "python": str(fake)}))
    refused(photo)
    assert status().kind == "engine_broken"
    assert not list(paths.jobs().glob("*/job-*"))


def test_a_folder_that_cannot_be_written_is_told(empty_home, photo, shared_home):
    (empty_home / "env.json").write_text((shared_home / "env.json").read_text())
    (empty_home / "jobs").write_text("in the way")
    refused(photo)
    assert status().kind == "disk" and str(empty_home) in status().message


def test_opening_another_file_ends_the_job(work, full_photo, tmp_path):
    work(full_photo).until(STEPS[1])
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    assert not job.is_running()
    assert status().state != "RUNNING"
    assert job.tick() is None
    assert len(bpy.data.objects) == 0


def test_a_result_that_is_broken_changes_nothing(work, photo, contents):
    before = contents()
    running = work(photo).until(STEPS[3])
    task = job._task
    while session._client.busy:
        for event in session._client.poll():
            if isinstance(event, generate.Done):
                Path(event.output).write_bytes(b"PK\x03\x04 cut off")
                task._output = Path(event.output)
    running.until()
    assert (status().state, status().kind) == ("FAILED", "result")
    assert contents() == before


def test_the_engine_is_unloaded_by_its_button(photo):
    bpy.ops.pifu.generate(filepath=str(photo))
    assert session.is_warm()
    process = session._client.process
    bpy.ops.pifu.release_engine()
    process.wait(timeout=30)
    assert not session.is_warm()
    assert not bpy.ops.pifu.release_engine.poll()


def test_lowering_the_quality_stops_at_the_lowest(scene):
    scene.pifu.quality = "FINE"
    assert bpy.ops.pifu.lower_quality() == {"FINISHED"}
    bpy.ops.pifu.lower_quality()
    assert scene.pifu.quality == "DRAFT"
    assert not bpy.ops.pifu.lower_quality.poll()


def test_a_picked_photo_is_set_and_a_wrong_file_is_told(scene, photo, tmp_path):
    bpy.ops.pifu.pick_photo(filepath=str(photo))
    assert scene.pifu.photo.name == photo.name
    with pytest.raises(RuntimeError):
        bpy.ops.pifu.pick_photo(filepath=str(tmp_path / "none.png"))
    assert scene.pifu.photo.name == photo.name

# SPDX-License-Identifier: GPL-3.0-or-later
"""Several photos one after another: their order, what fails, stopping, and where the humans stand."""

import shutil
import time

import bpy
import pytest

from blender_pifu.addon.queue import entries
from blender_pifu.addon.queue.task import QueueTask
from blender_pifu.addon.work import job
from blender_pifu.protocol import ErrorKind

NAMES = ("Ann.png", "broken.png", "Cy.png")


@pytest.fixture
def folder(tmp_path, photo):
    """Two photos, a damaged one between them by name, and a file that is no picture."""
    for name in NAMES:
        shutil.copy(photo, tmp_path / name)
    (tmp_path / "broken.png").write_bytes(photo.read_bytes()[:2000])
    (tmp_path / "notes.txt").write_text("mine")
    return tmp_path


def states():
    return {entry.name: entry.state for entry in entries.queue().entries}


def status():
    return bpy.context.window_manager.pifu


def begin():
    job.begin(QueueTask(bpy.context))


def tick_until(done):
    limit = time.monotonic() + 120
    while job.tick() is not None and not done():
        assert time.monotonic() < limit, status().step
        time.sleep(0.01)


def humans():
    return sorted((thing for thing in bpy.data.objects if thing.pifu.is_human), key=lambda thing: thing.location.x)


def test_a_folder_becomes_a_row_and_one_that_fails_stops_nobody(folder):
    bpy.context.scene.cursor.location = (1, 2, 0)
    assert bpy.ops.pifu.queue_add_folder(directory=str(folder)) == {"FINISHED"}
    assert states() == dict.fromkeys(NAMES, entries.WAITING)
    assert bpy.ops.pifu.queue_generate() == {"FINISHED"}
    assert states() == {"Ann.png": entries.DONE, "broken.png": entries.FAILED, "Cy.png": entries.DONE}
    broken = next(entry for entry in entries.queue().entries if entry.state == entries.FAILED)
    assert "broken.png" in broken.message and not broken.body
    assert status().message.startswith("2 of 3 photos became humans. 1 failed")
    assert sum(tick.importing for tick in job.ticks) == 2
    first, second = humans()
    assert (first.pifu.photo, second.pifu.photo) == ("Ann", "Cy")
    assert tuple(first.location) == (1, 2, 0) and second.location.y == 2
    assert second.location.x - first.location.x >= (first.dimensions.x + second.dimensions.x) / 2
    assert {first, second} <= set(bpy.context.selected_objects) and bpy.context.object == second
    assert not bpy.ops.pifu.queue_generate.poll()
    bpy.ops.pifu.queue_again()
    assert states()["broken.png"] == entries.WAITING and bpy.ops.pifu.queue_generate.poll()


def test_the_row_begins_beside_who_stands_at_the_cursor(folder):
    bpy.ops.pifu.generate(filepath=str(folder / "Ann.png"))
    entries.add([folder / "Cy.png"])
    bpy.ops.pifu.queue_generate()
    first, second = humans()
    assert second.pifu.photo == "Cy" and second.location.x >= (first.dimensions.x + second.dimensions.x) / 2


def test_photos_are_moved_added_and_removed_while_others_are_at_work(folder):
    for name in ("broken.png", "Ann.png", "Cy.png"):
        entries.add([folder / name])
    queue = entries.queue()
    queue.index = 0
    bpy.ops.pifu.queue_move(direction="DOWN")
    assert [entry.name for entry in queue.entries] == ["Ann.png", "broken.png", "Cy.png"] and queue.index == 1
    begin()
    tick_until(lambda: status().fraction > 0)
    queue.index = 0
    assert not bpy.ops.pifu.queue_remove.poll(), "it is at work"
    queue.index = 2
    bpy.ops.pifu.queue_move(direction="UP")
    bpy.ops.pifu.queue_move(direction="UP")  # above the one at work
    queue.index = 2
    bpy.ops.pifu.queue_remove()
    tick_until(lambda: False)
    assert states() == {"Cy.png": entries.DONE, "Ann.png": entries.DONE}
    assert [human.pifu.photo for human in humans()] == ["Ann", "Cy"]
    assert entries.add([folder / "Ann.png"]) == 1 and entries.add([folder / "Ann.png"]) == 0


@pytest.mark.parametrize("how", ["after this photo", "at once"])
def test_it_stops(folder, how):
    entries.add([folder / "Ann.png", folder / "Cy.png"])
    begin()
    tick_until(lambda: status().fraction > 0)
    if how == "after this photo":
        bpy.ops.pifu.queue_stop()
    else:
        bpy.ops.pifu.cancel()
    tick_until(lambda: False)
    assert not job.is_running()
    made = entries.DONE if how == "after this photo" else entries.WAITING
    assert states() == {"Ann.png": made, "Cy.png": entries.WAITING}
    assert len(humans()) == (made == entries.DONE)
    assert bpy.ops.pifu.queue_generate.poll(), "it goes on from there"


def test_another_file_ends_it_and_one_saved_meanwhile_waits_again(folder, tmp_path):
    entries.add([folder / "Ann.png", folder / "Cy.png"])
    begin()
    tick_until(lambda: status().fraction > 0)
    assert states()["Ann.png"] == entries.AT_WORK
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "saved.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "saved.blend"), load_ui=True)
    assert job.tick() is None and not humans()
    assert set(states().values()) <= {entries.WAITING}


def test_without_an_engine_all_wait(folder, empty_home):
    entries.add([folder / "Ann.png", folder / "Cy.png"])
    assert not bpy.ops.pifu.queue_generate.poll()
    from blender_pifu.addon.errors import UserError

    with pytest.raises(UserError) as raised:
        QueueTask(bpy.context)
    assert raised.value.kind == ErrorKind.ENGINE_MISSING
    assert set(states().values()) == {entries.WAITING}


def test_an_engine_that_dies_costs_one_photo(folder):
    from blender_pifu.addon.work import session

    entries.add([folder / "Ann.png", folder / "Cy.png"])
    begin()
    tick_until(lambda: status().fraction > 0)
    session._client.process.kill()
    tick_until(lambda: False)
    assert states() == {"Ann.png": entries.FAILED, "Cy.png": entries.DONE}


def test_an_undone_human_is_not_made_again(folder):
    bpy.ops.ed.undo_push(message="Before")
    entries.add([folder / "Ann.png", folder / "Cy.png"])
    begin()
    tick_until(lambda: states()["Ann.png"] == entries.DONE)
    bpy.ops.ed.undo()
    tick_until(lambda: False)
    assert states() == dict.fromkeys(("Ann.png", "Cy.png"), entries.DONE)


def test_several_chosen_photos_go_into_the_queue_and_are_made(folder):
    assert bpy.ops.pifu.from_photo(**several(folder, "Ann.png", "Cy.png")) == {"FINISHED"}
    assert states() == dict.fromkeys(("Ann.png", "Cy.png"), entries.DONE) and len(humans()) == 2


def test_several_dropped_photos_wait_in_the_queue(folder):
    assert bpy.ops.pifu.drop_photo(**several(folder, "Ann.png", "Cy.png")) == {"FINISHED"}
    assert states() == dict.fromkeys(("Ann.png", "Cy.png"), entries.WAITING)
    assert status().state == "IDLE" and bpy.context.scene.pifu.photo is None


def test_a_photo_dropped_while_another_is_at_work_waits_in_the_queue(folder):
    entries.add([folder / "Ann.png"])
    begin()
    tick_until(lambda: status().fraction > 0)
    assert bpy.ops.pifu.drop_photo(filepath=str(folder / "Cy.png")) == {"FINISHED"}
    assert states() == {"Ann.png": entries.AT_WORK, "Cy.png": entries.WAITING}
    assert bpy.context.scene.pifu.photo is None


def several(folder, *names):
    """As Blender calls an operator for dropped or chosen files."""
    return {"filepath": str(folder / names[0]), "directory": str(folder), "files": [{"name": name} for name in names]}

# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panel says of work done and of a person checked goes as soon as it is about something that is no more."""

import bpy
import pytest

from blender_pifu.addon.checks import report
from blender_pifu.addon.identity import find, key
from blender_pifu.addon.person.human import find_person
from blender_pifu.addon.person.scene import add_human
from blender_pifu.addon.work import job


def status():
    return bpy.context.window_manager.pifu


def kept():
    """Whether a message and a report are kept, and whether that is about the active person."""
    report_ = bpy.context.window_manager.pifu_report
    assert bool(report_.body) == bool(report_.lines) == bool(report_.json)
    assert (status().state == "IDLE") == (status().message == "")
    return status().state != "IDLE", bool(report_.body)


@pytest.fixture
def ann(scene, rigged):
    """A person just made and checked."""
    body = add_human(bpy.context, scene, rigged, "Ann")
    bpy.ops.ed.undo_push(message="Ann")
    job._finish(job.Outcome("DONE", "Ann: 13,378 faces.", body=key(body)))
    bpy.ops.pifu.validate()
    bpy.context.view_layer.update()
    assert kept() == (True, True) and report.is_of(find_person(bpy.context))
    return body


def open_another(_ann):
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)


def save_and_open(_ann, path):
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.open_mainfile(filepath=path, load_ui=False)


def undo(_ann):
    bpy.ops.transform.translate("EXEC_DEFAULT", True, value=(0, 0, 1))
    bpy.ops.ed.undo()


def redo(ann):
    bpy.ops.ed.undo_push(message="Checked")
    bpy.ops.ed.undo()
    body = bpy.data.objects["Ann"]
    bpy.context.view_layer.objects.active = body
    job._finish(job.Outcome("DONE", "Ann", body=key(body)))
    bpy.ops.pifu.validate()
    bpy.ops.ed.redo()


def delete(ann):
    bpy.ops.object.select_all(action="DESELECT")
    ann.select_set(True)
    bpy.ops.object.delete()


def unlink(ann):
    ann.users_collection[0].objects.unlink(ann)
    bpy.context.view_layer.update()


@pytest.mark.parametrize(
    "event",
    [
        open_another,
        undo,
        redo,
        delete,
        unlink,
        lambda ann: bpy.ops.pifu.repose(pose="A"),
    ],
    ids=["another file", "undo", "redo", "deleted", "unlinked", "to A-pose"],
)
def test_messages_and_reports_of_before_go(ann, event):
    event(ann)
    assert kept() == (False, False)


def test_they_go_when_the_same_file_is_opened_again(ann, tmp_path):
    save_and_open(ann, str(tmp_path / "ann.blend"))
    assert kept() == (False, False) and bpy.data.objects["Ann"]


def test_rigify_s_rig_is_checked_anew(scene, rigged):
    add_human(bpy.context, scene, rigged, "Ann", "RIGIFY")
    bpy.ops.pifu.validate()
    bpy.ops.pifu.generate_rig()
    assert kept() == (False, False)


@pytest.mark.parametrize("setting", ["photo", "person", "back_photo"])
def test_a_message_goes_with_the_photo_it_was_about(ann, scene, setting):
    value = 2 if setting == "person" else bpy.data.images.new("Bea", 8, 8)
    setattr(scene.pifu, setting, value)
    assert kept() == (False, True)


def test_a_failure_goes_once_its_button_is_pressed(scene):
    scene.pifu.back_photo = bpy.data.images.new("Back", 8, 8)
    job._finish(job.Outcome("FAILED", "The back photo does not fit.", "back_photo"))
    bpy.ops.wm.context_set_value(data_path="scene.pifu.back_photo", value="None")
    assert scene.pifu.back_photo is None and kept() == (False, False)


def edit_mode(ann):
    bpy.ops.object.mode_set(mode="EDIT")


def rest_pose(ann):
    ann.parent.data.transform(ann.matrix_world.Translation((0, 0, 0.1)))
    ann.parent.data.update_tag()


CHANGES = {
    "moved": lambda ann: setattr(ann.location, "x", 1.0),
    "its armature moved": lambda ann: setattr(ann.parent.location, "x", 1.0),
    "a vertex moved": lambda ann: ann.data.transform(ann.matrix_world.Translation((0, 0, 0.1))),
    "bones moved": rest_pose,
    "edited": edit_mode,
    "renamed": lambda ann: setattr(ann, "name", "Bea"),
    "a vertex group added": lambda ann: (ann.vertex_groups.new(name="Seam"), ann.data.update()),
    "a UV map added": lambda ann: (ann.data.uv_layers.new(name="Second"), ann.data.update()),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_report_goes_when_its_person_is_changed(ann, change):
    CHANGES[change](ann)
    bpy.context.view_layer.update()
    assert kept() == (True, False)


def pose(ann):
    hand = ann.parent.pose.bones["hand.L"]
    hand.rotation_mode = "XYZ"
    hand.rotation_euler.x = 0.5


LEAVES_ALONE = {
    "posed": pose,
    "an expression": lambda ann: setattr(ann.data.shape_keys.key_blocks["nod"], "value", 1.0),
    "not selected": lambda ann: ann.select_set(False),
    "something else moved": lambda ann: setattr(bpy.data.objects["Cube"].location, "x", 3.0),
}


@pytest.mark.parametrize("change", LEAVES_ALONE)
def test_a_report_stays_while_its_person_is_as_it_was_checked(ann, change):
    LEAVES_ALONE[change](ann)
    bpy.context.view_layer.update()
    assert kept() == (True, True)


def test_a_report_is_not_taken_for_that_of_another_of_the_same_name(ann, scene, rigged):
    ann.name = "Bea"  # and no update of the scene between
    other = add_human(bpy.context, scene, rigged, "Ann")
    assert other.name == "Ann"
    assert not report.is_of(find_person(bpy.context)), "the new one was not checked"


def test_what_was_said_of_the_engine_s_installation_outlives_the_file(scene):
    status().about_engine = True
    job._finish(job.Outcome("FAILED", "The disk is full.", "install_failed"))
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    bpy.context.scene.pifu.person = 1
    assert kept() == (True, False) and status().kind == "install_failed"


class Installing:
    title, first_step, belongs_to_file, importing = "Install Engine", "Downloading", False, False

    def poll(self, show):
        show("Downloading", 0.5)

    def abort(self):
        pass


def test_an_installation_under_way_is_shown_in_the_next_file_too(scene):
    job.begin(Installing())
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    job.tick()
    assert (status().state, status().fraction, status().about_engine) == ("RUNNING", 0.5, True)
    job.abort()


def test_what_a_file_was_saved_with_is_nobody_s_message(scene):
    status().state, status().message = "RUNNING", "of a Blender that crashed"
    job.carry_over()
    assert kept() == (False, False)


def test_a_person_goes_into_its_scene_though_that_is_called_otherwise_by_then(work, photo):
    mine = bpy.context.scene
    running = work(photo)
    mine.name = "Renamed"
    bpy.context.window.scene = bpy.data.scenes.new("Scene")
    running.until()
    assert status().state == "DONE" and status().scene == key(mine)
    assert find(bpy.data.objects, status().body).users_scene == (mine,)


def test_another_picture_in_the_same_image_is_not_taken_for_the_one_looked_at(scene, full_photo, photo):
    from blender_pifu.addon.work.photo import key as picture

    image = bpy.data.images.load(str(full_photo))
    looked = picture(image)
    image.name = "Renamed"
    assert picture(image) == looked
    image.filepath = str(photo)
    assert picture(image) != looked

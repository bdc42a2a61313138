# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the look at a photo says that nothing can come of it, Generate says so at once, and a log is offered when there
is one."""

import bpy
import pytest
from PIL import Image

from blender_pifu import paths
from blender_pifu.addon.errors import BUTTONS
from blender_pifu.addon.work import job, logs, photo_check, session
from blender_pifu.protocol import ErrorKind


def status():
    return bpy.context.window_manager.pifu


def begins():
    """Whether Generate begins a job; ends it again. Where it does not, its reason is kept."""
    began = []
    launch, job.launch = job.launch, lambda operator, task: (began.append(task), task.abort(), {"FINISHED"})[2]
    try:
        bpy.ops.pifu.generate()
    except RuntimeError as error:
        assert status().message in str(error) and not began
    finally:
        job.launch = launch
    return bool(began)


@pytest.fixture
def wall(scene, tmp_path):
    """A photo of nobody, looked at."""
    path = tmp_path / "wall.png"
    Image.new("RGB", (300, 300), (120, 160, 90)).save(path)
    scene.pifu.photo = bpy.data.images.load(str(path))
    bpy.ops.pifu.look()
    return path


def test_a_photo_of_nobody_is_refused_at_once_with_the_reason(scene, wall):
    session.close()
    assert not begins()
    assert (status().state, status().kind) == ("FAILED", ErrorKind.NO_PERSON) and "No person" in status().message
    assert BUTTONS[status().kind].operator == "pifu.pick_photo"
    assert session._client is None, "the engine was not even started"
    assert photo_check.obstacle(scene) == status().message


def test_so_is_a_person_too_small_and_one_who_is_not_there(scene, full_photo, tmp_path):
    path = tmp_path / "small.png"
    small = Image.open(full_photo).convert("RGB")
    small.thumbnail((100, 100))
    small.save(path)
    scene.pifu.photo = bpy.data.images.load(str(path))
    bpy.ops.pifu.look()
    blocked = [advice.sentence for advice in status().advice if advice.severity == "block"]
    assert blocked and not begins() and status().message == " ".join(blocked)
    scene.pifu.photo = bpy.data.images.load(str(full_photo))
    scene.pifu.person = 7
    bpy.ops.pifu.look()
    assert not begins() and "7" in status().message


def test_another_photo_another_person_and_another_picture_in_the_file_are_not_refused(scene, wall, full_photo):
    scene.pifu.person = 1
    assert begins(), "that one was not looked at"
    scene.pifu.person = 0
    assert not begins()
    scene.pifu.photo = bpy.data.images.load(str(full_photo))
    assert begins()
    scene.pifu.photo = bpy.data.images["wall.png"]
    assert not begins()
    wall.write_bytes(full_photo.read_bytes())
    assert begins(), "somebody put another picture there"


def test_a_file_named_by_a_script_is_not_judged_by_the_scene_s_photo(scene, wall, photo):
    assert bpy.ops.pifu.generate(filepath=str(photo)) == {"FINISHED"}


def test_warnings_do_not_block(scene, full_photo):
    scene.pifu.photo = bpy.data.images.load(str(full_photo))
    photo_check._tell(photo_check.photo.key(scene.pifu.photo), 0, [("warning", "The person is blurred.")], 1, 1)
    assert photo_check.obstacle(scene) == "" and begins()


@pytest.mark.parametrize(
    ("kind", "gravity"),
    [("input", "block"), ("no_person", "block"), ("engine_killed", "warning"), ("out_of_memory", "warning")],
)
def test_an_engine_that_failed_to_look_says_nothing_against_the_photo(kind, gravity):
    assert photo_check._gravity(kind) == gravity


def test_a_log_is_offered_when_there_is_one(scene, empty_home, photo):
    with pytest.raises(RuntimeError):
        bpy.ops.pifu.generate(filepath=str(photo))
    assert status().kind == ErrorKind.ENGINE_MISSING
    assert logs.of(status().kind) is None and not bpy.ops.pifu.open_log.poll()
    log = session.log_path()
    log.parent.mkdir(parents=True)
    log.touch()
    assert not bpy.ops.pifu.open_log.poll(), "an empty one tells nothing"
    log.write_text("ready")
    assert logs.of(status().kind) == log and bpy.ops.pifu.open_log.poll()
    assert logs.of(ErrorKind.INSTALL_FAILED) is None and logs.of(ErrorKind.IMPORT_FAILED) is None
    (paths.logs() / "install.log").write_text("downloading")
    assert logs.of(ErrorKind.INSTALL_FAILED).name == "install.log"


def test_a_folder_is_offered_when_there_is_one(empty_home, monkeypatch, tmp_path):
    assert bpy.ops.pifu.open_folder.poll()
    monkeypatch.setenv("BLENDER_PIFU_HOME", str(tmp_path / "none"))
    assert not bpy.ops.pifu.open_folder.poll()

# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panel is told of a photo before anything slow starts, by the real engine."""

import time

import bpy
import pytest
from PIL import Image

from blender_pifu import paths
from blender_pifu.addon.work import job, photo_check, session, thumbnail
from blender_pifu.addon.work.photo import key
from blender_pifu.addon.work.scene_choices import chosen
from helpers.altered import polo, shortened


def status():
    return bpy.context.window_manager.pifu


def choose(scene, path):
    scene.pifu.photo = bpy.data.images.load(str(path))
    return scene.pifu.photo


def advice():
    return {item.sentence: item.severity for item in status().advice}


def tick_until(condition):
    """As the timer does in a Blender with a window; the longest tick in seconds."""
    longest, limit = 0.0, time.monotonic() + 120
    while not condition():
        start = time.perf_counter()
        again = photo_check.tick()
        longest = max(longest, time.perf_counter() - start)
        assert again is not None or condition(), "it ended before"
        assert time.monotonic() < limit
        time.sleep(0.01)
    return longest


def test_a_photo_is_looked_at_and_its_people_are_counted(scene, two_photo):
    image = choose(scene, two_photo)
    assert bpy.ops.pifu.look() == {"FINISHED"}
    assert (status().looked, status().people, status().looking) == (key(image), 2, False)
    taken = status().taken
    assert taken in (1, 2)
    assert set(advice().values()) <= {"info", "warning", "block"}
    (picture,) = paths.jobs().glob("*/job-*/people.png")  # in background mode Blender gives it no icon
    assert Image.open(picture).size == (256, 256)
    scene.pifu.person = other = 3 - taken
    assert bpy.ops.pifu.look() == {"FINISHED"}
    assert (status().taken, status().asked, status().people) == (other, other, 2)


def test_another_photo_is_of_another_person(scene, two_photo, full_photo):
    choose(scene, two_photo)
    bpy.ops.pifu.choose_person(number=2)
    assert scene.pifu.person == 2
    image = choose(scene, full_photo)
    assert scene.pifu.person == 0
    bpy.ops.pifu.look()
    assert (status().looked, status().people, status().taken) == (key(image), 1, 1)
    assert advice() == {}


@pytest.mark.parametrize(("what", "told"), [("corrupt", "damaged"), ("nobody", "No person"), ("gone", "no file")])
def test_a_photo_of_which_nothing_can_come_says_so(scene, photo, full_photo, tmp_path, what, told):
    path = tmp_path / f"{what}.png"
    if what == "corrupt":
        path.write_bytes(full_photo.read_bytes()[:9000])
    else:
        Image.new("RGB", (300, 300), (120, 160, 90)).save(path)
    choose(scene, path)
    if what == "gone":
        path.unlink()
    bpy.ops.pifu.look()
    assert any(told in sentence for sentence in advice())
    assert set(advice().values()) == {"block"}
    assert status().state == "IDLE", "it is no failed job"


def test_looking_never_holds_blender(scene, two_photo):
    choose(scene, two_photo)
    for _ in range(3):
        photo_check.want(scene)
        assert status().looking
        longest = tick_until(lambda: not status().looking)
        if longest < 0.05:
            return
    raise AssertionError(f"a tick held Blender for {longest:.3f} s")


def test_the_next_choice_takes_the_place_of_the_last(scene, two_photo, full_photo):
    choose(scene, two_photo)
    photo_check.want(scene)
    tick_until(lambda: photo_check._now)
    first = photo_check._now
    image = choose(scene, full_photo)  # drops it
    assert not status().looking and not first.folder.exists()
    photo_check.want(scene)
    tick_until(lambda: not status().looking)
    assert (status().looked, status().people) == (key(image), 1)


def test_a_look_makes_way_for_a_job_and_comes_after_it(scene, work, photo, two_photo):
    choose(scene, two_photo)
    photo_check.want(scene)
    tick_until(lambda: photo_check._now)
    running = work(photo)
    assert photo_check.tick() is not None and photo_check._now is None
    running.until()
    assert status().state == "DONE"
    tick_until(lambda: not status().looking)
    assert (status().people, status().state) == (2, "DONE")


def test_a_job_at_work_is_not_disturbed(scene, work, photo, two_photo):
    running = work(photo)
    choose(scene, two_photo)
    photo_check.want(scene)
    for _ in range(3):
        photo_check.tick()
    assert photo_check._now is None and status().looking
    running.until()
    assert status().state == "DONE"


def test_an_engine_that_goes_away_is_started_again_for_it(scene, full_photo):
    choose(scene, full_photo)
    photo_check.want(scene)
    tick_until(lambda: photo_check._now)
    session.close()
    tick_until(lambda: not status().looking)
    assert status().people == 1


def test_without_an_engine_it_says_what_to_do(scene, full_photo, empty_home):
    choose(scene, full_photo)
    with pytest.raises(RuntimeError, match="not installed"):
        bpy.ops.pifu.look()
    assert status().kind == "engine_missing" and not status().looking


def test_opening_another_file_forgets_what_was_found(scene, two_photo):
    choose(scene, two_photo)
    bpy.ops.pifu.look()
    assert list(paths.jobs().glob("*/job-*/people.png"))
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    assert (status().looked, status().people, len(status().advice)) == ("", 0, 0)
    assert thumbnail._collection is None and not list(paths.jobs().glob("*/job-*"))


def test_in_the_background_a_choice_alone_starts_nothing(scene, full_photo):
    choose(scene, full_photo)
    assert not status().looking and photo_check.tick() is None
    assert not job.is_running()


def test_a_child_is_as_tall_as_children_are_until_the_artist_says_otherwise(scene, tmp_path):
    assert scene.pifu.height_m == pytest.approx(1.70)
    Image.fromarray(shortened(polo(), 175, 1000, 0.64)).save(tmp_path / "child.png")
    choose(scene, tmp_path / "child.png")
    assert bpy.ops.pifu.look() == {"FINISHED"}
    assert scene.pifu.height_m < 1.2 and chosen(scene.pifu)["height_m"] is None
    scene.pifu.height_m = 1.1
    assert scene.pifu.height_m == pytest.approx(1.1) and chosen(scene.pifu)["height_m"] == pytest.approx(1.1)
    assert bpy.ops.pifu.suggested_height() == {"FINISHED"}
    assert scene.pifu.height_m < 1.05 and chosen(scene.pifu)["height_m"] is None
    scene.pifu.photo = None
    assert scene.pifu.height_m == pytest.approx(1.70)

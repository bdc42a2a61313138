# SPDX-License-Identifier: GPL-3.0-or-later
"""What a job will take is told before it is begun."""

import json

import bpy
import pytest

from blender_pifu import paths
from blender_pifu.addon.work import forecast
from blender_pifu.addon.work.scene_choices import chosen


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("BLENDER_PIFU_HOME", str(tmp_path))


def seconds(words):
    minutes, rest = words.split()[1].rstrip(",").split(":")
    return 60 * int(minutes) + int(rest)


def test_more_takes_longer_and_the_last_job_tells_how_long(scene):
    scene.pifu.quality = "STANDARD"
    draft = forecast.words(scene.pifu, warm=True)
    assert "GB of memory" in draft and "better known" in draft
    scene.pifu.topology, scene.pifu.texture, scene.pifu.skeleton = "STANDARD", "LARGE", True
    ready = forecast.words(scene.pifu, warm=True)
    assert seconds(ready) > seconds(draft)
    scene.pifu.quality = "ULTRA"
    assert seconds(forecast.words(scene.pifu, warm=True)) > seconds(ready)
    scene.pifu.quality = "STANDARD"
    alone = seconds(forecast.words(scene.pifu, warm=True))
    scene.pifu.views.add().image = bpy.data.images.new("side", 4, 4)
    assert seconds(forecast.words(scene.pifu, warm=True)) > alone, "a further photo takes its time"
    scene.pifu.views.clear()
    forecast.learn(chosen(scene.pifu), {"a": 200.0, "b": 40.0})
    told = forecast.words(scene.pifu, warm=True)
    assert seconds(told) == 240 and "better known" not in told


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pace": "x"}', '{"pace": 1e9}', '{"pace": null}'])
def test_a_broken_note_is_no_note(scene, content):
    (paths.home() / "pace.json").write_text(content)
    assert forecast.pace() is None and forecast.words(scene.pifu, warm=False)


def test_a_job_of_no_time_or_in_a_folder_that_is_not_there_is_not_kept(scene, tmp_path, monkeypatch):
    forecast.learn(chosen(scene.pifu), {})
    assert not list(tmp_path.iterdir())
    monkeypatch.setenv("BLENDER_PIFU_HOME", str(tmp_path / "missing"))
    forecast.learn(chosen(scene.pifu), {"a": 20.0})
    assert not list(tmp_path.iterdir())


def test_a_human_that_was_made_leaves_its_pace(scene, photo, monkeypatch, shared_home):
    monkeypatch.setenv("BLENDER_PIFU_HOME", str(shared_home))
    (shared_home / "pace.json").unlink(missing_ok=True)
    assert bpy.ops.pifu.generate(filepath=str(photo)) == {"FINISHED"}
    assert json.loads((shared_home / "pace.json").read_text())["pace"] > 0

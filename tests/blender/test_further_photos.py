# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of further photos: added, removed, handed to the engine, told about, and taken up again with the human."""

import bpy
import numpy as np
import pytest
from PIL import Image

from blender_pifu.addon.ui.further_photos import MOST
from blender_pifu.addon.work import further_photos, history, models
from blender_pifu.result_file import Summary


@pytest.fixture
def pictures(tmp_path):
    paths = [tmp_path / f"side {number}.png" for number in range(MOST + 1)]
    for number, path in enumerate(paths):
        Image.fromarray(np.full((8, 8, 3), 20 * number, np.uint8)).save(path)
    return paths


def add(paths):
    return bpy.ops.pifu.add_views(directory=str(paths[0].parent), files=[{"name": path.name} for path in paths])


def test_photos_are_listed_up_to_as_many_as_can_be_used(scene, pictures):
    scene.pifu.views.clear()
    assert add(pictures[:2]) == {"FINISHED"}
    assert further_photos.files(scene.pifu, pictures[0].parent) == tuple(map(str, pictures[:2]))
    assert bpy.ops.pifu.remove_view(index=0) == {"FINISHED"}
    assert [view.image.name for view in scene.pifu.views] == ["side 1.png"]
    add(pictures[2:])
    assert len(scene.pifu.views) == MOST
    assert not bpy.ops.pifu.add_views.poll()
    scene.pifu.views.clear()


def test_each_photo_says_what_became_of_it_until_another_is_chosen(scene, pictures):
    scene.pifu.views.clear()
    add(pictures[:2])
    told = {"photo": "side 0.png", "used": True, "side": "left"}, {"photo": "b", "used": False, "why_not": "No."}
    further_photos.tell(scene.pifu, Summary(views=({"photo": "back", "used": True, "side": "back"}, *told)))
    assert [view.told for view in scene.pifu.views] == ["Used, seen from the left.", "Left out: No."]
    further_photos.forget(scene.pifu)
    assert not any(view.told for view in scene.pifu.views)
    scene.pifu.views.clear()


def test_a_human_remembers_its_photos(scene, pictures):
    scene.pifu.views.clear()
    scene.pifu.photo = bpy.data.images.load(str(pictures[3]), check_existing=True)
    add(pictures[:2])
    made = history.note(scene.pifu, models.find(scene.pifu.model), "", 0, "")
    scene.pifu.views.clear()
    history.restore(scene.pifu, made)
    assert [view.image.name for view in scene.pifu.views] == ["side 0.png", "side 1.png"]
    scene.pifu.views.clear()

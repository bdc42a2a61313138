# SPDX-License-Identifier: GPL-3.0-or-later
"""How a human was made stays with it; variants, turntable and asset."""

import json
import math

import bpy
import numpy as np
import pytest
from PIL import Image

from blender_pifu.addon.person.scene import add_human
from blender_pifu.addon.work import history


@pytest.fixture
def made(scene, photo):
    """A human generated from the scene's photo, and its mesh object."""
    scene.pifu.photo = bpy.data.images.load(str(photo))
    assert bpy.ops.pifu.generate() == {"FINISHED"}
    return bpy.context.view_layer.objects.active


def test_settings_photo_and_licence_are_kept_and_come_back(scene, made, photo):
    note = json.loads(made.pifu.made)
    assert note["photo"]["file"] == str(photo) and note["licence"] == "CC0-1.0" and note["version"]
    assert note["settings"]["quality"] == "DRAFT" and note["seconds"] >= 0
    assert any(photo.name in line for line in history.lines(note))
    scene.pifu.program, scene.pifu.photo, scene.pifu.quality, scene.pifu.height_m = "UNREAL", None, "FINE", 1.2
    assert bpy.ops.pifu.restore_settings() == {"FINISHED"}
    assert scene.pifu.photo.name == photo.name and scene.pifu.quality == "DRAFT" and scene.pifu.topology == "SCULPT"
    assert (scene.pifu.program, scene.pifu.own_height_m, scene.pifu.skeleton) == ("BLENDER", 0, False)


def test_a_photo_that_is_gone_is_told_and_nothing_changes(scene, rigged, tmp_path):
    body = add_human(bpy.context, scene, rigged, "Ann")
    gone = {"name": "gone.png", "file": str(tmp_path / "gone.png")}
    body.pifu.made = json.dumps({"settings": {"quality": "FINE"}, "photo": gone, "back_photo": None})
    with pytest.raises(RuntimeError, match="gone.png is no longer there"):
        bpy.ops.pifu.restore_settings()
    assert scene.pifu.quality == "DRAFT"


def test_of_a_human_of_before_nothing_is_known(scene, rigged):
    add_human(bpy.context, scene, rigged, "Ann")
    assert not bpy.ops.pifu.restore_settings.poll()
    assert bpy.ops.pifu.turntable.poll() and bpy.ops.pifu.mark_asset.poll()


def test_a_variant_stands_beside(scene, made):
    made.location = (1, 2, 0)
    assert bpy.ops.pifu.generate_variant() == {"FINISHED"}
    variant = bpy.context.view_layer.objects.active
    assert variant != made and variant.location.y == 2
    reach = (variant.dimensions.x + made.dimensions.x) / 2
    assert variant.location.x - made.location.x > reach


@pytest.mark.parametrize("unit", [1.0, 0.01])
def test_a_turntable_goes_round_once_and_sees_all_of_the_human(scene, rigged, unit):
    scene.unit_settings.scale_length = unit
    body = add_human(bpy.context, scene, rigged, "Ann")
    body.parent.location = (3, 2, 1)
    for _ in range(2):  # a second one replaces the first
        assert bpy.ops.pifu.turntable() == {"FINISHED"}
    assert [each.name for each in scene.collection.children if "Turntable" in each.name] == ["Turntable"]
    assert (scene.frame_start, scene.frame_end) == (1, 120) and scene.camera.name == "Turntable Camera"
    from bpy_extras.object_utils import world_to_camera_view

    bearings = []
    for frame in (1, 31, 61, 91, 121):
        scene.frame_set(frame)
        corners = [body.matrix_world @ body.data.vertices[i].co for i in range(0, len(body.data.vertices), 50)]
        seen = np.array([world_to_camera_view(scene, scene.camera, corner) for corner in corners])
        assert seen[:, :2].min() > 0 and seen[:, :2].max() < 1
        assert (seen[:, 2] > scene.camera.data.clip_start).all() and (seen[:, 2] < scene.camera.data.clip_end).all()
        place = scene.camera.matrix_world.translation - body.matrix_world.translation
        bearings.append(math.atan2(place.x, -place.y))
    assert np.allclose(np.diff(np.unwrap(bearings)), math.pi / 2, atol=0.15)


def test_an_asset_has_tags_licence_and_the_photo(scene, made):
    assert bpy.ops.pifu.mark_asset() == {"FINISHED"}
    (collection,) = made.users_collection
    assert collection.asset_data.license == "CC0-1.0"
    assert {"human", "sculpt"} <= {tag.name for tag in collection.asset_data.tags}
    assert collection.preview and tuple(collection.preview.image_size) != (0, 0)


def test_a_human_among_others_gets_a_collection_of_its_own(scene, rigged):
    body = add_human(bpy.context, scene, rigged, "Ann")
    shared = body.users_collection[0]
    lamp = bpy.data.objects.new("Lamp", None)
    shared.objects.link(lamp)
    assert bpy.ops.pifu.mark_asset() == {"FINISHED"}
    (own,) = body.users_collection
    assert own != shared and set(own.all_objects) == {body, body.parent} and own.asset_data
    assert "rigged" in {tag.name for tag in own.asset_data.tags} and lamp.users_collection == (shared,)


def test_a_contact_sheet_shows_the_human_from_eight_sides_and_leaves_the_scene(scene, rigged, tmp_path, contents):
    body = add_human(bpy.context, scene, rigged, "Ann")
    body.parent.location = (3, 2, 1)
    before = contents()
    assert bpy.ops.pifu.contact_sheet(filepath=str(tmp_path / "Ann")) == {"FINISHED"}
    assert contents() == before and bpy.context.view_layer.objects.active == body
    (file,) = tmp_path.iterdir()
    sheet = np.asarray(Image.open(file)).astype(int)
    views = sheet.reshape(2, 640, 4, 480, 3).swapaxes(1, 2).reshape(8, 640, 480, 3)
    inked = np.abs(views - views[:, :1, :1]).max(-1) > 8
    assert (inked.any((1, 2))).all() and not inked[:, [0, -1]].any() and not inked[:, :, [0, -1]].any()
    heights = [np.ptp(np.flatnonzero(view.any(1))) for view in inked]
    assert min(heights) > 0.6 * 640 / 1.08 and np.ptp(heights) < 10
    front, left, back = (views[index] for index in (0, 2, 4))
    assert np.abs(front - left).mean() > 1 and np.abs(front - back).mean() > 0.5
    with pytest.raises(RuntimeError, match="cannot be written"):
        bpy.ops.pifu.contact_sheet(filepath=str(tmp_path / "missing" / "Ann.png"))

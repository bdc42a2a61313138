# SPDX-License-Identifier: GPL-3.0-or-later
"""Before anything is made the panel says which texture holds all that the photo shows."""

import bpy
import pytest

from blender_pifu.addon.work import photo_check


def look(scene, path):
    scene.pifu.photo = bpy.data.images.load(str(path))
    bpy.ops.pifu.look()


def test_a_texture_larger_than_the_photo_is_told_before(scene, full_photo):
    look(scene, full_photo)
    height = bpy.context.window_manager.pifu.height_px
    assert 850 < height < 1150, "the man is about a thousand pixels tall"
    for texture, told in (("NONE", ""), ("SMALL", ""), ("MEDIUM", ""), ("LARGE", "2048 px")):
        scene.pifu.texture = texture
        hint = photo_check.texture_hint(scene)
        assert bool(told) == bool(hint) and told in hint
    assert f"{height / scene.pifu.height_m:.0f} px per metre" in hint
    scene.pifu.person = 1
    assert photo_check.texture_hint(scene) == "", "that one was not looked at"


@pytest.mark.parametrize(("height", "told"), [(500, "1024"), (780, "1024"), (800, "2048"), (1600, ""), (0, "")])
def test_the_smallest_that_holds_all_is_named(scene, full_photo, height, told):
    image = scene.pifu.photo = bpy.data.images.load(str(full_photo))
    scene.pifu.texture = "LARGE"
    photo_check._tell(photo_check.photo.key(image), 0, [], 1, 1)
    bpy.context.window_manager.pifu.height_px = height
    hint = photo_check.texture_hint(scene)
    assert f"{told} px hold all" in hint if told else hint == ""

# SPDX-License-Identifier: GPL-3.0-or-later
"""A human is begun from Blender's own menus, a dropped picture or the Image Editor, and stands where it is wanted."""

from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
import pytest

from blender_pifu.addon.person.scene import add_human
from blender_pifu.addon.ui import doors, operators
from blender_pifu.result_file import read_result


class Layout:
    """Draws nothing and keeps the operators."""

    def __init__(self):
        self.operators = []

    def separator(self):
        pass

    def operator(self, name, **_):
        self.operators.append(name)


def test_blenders_menus_have_it():
    for menu, draw in doors.MENUS:
        assert draw in getattr(bpy.types, menu)._dyn_ui_initialize()
        owner = type("Menu", (), {"layout": Layout()})
        draw(owner, bpy.context)
        assert owner.layout.operators and all(getattr(bpy.ops.pifu, n.split(".")[1]) for n in owner.layout.operators)


def test_what_is_dropped_becomes_the_photo_and_nothing_begins(scene, photo):
    handler = doors.PIFU_FH_photo
    assert handler.bl_import_operator == doors.PIFU_OT_drop_photo.bl_idname
    assert photo.suffix in handler.bl_file_extensions.split(";")
    files = {"directory": str(photo.parent), "files": [{"name": photo.name}]}
    assert bpy.ops.pifu.drop_photo(filepath=str(photo), **files) == {"FINISHED"}
    assert scene.pifu.photo.name == photo.name
    assert bpy.context.window_manager.pifu.state == "IDLE"
    assert not [thing for thing in bpy.data.objects if thing.pifu.is_human]


def test_of_a_dropped_picture_blender_asks_what_it_is_to_be():
    area = SimpleNamespace(type="VIEW_3D")
    for perspective in ("PERSP", "ORTHO", "CAMERA"):
        view = SimpleNamespace(type="VIEW_3D", region_3d=SimpleNamespace(view_perspective=perspective))
        context = SimpleNamespace(area=area, space_data=view, region=None)
        takers = [each for each in bpy.types.FileHandler.__subclasses__() if ".jpg" in each.bl_file_extensions]
        assert sum(bool(each.poll_drop(context)) for each in takers) == 2, "who takes it alone is not asked about"


def test_a_chosen_file_becomes_the_photo_and_a_human(scene, photo):
    assert bpy.ops.pifu.from_photo(filepath=str(photo)) == {"FINISHED"}
    assert scene.pifu.photo.name == photo.name
    assert bpy.context.view_layer.objects.active.name == photo.stem


def test_without_an_engine_it_is_chosen_all_the_same(scene, photo, empty_home):
    assert bpy.ops.pifu.from_photo(filepath=str(photo)) == {"FINISHED"}
    assert scene.pifu.photo.name == photo.name
    assert bpy.context.window_manager.pifu.state != "RUNNING"
    assert operators.obstacle(bpy.context) == "Install the engine first"


def test_a_file_that_is_no_picture_changes_nothing(scene, tmp_path):
    with pytest.raises(RuntimeError):
        bpy.ops.pifu.from_photo(filepath=str(tmp_path / "none.png"))
    assert scene.pifu.photo is None
    assert operators.obstacle(bpy.context) == "Choose a photo first"


def test_the_image_editors_picture_is_taken(scene, photo):
    image = bpy.data.images.load(str(photo))
    with bpy.context.temp_override(edit_image=image):
        assert bpy.ops.pifu.from_image() == {"FINISHED"}
    assert scene.pifu.photo == image
    assert not bpy.ops.pifu.from_image.poll()


def test_a_sample_photo_is_there(scene):
    assert bpy.ops.pifu.sample_photo() == {"FINISHED"}
    assert Path(scene.pifu.photo.filepath).is_file() and scene.pifu.photo.size[0] > 100


def test_allowing_online_access_and_installing_is_one_button(scene, empty_home, monkeypatch):
    system = bpy.context.preferences.system
    assert not system.use_online_access
    seen = []

    class Task:
        title, first_step, belongs_to_file, importing = "Install Engine", "", False, False

        def __init__(self, context):
            seen.append(context.preferences.system.use_online_access)
            raise operators.UserError("install_failed", "No.")

    monkeypatch.setattr(operators, "InstallTask", Task)
    try:
        with pytest.raises(RuntimeError):
            bpy.ops.pifu.install_engine(allow_online=True)
        assert seen == [not bpy.app.online_access_override]
    finally:
        system.use_online_access = False


@pytest.mark.parametrize("hidden", [False, True])
def test_it_stands_at_the_cursor_in_the_active_collection(scene, rigged, hidden):
    group = bpy.data.collections.new("Crowd")
    scene.collection.children.link(group)
    layer = bpy.context.view_layer.layer_collection.children["Crowd"]
    bpy.context.view_layer.active_layer_collection = layer
    layer.hide_viewport = hidden
    scene.cursor.location = (1, 2, 0.5)
    body = add_human(bpy.context, scene, rigged, "Ann")
    bpy.context.view_layer.update()
    assert ("Ann" in group.children) != hidden and ("Ann" in scene.collection.children) == hidden
    points = np.array([body.matrix_world @ vertex.co for vertex in body.data.vertices])
    assert points[:, 2].min() == pytest.approx(0.5, abs=1e-3)
    assert np.abs((points.min(0) + points.max(0))[:2] / 2 - (1, 2)).max() < 0.3
    bpy.ops.pifu.validate()
    states = {line.name: line.state for line in bpy.context.window_manager.pifu_report.lines}
    assert states["ground"] == states["transforms"] == "OK"


def test_a_height_is_set_where_the_person_stands(scene, rigged):
    scene.cursor.location = (1, 2, 0.5)
    body = add_human(bpy.context, scene, rigged, "Ann")
    body.pifu.height_m = 1.2
    bpy.context.view_layer.update()
    assert bpy.ops.pifu.fix(check="height") == {"FINISHED"}
    points = np.array([body.matrix_world @ vertex.co for vertex in body.data.vertices])
    assert points[:, 2].min() == pytest.approx(0.5, abs=1e-3) and np.ptp(points[:, 2]) == pytest.approx(1.2, abs=1e-3)


def test_only_the_untouched_cube_of_a_new_file_makes_room(scene, photo):
    cube = bpy.data.objects["Cube"]
    assert bpy.ops.pifu.generate(filepath=str(photo)) == {"FINISHED"}
    assert cube.hide_get() and "cube" in bpy.context.window_manager.pifu.message
    cube.hide_set(False)
    cube.data.vertices[0].co.x = 0.5
    assert bpy.ops.pifu.generate(filepath=str(photo)) == {"FINISHED"}
    assert not cube.hide_get() and "cube" not in bpy.context.window_manager.pifu.message


def test_a_result_without_a_skeleton_stands_there_too(scene, write_result):
    scene.cursor.location = (1, 0, 0)
    assert add_human(bpy.context, scene, read_result(write_result()), "Ann").location[:] == (1, 0, 0)


def test_a_second_one_stands_beside_who_is_at_the_cursor(scene, photo):
    scene.cursor.location = (1, 2, 0)
    for _ in range(3):
        assert bpy.ops.pifu.generate(filepath=str(photo)) == {"FINISHED"}
    row = sorted(thing.location.x for thing in scene.objects if thing.pifu.is_human)
    width = bpy.context.object.dimensions.x
    assert row[0] == 1 and np.diff(row) == pytest.approx(1.1 * width, abs=0.02)
    assert bpy.context.object.location.x == row[-1] and bpy.context.object.location.y == 2
    bpy.context.object.hide_set(True)
    scene.cursor.location.y = 4
    bpy.ops.pifu.generate(filepath=str(photo))
    assert tuple(bpy.context.object.location) == (1, 4, 0), "that place is free"

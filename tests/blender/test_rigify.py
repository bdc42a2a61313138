# SPDX-License-Identifier: GPL-3.0-or-later
"""Generate Rigify Rig: there when it can be done, gone when it is done, and Rigify as the artist had it."""

import addon_utils
import bpy
import pytest

from blender_pifu.addon.person import bones, rigify
from blender_pifu.addon.person.human import find_person
from blender_pifu.addon.person.scene import add_human


def button():
    """Whether the panel shows the button, and whether it can be pressed."""
    person = find_person(bpy.context)
    shown = bool(person and person.armature and rigify.is_metarig(person.armature))
    return shown, bpy.ops.pifu.generate_rig.poll()


def in_preferences():
    return "rigify" in bpy.context.preferences.addons.keys()


@pytest.fixture
def off(scene):
    if rigify.is_on():
        addon_utils.disable("rigify", default_set=True)
    assert not in_preferences()


@pytest.fixture
def on(scene):
    addon_utils.enable("rigify", default_set=True)
    yield
    addon_utils.disable("rigify", default_set=True)


def test_rigify_is_only_on_meanwhile(off, scene, rigged):
    add_human(bpy.context, scene, rigged, "Ann", "RIGIFY")
    assert not rigify.is_on() and not in_preferences()
    assert button() == (True, True)
    assert bpy.ops.pifu.generate_rig() == {"FINISHED"}
    assert not rigify.is_on() and not in_preferences()
    assert bpy.data.objects["Ann Rig"].data.bones["DEF-forearm.L"]


def test_who_has_rigify_on_keeps_it_on(on, scene, rigged):
    add_human(bpy.context, scene, rigged, "Ann", "RIGIFY")
    bpy.ops.pifu.generate_rig()
    assert rigify.is_on() and in_preferences()


def test_it_is_there_for_a_saved_person_where_rigify_is_off(off, scene, rigged, tmp_path):
    add_human(bpy.context, scene, rigged, "Ann", "RIGIFY")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "ann.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "ann.blend"), load_ui=False)
    bpy.context.view_layer.objects.active = bpy.data.objects["Ann"]
    assert not rigify.is_on() and button() == (True, True)
    assert bpy.ops.pifu.generate_rig() == {"FINISHED"}
    assert not rigify.is_on()


@pytest.mark.parametrize("active", ["Ann", "Ann Rig", "Ann Metarig"])
@pytest.mark.parametrize("reopened", [False, True])
def test_it_goes_once_the_rig_is_there(off, scene, rigged, tmp_path, active, reopened):
    add_human(bpy.context, scene, rigged, "Ann", "RIGIFY")
    bpy.ops.pifu.generate_rig()
    if reopened:
        bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "ann.blend"))
        bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "ann.blend"), load_ui=False)
    bpy.context.view_layer.objects.active = bpy.data.objects[active]
    assert button() == (False, False)
    with pytest.raises(RuntimeError, match="has its rig already"):
        bpy.ops.pifu.generate_rig()
    with pytest.raises(RuntimeError, match="before generating the rig"):
        bpy.ops.pifu.repose(pose="T")


@pytest.mark.parametrize("bone_set", bones.SETS)
def test_it_is_for_rigify_s_bones_only(off, scene, rigged, bone_set):
    body = add_human(bpy.context, scene, rigged, "Ann", bone_set)
    assert button() == (bone_set == "RIGIFY",) * 2
    assert set(body.parent.data.bones.keys()) <= set(bones.roles_of(bone_set))


def test_it_wants_object_mode(off, scene, rigged):
    body = add_human(bpy.context, scene, rigged, "Ann", "RIGIFY")
    bpy.context.view_layer.objects.active = body.parent
    bpy.ops.object.mode_set(mode="POSE")
    assert button() == (True, False)


def test_a_blender_without_rigify_says_so(off, scene, rigged, monkeypatch):
    add_human(bpy.context, scene, rigged, "Ann", "RIGIFY")
    monkeypatch.setattr(rigify, "is_there", lambda: False)
    monkeypatch.setattr("blender_pifu.addon.ui.rig_operators.is_there", lambda: False)
    assert button() == (True, False)
    with pytest.raises(RuntimeError, match="not in this Blender"):
        bpy.ops.pifu.generate_rig()


def test_where_rigify_fails_everything_is_as_it_was(off, scene, rigged, contents):
    body = add_human(bpy.context, scene, rigged, "Ann", "RIGIFY")
    bpy.context.view_layer.objects.active = body.parent
    bpy.ops.object.mode_set(mode="EDIT")
    body.parent.data.edit_bones["spine.004"].use_connect = True  # Rigify wants neck and chest apart
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.context.view_layer.objects.active = body
    body.parent.hide_set(True)
    before = contents()
    with pytest.raises(RuntimeError, match=r"Rigify cannot generate the rig: RIGIFY ERROR.*The metarig is as it was"):
        bpy.ops.pifu.generate_rig()
    assert contents() == before
    assert bpy.context.view_layer.objects.active == body and body.parent.hide_get()
    assert not rigify.is_on() and button() == (True, True)


def test_a_hidden_metarig_will_do(off, scene, rigged):
    body = add_human(bpy.context, scene, rigged, "Ann", "RIGIFY")
    body.parent.hide_set(True)
    assert bpy.ops.pifu.generate_rig() == {"FINISHED"}

# SPDX-License-Identifier: GPL-3.0-or-later
"""A motion is an action of the human's armature under any bones' names; read from a film by the real engine."""

from dataclasses import replace

import bpy
import numpy as np
import pytest
from mathutils import Quaternion, Vector

from blender_pifu.addon.controls.follow import control_turns
from blender_pifu.addon.controls.furnish import furnish
from blender_pifu.addon.person import bones
from blender_pifu.addon.person.curves import curves_of
from blender_pifu.addon.person.human import joints
from blender_pifu.addon.person.motion import add_action, bones_of
from blender_pifu.addon.person.scene import add_human
from blender_pifu.result_file import Motion

QUARTER = Quaternion((0, 1, 0), np.radians(90))


def lifted(names):
    """Half a second, 30 frames a second: the left upper arm turned by a quarter, the hips carried to the left."""
    share = np.linspace(0, 1, 16)
    turns = np.zeros((16, len(names), 4), np.float32)
    turns[..., 0] = 1
    arm = names.index("upper_arm.L")
    turns[:, arm] = [Quaternion((0, 1, 0), np.radians(90) * each) for each in share]
    hips = np.zeros((16, 3), np.float32)
    return Motion("lift", 30.0, turns, hips, np.ones(16, bool), np.ones((16, 2), bool)), share


def given(scene, rigged, bone_set, controls=True):
    """The body with the motion; its armature, and the action."""
    body = add_human(bpy.context, scene, rigged, "Ann", bone_set, controls)
    armature = body.parent
    furnish(bpy.context, scene, armature, controls)
    told = bones_of(scene, armature)
    motion, share = lifted(told["names"])
    start = np.array(told["heads"][0])
    hips = start + share[:, None] * (0.3, 0, 0)
    motion = replace(motion, hips=hips.astype(np.float32))
    action = add_action(scene, armature, tuple(told["names"]), motion, control_turns)
    return armature, action


def head_of(armature, role):
    bone = next(each for each in armature.data.bones if each.get("pifu_bone") == role and "pifu_kind" not in each)
    evaluated = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return evaluated.pose.bones[bone.name].head.copy()


@pytest.mark.parametrize("bone_set", bones.SETS)
def test_bones_of_every_set_do_it_at_the_scenes_rate(scene, rigged, bone_set):
    scene.render.fps = 24
    armature, action = given(scene, rigged, bone_set)
    rest = {role: Vector(place) for role, place in joints(armature)[0].items()}
    assert armature.animation_data.action == action and action.name == "lift"
    assert tuple(action.frame_range) == (1, 13), "half a second is 12 frames"
    scene.frame_set(1)
    assert (head_of(armature, "hand.L") - rest["hand.L"]).length < 1e-4
    scene.frame_set(13)
    shift = Vector((0.3, 0, 0))
    expected = rest["upper_arm.L"] + QUARTER @ (rest["hand.L"] - rest["upper_arm.L"]) + shift
    assert (head_of(armature, "hand.L") - expected).length < 1e-3, "inverse kinematics does not hold it"
    assert (head_of(armature, "foot.R") - rest["foot.R"] - shift).length < 1e-3
    scene.frame_set(7)
    assert 0.1 < (head_of(armature, "foot.R") - rest["foot.R"]).x < 0.2


@pytest.mark.parametrize("bone_set", ["PLAIN", "UNREAL"])
def test_inverse_kinematics_leads_limbs_the_same_way(scene, rigged, bone_set):
    scene.render.fps = 24
    armature, _ = given(scene, rigged, bone_set)
    limbs = ("forearm.L", "hand.L", "forearm.R", "shin.L", "foot.R")
    places = {}
    for switched in (False, True):
        if switched:
            for curve in curves_of(armature.animation_data.action):
                if curve.data_path.startswith('["IK '):
                    curve.mute = True
            for name in [name for name in armature.keys() if name.startswith("IK ")]:
                armature[name] = 1.0
            armature.update_tag()
        for frame in (1, 7, 13):
            scene.frame_set(frame)
            places[switched, frame] = [head_of(armature, role) for role in limbs]
    for frame in (1, 7, 13):
        apart = [(a - b).length for a, b in zip(places[False, frame], places[True, frame], strict=True)]
        assert max(apart) < 2e-3, (frame, apart)


def test_the_scene_is_long_enough_and_an_older_action_stays(scene, rigged):
    scene.frame_end = 5
    armature, first = given(scene, rigged, "PLAIN")
    assert scene.frame_end == 13
    motion, _ = lifted(bones_of(scene, armature)["names"])
    second = add_action(scene, armature, tuple(bones_of(scene, armature)["names"]), motion)
    assert armature.animation_data.action == second and first.use_fake_user


def test_another_rest_pose_takes_it_off_and_gives_inverse_kinematics_back(scene, rigged):
    armature, action = given(scene, rigged, "PLAIN")
    scene.frame_set(13)
    assert armature["IK Left Arm"] == 0
    bpy.context.view_layer.objects.active = armature
    assert bpy.ops.pifu.repose(pose="A") == {"FINISHED"}
    assert armature.animation_data.action is None and action.use_fake_user and armature["IK Left Arm"] == 1
    scene.frame_set(1)
    rest = joints(armature)[0]
    assert (head_of(armature, "hand.L") - Vector(rest["hand.L"])).length < 1e-3


def test_centimetres_as_units_are_metres_of_the_motion(scene, rigged):
    scene.unit_settings.system, scene.unit_settings.scale_length = "METRIC", 0.01
    armature, _ = given(scene, rigged, "UNREAL")
    rest = Vector(joints(armature)[0]["foot.R"])
    scene.frame_set(13)
    assert (head_of(armature, "foot.R") - rest - Vector((30, 0, 0))).length < 0.1


def test_it_is_there_when_the_file_is_opened_again(scene, rigged, tmp_path):
    armature, action = given(scene, rigged, "PLAIN")
    scene.frame_set(13)
    place, count = head_of(armature, "hand.L"), len(curves_of(action))
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "ann.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "ann.blend"))
    armature = next(thing for thing in bpy.data.objects if thing.type == "ARMATURE")
    assert len(curves_of(armature.animation_data.action)) == count > 100
    assert (head_of(armature, "hand.L") - place).length < 1e-4


@pytest.mark.parametrize("ending", [".glb", ".fbx"])
def test_exports_carry_it_for_as_long_as_it_takes(scene, rigged, tmp_path, ending):
    scene.render.fps = 30
    armature, _ = given(scene, rigged, "PLAIN")
    scene.frame_set(16)
    place = head_of(armature, "hand.L")
    path, program = tmp_path / f"ann{ending}", "GODOT" if ending == ".glb" else "UNREAL"
    scene.frame_set(1)
    bpy.context.view_layer.objects.active = armature
    assert bpy.ops.pifu.export(filepath=str(path), program=program) == {"FINISHED"}
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = 60
    importer = bpy.ops.import_scene.gltf if ending == ".glb" else bpy.ops.import_scene.fbx
    importer(filepath=str(path))
    back = next(thing for thing in bpy.data.objects if thing.type == "ARMATURE")
    first, last = back.animation_data.action.frame_range
    assert (last - first) / bpy.context.scene.render.fps == pytest.approx(0.5, abs=0.01)
    bpy.context.scene.frame_set(round(last))
    hand = back.matrix_world @ back.pose.bones["hand.L"].head
    assert (hand - place).length < 0.01


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """A synthetic person who lifts the right hand, in 10 frames."""
    from blender_pifu.training.data.moving_video import film_moving

    path = tmp_path_factory.mktemp("film") / "wave.mp4"
    film_moving("wave", 11, 10, -0.4).write(path)
    return path


def test_a_film_becomes_an_action_by_one_call(scene, rigged, film):
    body = add_human(bpy.context, scene, rigged, "Ann", "PLAIN")
    bpy.context.view_layer.objects.active = body
    assert bpy.ops.pifu.motion(filepath=str(film)) == {"FINISHED"}
    status = bpy.context.window_manager.pifu
    assert status.state == "DONE" and status.message.startswith('The action "wave": 0.4 seconds.')
    armature = body.parent
    assert tuple(armature.animation_data.action.frame_range) == (1, 10)
    heights = []
    for frame in (1, 10):
        scene.frame_set(frame)
        heights.append([head_of(armature, role).z for role in ("hand.R", "hand.L", "foot.L")])
    (right, left, foot) = np.diff(heights, axis=0)[0]
    assert right > 0.3 and abs(left) < 0.1 and abs(foot) < 0.02


def test_what_is_no_film_is_told_and_changes_nothing(scene, rigged, tmp_path):
    (tmp_path / "text.mp4").write_text("no film")
    body = add_human(bpy.context, scene, rigged, "Ann", "PLAIN")
    bpy.context.view_layer.objects.active = body
    with pytest.raises(RuntimeError, match="no film that can be read here"):
        bpy.ops.pifu.motion(filepath=str(tmp_path / "text.mp4"))
    assert bpy.context.window_manager.pifu.kind == "motion"
    assert body.parent.animation_data is None or body.parent.animation_data.action is None


def test_it_is_for_a_human_with_bones(scene, rigged):
    body = add_human(bpy.context, scene, replace(rigged, rig=None), "Ann")
    bpy.context.view_layer.objects.active = body
    assert not bpy.ops.pifu.motion.poll()

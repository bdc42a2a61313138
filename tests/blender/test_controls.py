# SPDX-License-Identifier: GPL-3.0-or-later
"""What an animator moves a human by: twists keep girth, raised arms shoulders, hands and feet lead their limbs."""

import bpy
import numpy as np
import pytest
from mathutils import Matrix, Quaternion, Vector

from blender_pifu.addon.checks.checks_rig import rest_movement
from blender_pifu.addon.controls.furnish import furnish, has_controls
from blender_pifu.addon.controls.ik import LIMBS, switches
from blender_pifu.addon.person.armature import KIND, ROLE, bone_set_of
from blender_pifu.addon.person.bones import SETS
from blender_pifu.addon.person.human import Human, coordinates, group_weights, joints
from blender_pifu.addon.person.scene import add_human
from blender_pifu.addon.posing.repose import repose
from blender_pifu.addon.ui.rig_operators import MENDS

OURS = [name for name in SETS if name != "RIGIFY"]


def make(scene, rigged, bone_set="PLAIN", controls=True, pose="T", ik=0.0):
    body = add_human(bpy.context, scene, rigged, "Ann", bone_set, controls)
    furnish(bpy.context, scene, body.parent, controls)
    person = Human(body, body.parent)
    if pose:
        repose(bpy.context, person, pose)
    for switch in switches(person.armature):
        person.armature[switch] = ik
    person.armature.update_tag()
    bpy.context.view_layer.update()
    return person


def bone_of(person, role):
    return next(b for b in person.armature.pose.bones if b.bone.get(ROLE) == role and KIND not in b.bone)


def seen(person):
    bpy.context.view_layer.update()
    return coordinates(person.body.evaluated_get(bpy.context.evaluated_depsgraph_get()).data)


def girths(person, points, rest):
    """Of slices along the left forearm and over the wrist: how far the skin is from its middle, to that at rest."""
    heads, tails = joints(person.armature)
    head, tail = heads["forearm.L"], tails["forearm.L"]
    axis = (tail - head) / np.linalg.norm(tail - head)
    along = (rest - head) @ axis / np.linalg.norm(tail - head)
    near = np.linalg.norm(np.cross(rest - head, axis), axis=1) < 0.1

    def width(vertices, slice_):
        flat = vertices[slice_] - np.outer(vertices[slice_] @ axis, axis)
        return np.sqrt(((flat - flat.mean(0)) ** 2).sum(1).mean())

    slices = [near & (np.abs(along - at) < 0.06) for at in np.arange(0.2, 1.05, 0.1)]
    return [width(points, slice_) / width(rest, slice_) for slice_ in slices]


@pytest.mark.parametrize("bone_set", ["PLAIN", "UNREAL"])
def test_a_hand_turned_by_90_degrees_keeps_the_forearm_round(scene, rigged, bone_set):
    least = {}
    for controls in (False, True):
        person = make(scene, rigged, bone_set, controls)
        rest = seen(person)
        hand = bone_of(person, "hand.L")
        hand.rotation_mode, hand.rotation_quaternion = "QUATERNION", Quaternion((0, 1, 0), np.radians(90))
        least[controls] = min(girths(person, seen(person), rest))
    assert least[True] > 0.9
    if bone_set == "PLAIN":  # Unreal's mannequin has its twist bones always
        assert least[False] < 0.8


def test_a_bent_wrist_twists_nothing(scene, rigged):
    person = make(scene, rigged)
    hand = bone_of(person, "hand.L")
    hand.rotation_mode, hand.rotation_quaternion = "QUATERNION", Quaternion((1, 0, 0), np.radians(70))
    seen(person)
    assert abs(person.armature.pose.bones["forearm_twist.L"].rotation_euler[1]) < 1e-4


def test_an_arm_raised_to_150_degrees_keeps_the_shoulder_fuller(scene, rigged):
    kept = {}
    for controls in (False, True):
        person = make(scene, rigged, controls=controls, pose="A")
        rest = seen(person)
        shoulder = joints(person.armature)[0]["upper_arm.L"]
        rows, groups, weights = group_weights(person.body)
        if not controls:  # skin that hangs on both
            roles = [person.armature.data.bones[group.name].get(ROLE) for group in person.body.vertex_groups]
            arm = np.zeros(len(rest))
            np.add.at(arm, rows, weights * np.isin(np.array(roles)[groups], "upper_arm.L"))
            skin = (arm > 0.3) & (arm < 0.7)
        arm = bone_of(person, "upper_arm.L")
        way = Vector((np.sin(np.radians(150)), 0, -np.cos(np.radians(150))))
        turn = (arm.bone.tail_local - arm.bone.head_local).rotation_difference(way).to_matrix().to_4x4()
        at = Matrix.Translation(arm.bone.head_local)
        arm.matrix = at @ turn @ at.inverted() @ arm.matrix
        far = [np.linalg.norm(points[skin] - shoulder, axis=1) for points in (seen(person), rest)]
        kept[controls] = np.percentile(far[0] / far[1], 10)
    assert kept[False] < 0.7 and kept[True] > kept[False] + 0.08


@pytest.mark.parametrize("pose", ["", "A", "T"])
@pytest.mark.parametrize("bone_set", OURS)
def test_put_on_nothing_moves_and_no_check_fails(scene, rigged, bone_set, pose):
    person = make(scene, rigged, bone_set, pose=pose, ik=1.0)
    assert np.abs(seen(person) - coordinates(person.body.data)).max() < 2e-4
    assert rest_movement(person) < 1e-4
    assert bone_set_of(person.armature) == bone_set and has_controls(person.armature)
    bpy.ops.pifu.validate()
    bad = {line.name for line in bpy.context.window_manager.pifu_report.lines if line.state != "OK"}
    assert not bad & {"bones", "rest", "groups", "idle", "unweighted", "sums", "influences"}


@pytest.mark.parametrize("pose", ["", "T"])
def test_hands_and_feet_lead_their_limbs_and_poles_say_where_these_bend(scene, rigged, pose):
    person = make(scene, rigged, pose=pose, ik=1.0)
    bones = person.armature.pose.bones
    for each in LIMBS:
        control, end, joint = bones[each.control], bone_of(person, each.end), bone_of(person, each.lower)
        start = Vector(joints(person.armature)[0][each.upper])
        aim = control.matrix.copy()
        aim.translation = start.lerp(aim.translation, 0.7)
        control.matrix = aim
        bpy.context.view_layer.update()
        assert (end.head - aim.translation).length < 1e-3, each.control
        side = joint.head - start.lerp(aim.translation, 0.5)
        assert side.angle(bones[each.pole].head - start.lerp(aim.translation, 0.5)) < 0.3, each.pole
        person.armature[each.switch] = 0.0
        person.armature.update_tag()
        bpy.context.view_layer.update()
        assert (end.matrix.translation - end.bone.head_local).length < 1e-4, "bone by bone again"


def test_a_clip_for_other_programs_bones_is_not_held_by_ik(scene, rigged):
    body = add_human(bpy.context, scene, rigged, "Ann", "MIXAMO", True)
    furnish(bpy.context, scene, body.parent, True)
    assert [body.parent[switch] for switch in switches(body.parent)] == [0.0] * 4


def test_bones_are_sorted_and_coloured(scene, rigged):
    armature = make(scene, rigged).armature
    names = [collection.name for collection in armature.data.collections]
    assert names == ["Root", "Torso", "Arms FK", "Arms IK", "Legs FK", "Legs IK", "Fingers", "Helpers"]
    assert not armature.data.collections["Helpers"].is_visible
    assert all(bone.collections and bone.color.palette != "DEFAULT" for bone in armature.data.bones)
    assert {bone.name for bone in armature.data.collections["Arms IK"].bones} == {
        "hand_ik.L", "hand_ik.R", "elbow_pole.L", "elbow_pole.R",
    }  # fmt: skip


@pytest.mark.parametrize("bone_set", OURS)
def test_the_root_s_ring_lies_on_the_ground_and_points_to_the_front(scene, rigged, bone_set):
    person = make(scene, rigged, bone_set, pose=None)
    (pose,) = (pose for pose in person.armature.pose.bones if pose.custom_shape and pose.parent is None)
    turn = pose.bone.matrix_local.to_3x3() @ pose.custom_shape_rotation_euler.to_matrix()
    points = coordinates(pose.custom_shape.data) * pose.custom_shape_scale_xyz @ np.array(turn).T
    height = np.ptp(coordinates(person.body.data)[:, 2])
    assert not pose.use_custom_shape_bone_size and np.abs(points[:, 2]).max() < 1e-4
    assert 0.1 * height < points[:, 0].max() < 0.3 * height and -points[:, 1].min() > 1.2 * points[:, 1].max()


def test_controls_have_shapes_that_are_in_no_scene_and_shared(scene, rigged):
    first, second = make(scene, rigged).armature, make(scene, rigged).armature
    for name, shape in (("hand_ik.L", "Box"), ("knee_pole.R", "Ball"), ("root", "Ring")):
        shapes = {armature.pose.bones[name].custom_shape for armature in (first, second)}
        (only,) = shapes
        assert only["pifu_shape"] == shape and not only.users_scene


def test_controls_come_and_go_with_change_bones(scene, rigged):
    person = make(scene, rigged, controls=False, pose="")
    names = {bone.name for bone in person.armature.data.bones}
    before = joints(person.armature)[0]
    scene.pifu.bones = "PLAIN"
    for controls in (True, False):
        assert not (scene.pifu.controls == controls and bpy.ops.pifu.change_bones.poll()) or controls
        scene.pifu.controls = controls
        assert bpy.ops.pifu.change_bones() == {"FINISHED"}
        armature = person.body.parent
        assert has_controls(armature) == controls and not bpy.ops.pifu.change_bones.poll()
    assert {bone.name for bone in armature.data.bones} == names
    for name, head in joints(armature)[0].items():
        assert np.linalg.norm(head - before[name]) < 1e-5


def test_unreals_mannequin_has_its_twist_bones(scene, rigged):
    armature = make(scene, rigged, "UNREAL", controls=False).armature
    for side in "lr":
        for limb in ("upperarm", "lowerarm", "thigh"):
            bone = armature.data.bones[f"{limb}_twist_01_{side}"]
            assert bone.parent.name == f"{limb}_{side}" and bone.use_deform
    assert armature.data.bones["root"].parent is None


@pytest.mark.parametrize(("bone_set", "controls"), [("PLAIN", True), ("UNREAL", False)])
def test_the_root_stays_upright_between_the_feet(scene, rigged, bone_set, controls):
    person = make(scene, rigged, bone_set, controls, pose="")
    before = person.armature.data.bones["root"].matrix_local.copy()
    person.root.rotation_euler.z = 0.4
    bpy.context.view_layer.update()
    bpy.ops.pifu.repose(pose="T")
    MENDS["facing"](person)
    root = person.armature.data.bones["root"].matrix_local
    assert np.abs(np.array(root) - np.array(before)).max() < 1e-5
    assert np.abs(seen(person) - coordinates(person.body.data)).max() < 2e-4


KEYED = 20


def keyed(person):
    """Lead the left hand up in 20 frames, by its control where there is one."""
    control = person.armature.pose.bones["hand_ik.L"]
    for frame, up in ((1, 0.0), (KEYED, 0.35)):
        control.location = control.bone.matrix_local.to_3x3().inverted() @ Vector((-0.1 * up, -up / 2, up))
        control.keyframe_insert("location", frame=frame)


@pytest.mark.parametrize(("program", "bone_set"), [("UNREAL", "UNREAL"), ("GODOT", "VRM"), ("BLENDER", "PLAIN")])
def test_an_export_has_root_and_deforming_bones_and_moves_as_was_seen(scene, rigged, tmp_path, program, bone_set):
    scene.pifu.program = program
    person = make(scene, rigged, bone_set, pose="T", ik=1.0)
    keyed(person)
    before = {bone.name for bone in person.armature.data.bones}
    scene.frame_set(KEYED)
    wanted = np.array(bone_of(person, "hand.L").head)
    name, root = bone_of(person, "hand.L").name, person.armature.data.bones["root"].name
    kept = {bone.name for bone in person.armature.data.bones if bone.get(KIND) not in ("control", "help")}
    helpers = {bone.name for bone in person.armature.data.bones if bone.get(KIND) == "help"}
    assert bpy.ops.pifu.export(filepath=str(tmp_path / "Ann")) == {"FINISHED"}
    assert {bone.name for bone in person.armature.data.bones} == before, "the scene stays as it was"
    assert len(person.armature.pose.bones["hand.L" if bone_set != "UNREAL" else "hand_l"].constraints) == 1
    (file,) = tmp_path.iterdir()
    theirs = imported(file)
    bones = theirs.armature.data.bones
    names = {bone.name for bone in bones}
    assert names >= kept | (helpers if program == "BLENDER" else set())
    assert not {bone for bone in names if "_ik" in bone or "pole" in bone}
    assert (not names & helpers) == (program != "BLENDER")
    rows, groups, weights = group_weights(theirs.body)
    moving = {theirs.body.vertex_groups[group].name for group in np.unique(groups[weights > 0])}
    assert bones[root].parent is None and moving <= kept | helpers and root not in moving
    assert np.abs(np.bincount(rows, weights, minlength=1)[np.unique(rows)] - 1).max() < 1e-3
    bpy.context.scene.frame_set(KEYED)
    bpy.context.view_layer.update()
    got = theirs.armature.matrix_world @ theirs.armature.pose.bones[name].matrix
    assert np.linalg.norm(np.array(got.translation) - wanted) < 0.03, (got.translation, wanted)


def test_a_glb_has_no_other_movement_than_the_human_s_own(scene, rigged, tmp_path):
    scene.pifu.program = "GODOT"
    other = make(scene, rigged, "VRM", pose="T", ik=1.0)
    still = other.armature.pose.bones["hand_ik.L"]
    for frame in (1, KEYED):
        still.keyframe_insert("location", frame=frame)
    other.armature.animation_data.action.name = "A walk that sorts before the human's own"
    person = make(scene, rigged, "VRM", pose="T", ik=1.0)
    keyed(person)
    scene.frame_set(KEYED)
    wanted = np.array(bone_of(person, "hand.L").head)
    bpy.context.view_layer.objects.active = person.body
    assert bpy.ops.pifu.export(filepath=str(tmp_path / "Ann.glb")) == {"FINISHED"}
    theirs = imported(tmp_path / "Ann.glb")
    assert len(bpy.data.actions) == 1
    bpy.context.scene.frame_set(KEYED)
    bpy.context.view_layer.update()
    got = theirs.armature.matrix_world @ theirs.armature.pose.bones["hand.L"].matrix
    assert np.linalg.norm(np.array(got.translation) - wanted) < 0.03


def test_a_pose_by_ik_goes_along_without_keys(scene, rigged, tmp_path):
    scene.pifu.program = "UNITY"
    person = make(scene, rigged, "VRM", pose="T", ik=1.0)
    control = person.armature.pose.bones["hand_ik.L"]
    control.location = control.bone.matrix_local.to_3x3().inverted() @ Vector((-0.1, -0.2, 0.3))
    bpy.context.view_layer.update()
    wanted = np.array(bone_of(person, "hand.L").head)
    assert bpy.ops.pifu.export(filepath=str(tmp_path / "Ann.fbx")) == {"FINISHED"}
    theirs = imported(tmp_path / "Ann.fbx")
    got = theirs.armature.matrix_world @ theirs.armature.pose.bones["hand.L"].matrix
    assert np.linalg.norm(np.array(got.translation) - wanted) < 1e-2


def imported(file):
    """The human in a file, by Blender's own importers."""
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    bpy.context.scene.render.fps = 24
    if file.suffix == ".glb":
        bpy.ops.import_scene.gltf(filepath=str(file))
    else:
        bpy.ops.preferences.addon_enable(module="io_scene_fbx")
        bpy.ops.import_scene.fbx(filepath=str(file))
    body = next(thing for thing in bpy.data.objects if thing.type == "MESH" and thing.vertex_groups)
    bpy.context.view_layer.update()
    return Human(body, next(modifier.object for modifier in body.modifiers if modifier.type == "ARMATURE"))

# SPDX-License-Identifier: GPL-3.0-or-later
"""Mixamo's skeleton at rest, as MPFB2's rig.mixamo states it: what clips for these names are keyed on.

Head, tail and roll of each bone, facts taken from src/mpfb/data/rigs/standard/rig.mixamo.json of MPFB2 (MakeHuman
Community, CC0).
"""

import bpy

BONES = """
Head 0.00121 -0.02185 1.5301 0.0 -0.01963 1.73319 0.0
Hips -0.00032 -0.01717 0.96245 0.00001 -0.02294 1.06748 -0.00047
LeftArm 0.17542 -0.00278 1.40315 0.42295 0.02905 1.39621 3.11726
LeftFoot 0.0863 -0.01782 0.06824 0.08196 -0.15713 0.02194 3.65268
LeftForeArm 0.42295 0.02905 1.39621 0.65844 0.01486 1.39337 3.11001
LeftHand 0.65844 0.01486 1.39337 0.7511 0.0307 1.38539 -2.98608
LeftHandIndex1 0.76605 -0.00889 1.38556 0.79252 -0.00881 1.38119 3.14157
LeftHandIndex2 0.79252 -0.00881 1.38119 0.81636 -0.00782 1.37875 -3.14158
LeftHandIndex3 0.81636 -0.00782 1.37875 0.84348 -0.00688 1.3724 -3.14154
LeftHandMiddle1 0.76444 0.01812 1.38999 0.79909 0.01897 1.38463 -3.14135
LeftHandMiddle2 0.79909 0.01897 1.38463 0.8276 0.01802 1.38274 -3.14131
LeftHandMiddle3 0.8276 0.01802 1.38274 0.855 0.01798 1.37736 -3.14131
LeftHandPinky1 0.74732 0.05679 1.38569 0.7694 0.05811 1.38444 3.14088
LeftHandPinky2 0.7694 0.05811 1.38444 0.78552 0.05825 1.3832 3.14088
LeftHandPinky3 0.78552 0.05825 1.3832 0.80605 0.0589 1.38193 3.14087
LeftHandRing1 0.75788 0.03804 1.39044 0.78823 0.03935 1.38527 3.13944
LeftHandRing2 0.78823 0.03935 1.38527 0.81367 0.03867 1.38145 3.13942
LeftHandRing3 0.81367 0.03867 1.38145 0.8404 0.03973 1.37445 3.1394
LeftHandThumb1 0.69765 -0.0092 1.38856 0.71057 -0.02855 1.36669 -1.71168
LeftHandThumb2 0.71057 -0.02855 1.36669 0.73778 -0.046 1.34738 -2.4239
LeftHandThumb3 0.73778 -0.046 1.34738 0.76095 -0.05165 1.33105 -2.50465
LeftLeg 0.10252 -0.0367 0.48847 0.0863 -0.01782 0.06824 -3.10987
LeftShoulder 0.05742 -0.01475 1.4388 0.17542 -0.00278 1.40315 -2.92643
LeftToeBase 0.08196 -0.15713 0.02194 0.08415 -0.20894 0.00756 -0.33357
LeftUpLeg 0.1046 -0.00509 0.91033 0.10252 -0.0367 0.48847 3.12481
Neck 0.0 -0.00545 1.4785 -0.00001 -0.00036 1.53584 0.0
RightArm -0.17527 -0.0021 1.4007 -0.42275 0.03084 1.40211 -3.12173
RightFoot -0.08206 -0.01782 0.06839 -0.07737 -0.15713 0.02212 -4.04193
RightForeArm -0.42275 0.03084 1.40211 -0.65826 0.01768 1.4071 -3.112
RightHand -0.65826 0.01768 1.4071 -0.73973 0.02955 1.39955 3.11954
RightHandIndex1 -0.76618 -0.00556 1.4028 -0.79279 -0.00535 1.39932 -3.14105
RightHandIndex2 -0.79279 -0.00535 1.39932 -0.81669 -0.00425 1.39768 -3.14116
RightHandIndex3 -0.81669 -0.00425 1.39768 -0.844 -0.00317 1.39224 -3.14101
RightHandMiddle1 -0.7643 0.02142 1.40726 -0.7991 0.02245 1.40306 -3.14035
RightHandMiddle2 -0.7991 0.02245 1.40306 -0.82767 0.02163 1.40212 -3.14037
RightHandMiddle3 -0.82767 0.02163 1.40212 -0.85523 0.02172 1.39766 -3.14039
RightHandPinky1 -0.74716 0.06003 1.40252 -0.76926 0.06145 1.40201 -3.14079
RightHandPinky2 -0.76926 0.06145 1.40201 -0.78541 0.06166 1.4013 -3.14079
RightHandPinky3 -0.78541 0.06166 1.4013 -0.80597 0.06242 1.40073 -3.1408
RightHandRing1 -0.75764 0.04132 1.40756 -0.78814 0.04278 1.40341 3.14115
RightHandRing2 -0.78814 0.04278 1.40341 -0.8137 0.04222 1.40044 3.14102
RightHandRing3 -0.8137 0.04222 1.40044 -0.84064 0.04342 1.39433 3.14107
RightHandThumb1 -0.69772 -0.00619 1.40352 -0.71145 -0.0254 1.38203 1.83499
RightHandThumb2 -0.71145 -0.0254 1.38203 -0.73936 -0.04267 1.36359 2.25741
RightHandThumb3 -0.73936 -0.04267 1.36359 -0.76309 -0.04816 1.34802 2.29892
RightLeg -0.10155 -0.0367 0.48848 -0.08206 -0.01782 0.06839 3.10988
RightShoulder -0.05931 -0.0136 1.43959 -0.17527 -0.0021 1.4007 2.92126
RightToeBase -0.07737 -0.15713 0.02212 -0.07945 -0.20894 0.00772 -2.99366
RightUpLeg -0.1046 -0.00509 0.91033 -0.10155 -0.0367 0.48848 -3.12478
Spine 0.00001 -0.02294 1.06748 0.0 -0.00946 1.1743 -0.00372
Spine1 0.0 -0.00946 1.1743 0.0 0.01942 1.2984 0.0
Spine2 0.0 0.01942 1.2984 0.0 -0.00545 1.4785 0.0
"""
PARENTS = {"Spine": "Hips", "Spine1": "Spine", "Spine2": "Spine1", "Neck": "Spine2", "Head": "Neck", "Hips": ""}
SIDE = {"Shoulder": "Spine2", "Arm": "Shoulder", "ForeArm": "Arm", "Hand": "ForeArm"}
SIDE |= {"UpLeg": "Hips", "Leg": "UpLeg", "Foot": "Leg", "ToeBase": "Foot"}


def parent_of(name):
    """The parent of a bone, both without "mixamorig:"."""
    if name in PARENTS:
        return PARENTS[name]
    side = "Left" if name.startswith("Left") else "Right"
    rest = name.removeprefix(side)
    if rest[-1].isdigit():
        return f"{side}Hand" if rest[-1] == "1" else f"{side}{rest[:-1]}{int(rest[-1]) - 1}"
    above = SIDE[rest]
    return above if above in PARENTS else side + above


def build(scene):
    """An armature object of it in the scene."""
    armature = bpy.data.objects.new("Mixamo", bpy.data.armatures.new("Mixamo"))
    scene.collection.objects.link(armature)
    before = bpy.context.view_layer.objects.active
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    rows = [line.split() for line in BONES.strip().splitlines()]
    for name, *numbers in rows:
        bone = armature.data.edit_bones.new(f"mixamorig:{name}")
        values = list(map(float, numbers))
        bone.head, bone.tail, bone.roll = values[:3], values[3:6], values[6]
    for name, *_numbers in rows:
        if parent := parent_of(name):
            armature.data.edit_bones[f"mixamorig:{name}"].parent = armature.data.edit_bones[f"mixamorig:{parent}"]
    bpy.ops.object.mode_set(mode="OBJECT")
    bpy.context.view_layer.objects.active = before
    return armature

# SPDX-License-Identifier: GPL-3.0-or-later
"""What turns the bones that share a movement: half of a hand's twist for the forearm, half of an arm's turn for the
shoulder.

A twist is told from a swing by its quaternion (Blender's Swing and Twist), so that a bent wrist twists nothing.
"""

import bpy

from ..person.armature import HELPS, KIND, ROLE

HALF = 0.5
HELP = "Help"  # the name of the constraint


def drive(armature: bpy.types.Object) -> None:
    """Have the bones of the kinds "twist" and "help" follow; what is driven already is left alone."""
    for bone in armature.data.bones:
        pose = armature.pose.bones[bone.name]
        if bone.get(KIND) == "twist":
            role = bone[ROLE]
            if role.startswith("forearm"):  # lies at the hand, and goes along with it
                _twist(armature, pose, limb(armature, "hand" + role[-2:]), HALF)
            else:  # lies at the trunk, and stays behind
                _twist(armature, pose, limb(armature, role), -HALF)
        elif bone.get(KIND) == "help":
            _help(armature, pose, limb(armature, bone[HELPS]))


def limb(armature: bpy.types.Object, role: str) -> bpy.types.Bone | None:
    """The bone that is a canonical bone, whatever else is a part of it."""
    return next((bone for bone in armature.data.bones if bone.get(ROLE) == role and KIND not in bone), None)


def _twist(armature, pose, source, share: float) -> None:
    if source is None:
        return
    pose.rotation_mode = "YXZ"
    pose.lock_location = pose.lock_rotation = pose.lock_scale = (True, True, True)
    if armature.animation_data and armature.animation_data.drivers.find(pose.path_from_id("rotation_euler"), index=1):
        return
    driver = pose.driver_add("rotation_euler", 1).driver
    variable = driver.variables.new()
    variable.name, variable.type = "twist", "TRANSFORMS"
    target = variable.targets[0]
    target.id, target.bone_target = armature, source.name
    target.transform_type, target.transform_space, target.rotation_mode = "ROT_Y", "LOCAL_SPACE", "SWING_TWIST_Y"
    driver.type, driver.expression = "SCRIPTED", f"{share} * twist"


def _help(armature, pose, source) -> None:
    """Both rest alike and hang from the same bone, so that half of the local turn is half of the way."""
    pose.lock_location = pose.lock_rotation = pose.lock_scale = (True, True, True)
    if source is None or HELP in pose.constraints:
        return
    constraint = pose.constraints.new("COPY_ROTATION")
    constraint.name, constraint.target, constraint.subtarget = HELP, armature, source.name
    constraint.owner_space = constraint.target_space = "LOCAL"
    constraint.influence = HALF

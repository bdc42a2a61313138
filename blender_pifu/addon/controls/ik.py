# SPDX-License-Identifier: GPL-3.0-or-later
"""Inverse kinematics of arms and legs: a control at hand or foot, a pole for elbow or knee, a property for its share.

The poles lie in the plane in which the limb is bent, so that nothing moves as it is put on.
"""

from dataclasses import dataclass

import bpy
import numpy as np
from mathutils import Vector

from ...body_axes import flexion_axes, unit
from ..person.armature import KIND, editing
from ..person.human import joints
from .helpers import limb

CONTROL = "control"
_IK, _TURN = "IK", "IK Rotation"  # the names of the constraints
_BENT = 1e-4  # of a limb's length: below it the joint lies on the line, and the flexion axis tells the side
POLE = 0.75  # of the limb's length, from the joint


@dataclass(frozen=True)
class Limb:
    """An arm or leg: its three canonical bones, what its controls are called, and the property that fades it in."""

    upper: str
    lower: str
    end: str
    control: str
    pole: str
    switch: str


LIMBS = tuple(
    Limb(*(f"{bone}{side}" for bone in bones), f"IK {word} {what}")
    for what, *bones in (
        ("Arm", "upper_arm", "forearm", "hand", "hand_ik", "elbow_pole"),
        ("Leg", "thigh", "shin", "foot", "foot_ik", "knee_pole"),
    )
    for side, word in ((".L", "Left"), (".R", "Right"))
)


def switches(armature: bpy.types.Object) -> list[str]:
    """The armature's properties that say how far inverse kinematics moves each limb, 0 to 1."""
    return [each.switch for each in LIMBS if each.switch in armature]


def add_ik(context, scene: bpy.types.Scene, armature: bpy.types.Object, share: float) -> None:
    """Put inverse kinematics on, or where it is there already bring it to where the bones rest now.

    armature: an object in `scene`; share: how far it moves the limbs at first.
    """
    heads, tails = joints(armature)
    there = [each for each in LIMBS if {each.upper, each.lower, each.end} <= heads.keys()]
    axes = flexion_axes(heads, tails)
    names = {role: limb(armature, role).name for each in there for role in (each.upper, each.lower, each.end)}
    with editing(context, scene, armature) as bones:
        for each in there:
            _place(bones, each, names, heads, axes)
    for each in there:
        for name in (each.control, each.pole):
            armature.data.bones[name].use_deform = False
            armature.data.bones[name][KIND] = CONTROL
        if each.switch not in armature:
            armature[each.switch] = share
            words = {"min": 0.0, "max": 1.0, "soft_min": 0.0, "soft_max": 1.0, "default": share}
            armature.id_properties_ui(each.switch).update(**words)
            armature.property_overridable_library_set(f'["{each.switch}"]', True)
        _constrain(armature, each, names)


def _place(bones, each: Limb, names: dict[str, str], heads, axes) -> None:
    """Make the edit bones of a limb's controls, or move them."""
    root = bones[names[each.end]]
    while root.parent:
        root = root.parent
    control, pole = (bones.get(name) or bones.new(name) for name in (each.control, each.pole))
    end = bones[names[each.end]]
    control.head, control.tail, control.roll = end.head, end.tail, end.roll
    start, joint, tip = (heads[role] for role in (each.upper, each.lower, each.end))
    length = np.linalg.norm(joint - start) + np.linalg.norm(tip - joint)
    along = unit(tip - start)
    aside = (joint - start) - ((joint - start) @ along) * along
    if np.linalg.norm(aside) < _BENT * length:
        aside = -np.cross(axes[each.lower], along)  # the joint goes away from where the limb bends to
    place = joint + POLE * length * unit(aside)
    pole.head, pole.tail = Vector(place), Vector(place + 0.1 * length * unit(aside))
    for bone in (control, pole):
        bone.use_connect, bone.use_deform = False, False
        bone.parent = root if not root.use_deform else None


def _constrain(armature, each: Limb, names: dict[str, str]) -> None:
    pose = armature.pose.bones
    lower, end = pose[names[each.lower]], pose[names[each.end]]
    ik = lower.constraints.get(_IK) or lower.constraints.new("IK")
    turn = end.constraints.get(_TURN) or end.constraints.new("COPY_ROTATION")
    ik.name, turn.name = _IK, _TURN
    ik.target = ik.pole_target = turn.target = armature
    ik.subtarget = turn.subtarget = each.control
    ik.pole_subtarget, ik.chain_count = each.pole, 2
    ik.pole_angle = _pole_angle(armature, names[each.upper], names[each.end], each.pole)
    for constraint in (ik, turn):
        if not _is_driven(armature, constraint):
            driver = constraint.driver_add("influence").driver
            driver.type = "AVERAGE"
            target = driver.variables.new().targets[0]
            target.id, target.data_path = armature, f'["{each.switch}"]'


def _is_driven(armature, constraint) -> bool:
    path = constraint.path_from_id("influence")
    return bool(armature.animation_data and armature.animation_data.drivers.find(path))


def _pole_angle(armature, upper: str, end: str, pole: str) -> float:
    """The angle about the limb's first bone from its X axis to the pole."""
    bones = armature.data.bones
    base = bones[upper].matrix_local.to_3x3()
    line = bones[end].head_local - bones[upper].head_local
    to_pole = bones[pole].head_local - bones[upper].head_local
    x_axis, y_axis = base.col[0], base.col[1]
    aside = line.cross(to_pole).cross(y_axis)  # square to the bone, in the plane of limb and pole
    side, up = x_axis.dot(aside), aside.cross(x_axis).dot(y_axis)
    return float(np.arctan2(up, side))

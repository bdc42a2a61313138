# SPDX-License-Identifier: GPL-3.0-or-later
"""A motion read from a film as an action of a human's armature, whatever its bones are called.

Each bone of the armature turns as the canonical bone does that it is, or is a part of; what has controls is moved by
its own bones, so inverse kinematics is off as long as the action plays.
"""

from collections.abc import Callable

import bpy
import numpy as np
from mathutils import Matrix, Quaternion

from ...protocol import ErrorKind
from ...result_file import Motion
from ..errors import UserError
from .armature import KIND, ROLE
from .human import own_joints, role_parents
from .rigify import is_generated
from .units import metres_per_unit

SWITCH = "IK "  # how the names of the armature's properties begin that fade inverse kinematics in


def bones_of(scene, armature: bpy.types.Object) -> dict:
    """The canonical bones as they rest, `names`, `parents`, `heads` and `tails` as lists, in metres. Raises UserError
    where the bones are not the person's own, or held by another rig."""
    if is_generated(armature):
        raise UserError(
            ErrorKind.POSE, "Rigify's controls hold these bones.", "Read the motion before generating the rig."
        )
    heads, tails, parents = own_joints(armature)
    names = list(parents)
    metres = metres_per_unit(scene)
    return {
        "names": names,
        "parents": [names.index(parents[name]) if parents[name] else -1 for name in names],
        "heads": [(metres * heads[name]).tolist() for name in names],
        "tails": [(metres * tails[name]).tolist() for name in names],
    }


def add_action(
    scene,
    armature: bpy.types.Object,
    names: tuple[str, ...],
    motion: Motion,
    controls: Callable[[bpy.types.Object, dict, dict], dict] = lambda *_: {},
) -> bpy.types.Action:
    """Give the armature object an action of a motion of canonical bones of those names, from the scene's first frame on
    at its frame rate; an action that it has stays in the file. The scene's range grows where it is shorter. controls:
    as `controls.follow.control_turns`, of bones that are keyed as well."""
    turns, hips = _at_rate(motion, scene.render.fps / scene.render.fps_base)
    frames = scene.frame_start + np.arange(len(turns))
    wholes = _wholes(armature, names, turns)
    keys: dict[str, np.ndarray] = {}
    heads: dict[str, np.ndarray] = {}

    def key(bone, turn: np.ndarray, place: np.ndarray | None) -> None:
        axes, pose = np.array(bone.matrix_local.to_3x3()), armature.pose.bones[bone.name]
        pose.rotation_mode = "QUATERNION"
        keys[pose.path_from_id("rotation_quaternion")] = _quaternions(axes.T @ turn @ axes)
        if place is not None:
            keys[pose.path_from_id("location")] = (place - np.array(bone.head_local)) @ axes

    for bone in armature.data.bones:
        if bone.name not in wholes:
            continue
        above = next((each for each in bone.parent_recursive if each.name in wholes), None)
        if above is None:  # the hips, which all others hang from
            heads[bone.name] = hips / metres_per_unit(scene)
            key(bone, wholes[bone.name], heads[bone.name])
        else:
            step = np.array(bone.head_local - above.head_local)
            heads[bone.name] = heads[above.name] + wholes[above.name] @ step
            key(bone, wholes[above.name].transpose(0, 2, 1) @ wholes[bone.name], None)
    for name, (turn, place) in controls(armature, wholes, heads).items():
        key(armature.data.bones[name], turn, place)
    for name in armature.keys():
        if name.startswith(SWITCH):
            keys[f'["{name}"]'] = np.zeros((len(frames), 1))
    action = _action(armature, motion.name, keys, frames)
    scene.frame_end = max(scene.frame_end, int(frames[-1]))
    return action


def put_away(armature: bpy.types.Object) -> None:
    """Take the armature's action off it, if it has one: it stays in the file. What it held of inverse kinematics is as
    it was made."""
    moved = armature.animation_data
    if moved is None or moved.action is None:
        return
    moved.action.use_fake_user = True  # else it would be gone when the file is opened again
    moved.action = None
    for name in armature.keys():
        if name.startswith(SWITCH):
            armature[name] = armature.id_properties_ui(name).as_dict()["default"]


def _wholes(armature, names, turns: np.ndarray) -> dict[str, np.ndarray]:
    """Bone of the armature -> how it is turned against its rest (T, 3, 3), in armature space."""
    parents = role_parents(armature)
    own = dict(zip(names, turns.transpose(1, 0, 2, 3), strict=True))
    whole: dict[str, np.ndarray] = {}
    for role, above in parents.items():
        if role in own:
            whole[role] = whole[above] @ own[role] if above in whole else own[role]
    return {
        bone.name: whole[bone[ROLE]] for bone in armature.data.bones if KIND not in bone and bone.get(ROLE) in whole
    }


def _at_rate(motion: Motion, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """Turns (F, B, 3, 3) and hips (F, 3) in frames of another rate, for as long as the motion takes."""
    count = len(motion.turns)
    at = np.arange(max(1, int(np.floor((count - 1) / motion.rate * rate + 1e-6)) + 1)) * motion.rate / rate
    low = np.minimum(at.astype(int), count - 1)
    high = np.minimum(low + 1, count - 1)
    share = (at - low)[:, None, None]
    one, other = motion.turns[low].astype(np.float64), motion.turns[high].astype(np.float64)
    other = np.where((one * other).sum(-1, keepdims=True) < 0, -other, other)
    mixed = (1 - share) * one + share * other  # of frames that lie near each other
    mixed /= np.linalg.norm(mixed, axis=-1, keepdims=True)
    w, x, y, z = np.moveaxis(mixed, -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    turns = np.stack([np.stack(row, -1) for row in rows], -2)
    hips = (1 - share[:, 0]) * motion.hips[low] + share[:, 0] * motion.hips[high]
    return turns, hips


def _quaternions(turns: np.ndarray) -> np.ndarray:
    """Rotations (F, 3, 3) -> quaternions (F, 4), each the one of its two signs nearer to that before it."""
    out: list[Quaternion] = []
    for turn in turns:
        each = Matrix(turn.tolist()).to_quaternion()
        if out:
            each.make_compatible(out[-1])
        out.append(each)
    return np.array(out)


def _action(armature, name: str, keys: dict[str, np.ndarray], frames: np.ndarray) -> bpy.types.Action:
    """A new action of curves, path -> (F, channels), a key at each frame; it is the armature's then."""
    action = bpy.data.actions.new(name)
    slot, curves = None, None
    if hasattr(action, "slots"):  # from Blender 4.4 on an action holds curves of several objects
        slot = action.slots.new(id_type="OBJECT", name=armature.name)
        strip = action.layers.new("Layer").strips.new(type="KEYFRAME")
        curves = strip.channelbag(slot, ensure=True).fcurves
    else:
        curves = action.fcurves
    for path, values in keys.items():
        for channel, column in enumerate(values.T):
            curve = curves.new(path, index=channel)
            curve.keyframe_points.add(len(frames))
            curve.keyframe_points.foreach_set("co", np.column_stack([frames, column]).astype(np.float32).ravel())
            curve.update()
    put_away(armature)
    moved = armature.animation_data or armature.animation_data_create()
    moved.action = action
    if slot is not None:
        moved.action_slot = slot
    return action

# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys for the controls of inverse kinematics, so that limbs lie as a motion has them also where these move them."""

import bpy
import numpy as np

from ...body_axes import unit
from .helpers import limb
from .ik import LIMBS, POLE

_BENT = 1e-3  # of a limb's length: below it the joint lies on the line, and the pole goes along with the upper bone


def control_turns(armature: bpy.types.Object, wholes: dict, heads: dict) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Control -> how it is turned against its rest (T, 3, 3) and where it begins (T, 3), armature space. wholes, heads:
    the same of the bones by name."""
    bones, found = armature.data.bones, {}
    for each in LIMBS:
        if each.switch not in armature:
            continue
        names = [limb(armature, role).name for role in (each.upper, each.lower, each.end)]
        start, joint, tip = (heads[name] for name in names)
        found[each.control] = wholes[names[2]], tip
        rest_start, rest_joint = (np.array(bones[name].head_local) for name in names[:2])
        pole = np.array(bones[each.pole].head_local)
        length = np.linalg.norm(joint - start, axis=1) + np.linalg.norm(tip - joint, axis=1)
        along = _units(tip - start)
        aside = (joint - start) - ((joint - start) * along).sum(1, keepdims=True) * along
        away = pole - rest_joint
        bone = unit(rest_joint - rest_start)
        with_upper = wholes[names[0]] @ unit(away - (away @ bone) * bone)
        bent = np.linalg.norm(aside, axis=1, keepdims=True) > _BENT * length[:, None]
        place = joint + POLE * length[:, None] * np.where(bent, _units(aside), with_upper)
        found[each.pole] = np.tile(np.eye(3), (len(place), 1, 1)), place
    return found


def _units(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)

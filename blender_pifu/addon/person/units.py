# SPDX-License-Identifier: GPL-3.0-or-later
"""Metres in a scene whatever its units: where 1 unit is a centimetre, as for Unreal, a person is 170 units high."""

from dataclasses import replace

import numpy as np

from ...result_file import Reconstruction


def metres_per_unit(scene) -> float:
    """How long a Blender unit is in the scene; without a unit system it counts as a metre, as exporters have it."""
    settings = scene.unit_settings
    return 1.0 if settings.system == "NONE" else settings.scale_length


def in_units(human: Reconstruction, scene) -> Reconstruction:
    """The person (metres) in the units of a scene: mesh, expressions and skeleton."""
    factor = 1 / metres_per_unit(scene)
    if factor == 1:
        return human

    def scaled(points):
        return (points * factor).astype(np.float32)

    rig = human.rig and replace(human.rig, heads=scaled(human.rig.heads), tails=scaled(human.rig.tails))
    keys = human.shape_keys and replace(human.shape_keys, offsets=scaled(human.shape_keys.offsets))
    return replace(human, vertices=scaled(human.vertices), rig=rig, shape_keys=keys)

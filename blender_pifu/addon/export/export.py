# SPDX-License-Identifier: GPL-3.0-or-later
"""Exports a person for a program: whole, or not at all."""

import os
import tempfile
from contextlib import nullcontext
from pathlib import Path

import bpy
import numpy as np

from ...protocol import ErrorKind
from ..errors import UserError, cannot_write
from ..files_in_use import replaced_by
from ..person.armature import bone_set_of
from ..person.human import Human, coordinates
from ..person.units import metres_per_unit
from .normal_maps import green_down
from .plain_bones import take_controls_off
from .programs import METRE, PRINT_HEIGHT_MM, Program
from .staging import staged
from .writers import WRITERS


def export(context, person: Human, program: Program, path: Path) -> Path:
    """Write the person as `program` wants it to `path`, to which the ending is added where it lacks; returns the file.

    The scene stays as it was. Nothing is written where an error comes: UserError.
    """
    writer = WRITERS[program.format]
    if path.suffix.lower() != writer.ending:
        path = path.with_name(path.name + writer.ending)
    if replaced := replaced_by(path):
        raise UserError(ErrorKind.OUTPUT, f"The export would replace {replaced}.", "Choose another name.")
    factor = _factor(context.scene, person, program)
    moving = (person.root, person.body, person.body.data.shape_keys)
    animated = any(each and each.animation_data and each.animation_data.action for each in moving)
    try:
        with tempfile.TemporaryDirectory(prefix=".export-", dir=path.parent) as folder:
            new = Path(folder) / path.name
            maps = green_down(person) if program.green_down else nullcontext()
            with maps, staged(context, person, factor, program.unit or METRE, program.armature) as copy:
                if copy.armature:
                    take_controls_off(bpy.context, copy, program.helpers and animated)
                writer.write(new, animated)
            if not writer.whole(new):
                raise OSError("it could not be written to its end. Is the disk full?")
            os.replace(new, path)
    except (OSError, RuntimeError) as error:
        raise cannot_write(path, error) from error
    return path


def unfit(person: Human, program: Program) -> str:
    """Why a person's bones are not those that the program knows, in words, or nothing."""
    if not program.skeleton:
        return ""
    if person.armature is None:
        return f"{program.label} wants a skeleton, which this human lacks."
    has = bone_set_of(person.armature)
    return "" if has == program.bones else f"These are not the bones that {program.label} knows."


def _factor(scene, person: Human, program: Program) -> float:
    """How many times as large as in the scene the person is in the file."""
    if program.unit is None:
        return PRINT_HEIGHT_MM / float(np.ptp(coordinates(person.body.data)[:, 2]))
    return metres_per_unit(scene) / program.unit

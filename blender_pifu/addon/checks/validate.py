# SPDX-License-Identifier: GPL-3.0-or-later
"""Every criterion of a person that is ready to be rigged, posed and exported, as measured."""

import json
from dataclasses import asdict

from ..person.human import Human
from .check import ERROR, OK, WARNING, Line, MeshMeasures
from .checks_limbs import check_limbs
from .checks_mesh import check_faces, check_place, check_solid
from .checks_rig import check_rig
from .checks_surface import check_names, check_texture

CHECKS = (check_place, check_solid, check_faces, check_rig, check_limbs, check_texture, check_names)


def validate(person: Human) -> list[Line]:
    """All checks of a person, in the order of the panel. Changes nothing."""
    measures = MeshMeasures(person)
    return [line for check in CHECKS for line in check(person, measures)]


def worst(lines: list[Line]) -> str:
    """The worst state of any line."""
    return max((line.state for line in lines), key=(OK, WARNING, ERROR).index, default=OK)


def as_json(person: Human, lines: list[Line]) -> str:
    """The report for programs."""
    report = {"name": person.body.name, "state": worst(lines), "lines": [asdict(line) for line in lines]}
    return json.dumps(report, indent=2)

# SPDX-License-Identifier: GPL-3.0-or-later
"""The page for scripts names every choice with its values, the default first, and operators that are there."""

import re
from pathlib import Path

import bpy

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "scripting.md").read_text(encoding="utf-8")
CHOICES, OPERATORS = PAGE.split("| operator | does |")


def test_every_choice_is_described_with_its_values(scene):
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", CHOICES, re.M))
    settings = scene.pifu.bl_rna.properties
    hidden = {"height", "model_key", "own_height_m", "rna_type", "name"}  # the same in other units, or set by others
    assert set(rows) == set(settings.keys()) - hidden
    for name, told in rows.items():
        found, prop = re.findall(r"`([A-Z_]+)`", told), settings[name]
        if prop.type == "ENUM" and name != "model":
            assert set(found) == {item.identifier for item in prop.enum_items}, name
        if prop.type == "BOOLEAN":
            assert told == ("True, False" if prop.default else "False, True"), name
        elif prop.type == "ENUM" and name != "model":
            assert found[0] == prop.default, name


def test_operators_that_are_named_are_there_with_their_arguments():
    named = re.findall(r"`(\w+)\(([^)]*)\)`", "".join(re.findall(r"^\| (.+?) \|", OPERATORS, re.M)))
    assert len(named) >= 19
    for name, arguments in named:
        operator = getattr(bpy.ops.pifu, name).get_rna_type()
        assert set(re.findall(r"(\w+)=", arguments)) <= set(operator.properties.keys()), name

# SPDX-License-Identifier: GPL-3.0-or-later
"""Every sort of error is raised somewhere, and has a button that mends it or none on purpose."""

import re
from pathlib import Path

import pytest

from blender_pifu.addon.errors import BUTTONS
from blender_pifu.engine import errors
from blender_pifu.protocol import ErrorKind

PACKAGE = Path(errors.__file__).parents[1]
# Where kinds are defined and drawn, not met.
DEFINED = {PACKAGE / "protocol.py", PACKAGE / "addon" / "errors.py", PACKAGE / "addon" / "ui" / "panel.py"}


def raised():
    """The kinds that code outside their definitions names, itself or by the engine's exceptions."""
    named = {
        kind
        for path in PACKAGE.rglob("*.py")
        if path not in DEFINED | {Path(errors.__file__)} and "training" not in path.parts
        for kind in re.findall(
            r"\b(?:ErrorKind\.([A-Z_]+)|(\w+Error|OutOfMemory|Cancelled)\()", path.read_text("utf-8")
        )
    }
    kinds = {name for name, _ in named if name}
    for _, exception in named:
        if isinstance(found := getattr(errors, exception, None), type):
            kinds.add(found.kind.name)
    return kinds | {"ENGINE_MISSING", "ENGINE_OUTDATED", "ENGINE_BROKEN"}  # by the state of the installation


@pytest.mark.parametrize("kind", ErrorKind)
def test_every_kind_is_met_and_its_button_decided(kind):
    assert kind in BUTTONS
    assert kind.name in raised()


def test_a_button_mends_what_is_wrong():
    assert BUTTONS[ErrorKind.DEVICE].operator == "pifu.open_preferences", "another photo brings no other device"
    assert dict(BUTTONS[ErrorKind.TOPOLOGY].properties)["value"] == "STANDARD", "nor another mesh"
    assert BUTTONS[ErrorKind.LEGS].operator == "pifu.repose", "legs that are a guess are put straight"
    assert BUTTONS[ErrorKind.INPUT].operator == BUTTONS[ErrorKind.NO_PERSON].operator == "pifu.pick_photo"

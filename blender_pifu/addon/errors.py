# SPDX-License-Identifier: GPL-3.0-or-later
"""What the add-on tells the artist when something cannot be done, and the button that mends it."""

from dataclasses import dataclass


class UserError(Exception):
    """Something the artist should know: `str(error)` is what happened, `fix` what to do, `kind` its sort."""

    def __init__(self, kind: str, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.kind, self.fix = kind, fix


@dataclass(frozen=True)
class Button:
    """A button of the panel: its label, its operator and the operator's properties."""

    label: str
    operator: str
    properties: tuple = ()


_INSTALL = Button("Install Engine", "pifu.install_engine")
_REPAIR = Button("Repair Engine", "pifu.install_engine")
_PHOTO = Button("Choose Another Photo", "pifu.pick_photo")
_QUALITY = Button("Lower the Quality", "pifu.lower_quality")
_PREFERENCES = Button("Open Preferences", "pifu.open_preferences")

# Kind of error -> what mends it. Kinds that nothing in Blender mends have no button.
BUTTONS = {
    "engine_missing": _INSTALL,
    "engine_outdated": Button("Update Engine", "pifu.install_engine"),
    "engine_broken": _REPAIR,
    "install_failed": Button("Try Again", "pifu.install_engine"),
    "import_failed": Button("Choose Another File", "pifu.import_checkpoint"),
    "imported_model": _PREFERENCES,
    "offline": Button("Open System Preferences", "screen.userpref_show", (("section", "SYSTEM"),)),
    "input": _PHOTO,
    "no_photo": _PHOTO,
    "back_photo": Button(
        "Leave the Back Photo Out",
        "wm.context_set_value",
        (("data_path", "scene.pifu.back_photo"), ("value", "None")),
    ),
    "model": _REPAIR,
    "no_person": _PHOTO,
    "out_of_memory": _QUALITY,
    "engine_killed": _QUALITY,
    "no_such_device": _PREFERENCES,
    "unknown_device": _PREFERENCES,
}

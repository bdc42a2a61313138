# SPDX-License-Identifier: GPL-3.0-or-later
"""What the add-on tells the artist when something cannot be done, and the button that mends it."""

from dataclasses import dataclass
from pathlib import Path

from ..protocol import ErrorKind


class UserError(Exception):
    """Something the artist should know: `str(error)` is what happened, `fix` what to do, `kind` its sort."""

    def __init__(self, kind: ErrorKind, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.kind, self.fix = kind, fix


def cannot_write(path: Path, error: Exception) -> UserError:
    """The UserError for what was met when a file was written, by Blender or by the system."""
    reason = str(error).removeprefix("Error: ").strip()
    return UserError(ErrorKind.OUTPUT, f"{path.name} cannot be written: {reason}", "Choose another place.")


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

_STANDARD = Button(
    "Use the Standard Mesh",
    "wm.context_set_enum",
    (("data_path", "scene.pifu.topology"), ("value", "STANDARD")),
)

# Kind of error -> what mends it; None where nothing in Blender does.
BUTTONS = {
    ErrorKind.BACK_PHOTO: Button(
        "Leave the Back Photo Out",
        "wm.context_set_value",
        (("data_path", "scene.pifu.back_photo"), ("value", "None")),
    ),
    ErrorKind.CANCELLED: None,
    ErrorKind.DEVICE: _PREFERENCES,
    ErrorKind.DISK: None,
    ErrorKind.DISK_FULL: None,
    ErrorKind.ENGINE: None,
    ErrorKind.ENGINE_BROKEN: _REPAIR,
    ErrorKind.ENGINE_CRASHED: None,
    ErrorKind.ENGINE_HUNG: None,
    ErrorKind.ENGINE_KILLED: _QUALITY,
    ErrorKind.ENGINE_MISSING: _INSTALL,
    ErrorKind.ENGINE_OUTDATED: Button("Update Engine", "pifu.install_engine"),
    ErrorKind.ENGINE_TALK: _REPAIR,
    ErrorKind.IMPORT_FAILED: Button("Choose Another File", "pifu.import_checkpoint"),
    ErrorKind.IMPORTED_MODEL: _PREFERENCES,
    ErrorKind.INPUT: _PHOTO,
    ErrorKind.INSTALL_FAILED: Button("Try Again", "pifu.install_engine"),
    ErrorKind.INTERNAL: None,
    ErrorKind.LEGS: Button("To A-Pose", "pifu.repose", (("pose", "A"),)),
    ErrorKind.MODEL: _REPAIR,
    ErrorKind.MOTION: Button("Choose Another Film", "pifu.motion"),
    ErrorKind.NO_PERSON: _PHOTO,
    ErrorKind.NO_PHOTO: _PHOTO,
    ErrorKind.OFFLINE: Button("Allow Online Access and Install", "pifu.install_engine", (("allow_online", True),)),
    ErrorKind.OPTION: None,
    ErrorKind.OUTPUT: None,
    ErrorKind.OUT_OF_MEMORY: _QUALITY,
    ErrorKind.POSE: None,
    ErrorKind.RESULT: None,
    ErrorKind.RIGIFY: None,
    ErrorKind.TOPOLOGY: _STANDARD,
    ErrorKind.VIDEO: Button("Choose Another Film", "pifu.open_video"),
}

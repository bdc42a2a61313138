# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of a motion alone, and the bones it is read for as they come in a message."""

from pathlib import Path

import numpy as np

from ...result_file import Motion, Rig, motion_bytes
from ..errors import InputError
from .result import cannot_write


def bones_of(told: dict) -> Rig:
    """The Rig, without weights, of bones as `protocol.Capture` has them. Raises InputError."""
    try:
        names = tuple(map(str, told["names"]))
        parents = np.array(told["parents"], np.int32).reshape(len(names))
        heads, tails = (np.array(told[name], np.float32).reshape(len(names), 3) for name in ("heads", "tails"))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"These are no bones of a person: {error}.", "Generate the human again.") from error
    finite = np.isfinite(heads).all() and np.isfinite(tails).all()
    if not len(names) or (parents >= np.arange(len(names))).any() or not finite or np.ptp(heads, axis=0).max() < 1e-3:
        raise InputError("These are no bones of a person.", "Generate the human again.")
    none = np.zeros((0, 4))
    return Rig(names, parents, heads, tails, none.astype(np.int32), none.astype(np.float32))


def write_motion(motion: Motion, names: tuple[str, ...], path: str | Path) -> None:
    """Write the Motion of bones of those names (B,) as .npz. Raises OutputError."""
    try:
        Path(path).write_bytes(motion_bytes(motion, names))
    except OSError as error:
        raise cannot_write(path, error) from error

# SPDX-License-Identifier: GPL-3.0-or-later
"""The logs that tell more of what failed."""

from pathlib import Path

from ... import paths
from ...protocol import ErrorKind
from . import import_model, session


def of(kind: str) -> Path | None:
    """The log that tells of an error of that kind, or None where nothing was written yet."""
    others = {
        ErrorKind.INSTALL_FAILED: paths.logs() / "install.log",
        ErrorKind.IMPORT_FAILED: import_model.log_path(),
    }
    path = others.get(kind, session.log_path())
    try:
        return path if path.stat().st_size else None
    except OSError:
        return None

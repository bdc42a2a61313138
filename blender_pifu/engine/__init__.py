# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine: a photo becomes a person. `from blender_pifu.engine import Choices, reconstruct, write_result`."""

from importlib import import_module
from typing import TYPE_CHECKING

__all__ = ["Choices", "Engine", "load_model", "read_result", "reconstruct", "write_result"]

if TYPE_CHECKING:
    from ..choices import Choices
    from ..result_file import read_result
    from .files.result import write_result
    from .model import load_model
    from .pipeline import Engine, reconstruct

# Loaded when first asked for: most bring torch along.
_ROOMS = {
    "Choices": "..choices",
    "Engine": ".pipeline",
    "load_model": ".model",
    "read_result": "..result_file",
    "reconstruct": ".pipeline",
    "write_result": ".files.result",
}


def __getattr__(name):
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_ROOMS[name], __name__), name)

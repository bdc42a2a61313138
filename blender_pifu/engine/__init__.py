# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine: a photo becomes a person. `from blender_pifu.engine import load_model, reconstruct`."""

from importlib import import_module

__all__ = ["load_model", "reconstruct"]

# Loaded when first asked for: they bring torch along.
_ROOMS = {"load_model": ".model", "reconstruct": ".pipeline"}


def __getattr__(name):
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_ROOMS[name], __name__), name)

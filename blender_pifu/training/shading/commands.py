# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of this room: train-shading, export-shading, evaluate-shading."""

from ..drawn.run import add_run
from .export import export_shading
from .learn import ShadingRun
from .score import score_shading


def add_commands(commands) -> None:
    """Add the subparsers; each has its function as `act`."""
    add_run(commands, "shading", "the network of shading", 5000, ShadingRun, export_shading, score_shading)

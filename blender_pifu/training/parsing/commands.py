# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of this room: train-parsing, export-parsing, evaluate-parsing."""

from ..drawn.run import add_run
from .export import export_parsing
from .learn import ParsingRun
from .score import score_parsing


def add_commands(commands) -> None:
    """Add the subparsers; each has its function as `act`."""
    add_run(commands, "parsing", "the network of human parsing", 4000, ParsingRun, export_parsing, score_parsing)

# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of this room: train-folds, export-folds, evaluate-folds."""

from ..drawn.run import add_run
from .export import export_folds
from .learn import FoldRun
from .score import score_folds


def add_commands(commands) -> None:
    """Add the subparsers; each has its function as `act`."""
    add_run(commands, "folds", "the network of folds", 5000, FoldRun, export_folds, score_folds)

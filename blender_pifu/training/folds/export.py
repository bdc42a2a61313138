# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the shipped network of folds and its card."""

from pathlib import Path

from ...engine.folds.laying import FILE
from ...engine.folds.network import FoldConfig
from ..learn.train import run_folder
from ..pack.cards import write_network


def export_folds(run: str, target: Path = FILE) -> dict:
    """Write `target` (float16) with a run's averaged weights, and the card beside it, which is returned."""
    what = "folds of clothes that a photo's shades tell of, as a height over the drawn surface"
    made_by = "people, draw-people, train-folds, export-folds"
    return write_network(run_folder(run) / "checkpoint.pt", target, FoldConfig(), what, made_by)

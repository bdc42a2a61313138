# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the shipped network of human parsing and its card."""

from pathlib import Path

from ...engine.parsing.network import ParsingConfig
from ...engine.parsing.reading import FILE
from ..learn.train import run_folder
from ..pack.cards import write_network


def export_parsing(run: str, target: Path = FILE) -> dict:
    """Write `target` (float16) with a run's averaged weights, and the card beside it, which is returned."""
    what = "labels of a person's pixels and of what lies behind them: hair, face, skin, garments, shoes, things"
    made_by = "people, draw-people, train-parsing, export-parsing"
    return write_network(run_folder(run) / "checkpoint.pt", target, ParsingConfig(), what, made_by)

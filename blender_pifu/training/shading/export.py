# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the shipped network of shading and its card."""

from pathlib import Path

from ...engine.shading.network import ShadingConfig
from ...engine.shading.reading import FILE
from ..learn.train import run_folder
from ..pack.cards import write_network


def export_shading(run: str, target: Path = FILE) -> dict:
    """Write `target` (float16) with a run's averaged weights, and the card beside it, which is returned."""
    what = "shadows, hollows and highlights of a photo beside the light that falls on all of a person"
    made_by = "people, draw-people, train-shading, export-shading"
    return write_network(run_folder(run) / "checkpoint.pt", target, ShadingConfig(), what, made_by)

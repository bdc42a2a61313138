# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the shipped network of folds and its card."""

import dataclasses
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from ...engine.folds.laying import FILE
from ...engine.folds.network import FoldConfig
from ..learn.train import run_folder
from ..pack.cards import write_card

LICENCE = (
    "CC0-1.0: trained only on synthetic people made from MakeHuman's CC0-1.0 assets and statistics of faces under MIT, "
    "Copyright (c) 2020 USC Institute for Creative Technologies (text in LICENSE-MIT-ICT-FaceKit.txt)"
)


def export_folds(run: str, target: Path = FILE) -> dict:
    """Write `target` (float16) with a run's averaged weights, and the card beside it, which is returned."""
    state = torch.load(run_folder(run) / "checkpoint.pt", weights_only=True)
    tensors = {name: value.to(torch.float16).contiguous() for name, value in state["average"].items()}
    save_file(tensors, target, {"config": json.dumps(dataclasses.asdict(FoldConfig()))})
    about = {
        "name": "folds",
        "what": "folds of clothes that a photo's shades tell of, as a height over the drawn surface",
        "licence": LICENCE,
        "made_by": "python -m blender_pifu.training people, draw-people, train-folds, export-folds",
        "steps": state["step"],
        "photos": state["photos"],
        "parameters": sum(value.numel() for value in tensors.values()),
    }
    return write_card(target, about)

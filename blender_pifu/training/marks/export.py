# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the shipped network of head marks and its card."""

from pathlib import Path

import torch

from ...engine.face.head_marks import FILE, FURTHER
from ...engine.face.mark_network import MarkConfig
from ..learn.train import run_folder
from ..pack.cards import write_network
from .places import FACE, MarkPlaces

LICENCE = (
    "Apache-2.0: its trunk began as that of face_landmark_with_attention, The MediaPipe Authors (text in "
    "LICENSE-APACHE-2.0.txt). Trained only on synthetic heads made from MakeHuman's CC0-1.0 assets and statistics of "
    "faces under MIT, Copyright (c) 2020 USC Institute for Creative Technologies (text in LICENSE-MIT-ICT-FaceKit.txt)"
)


def export_marks(run: str, target: Path = FILE) -> dict:
    """Write `target` (float16) with a run's averaged weights, and the card beside it, which is returned."""
    what = (
        "600 marks of a head in a photo, and how sure each is: the 468 of MediaPipe's face mesh, and of ears, skull, "
        "jaw and neck"
    )
    made_by = "heads, train-marks, export-marks"
    places = {FURTHER: torch.tensor(MarkPlaces().vertices[FACE:, 0].astype("int32"))}
    checkpoint = run_folder(run) / "checkpoint.pt"
    return write_network(checkpoint, target, MarkConfig(), what, made_by, LICENCE, places)

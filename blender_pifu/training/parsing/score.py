# SPDX-License-Identifier: GPL-3.0-or-later
"""How near human parsing comes on drawn people that it never saw."""

from pathlib import Path

import numpy as np
import torch

from ...engine.color.regions import LABELS_OF
from ...engine.labels import LABELS
from ...engine.parsing.reading import FILE, ParsingReader
from ..drawn.people import DrawnPeople
from ..evaluate.measures.label_overlap import mean_label_iou

SOLID = 0.9  # matte from which a pixel counts
REGION_OF = np.array(
    [0, *(1 + next(i for i, of in enumerate(LABELS_OF.values()) if name in of) for name in list(LABELS)[1:])]
)


def score_parsing(people: DrawnPeople, weights: Path = FILE) -> dict[str, float]:
    """Means over the people held out, of what is seen and of what is behind: IoU of labels, IoU of regions, and the
    share of pixels that have the right region."""
    rows, reader = [], ParsingReader(path=weights)
    for seed in people.held_out():
        photo, raw = people.photo(seed), people.raw(seed, "labels_front", "labels_back")
        image = np.dstack([(photo[..., :3] * 2 - 1) * photo[..., 3:], photo[..., 3:]]).transpose(2, 0, 1)
        normals = people.drawn[seed].astype(np.float32).transpose(2, 0, 1) / 127
        seen = torch.from_numpy(image)[None], torch.from_numpy(normals)[None]
        read = reader.read(*seen, people.landmarks(seed))
        row = {}
        for side, drawn in (("seen", read.front_labels), ("behind", read.back_labels)):
            true = raw["labels_front" if side == "seen" else "labels_back"]
            told, there = drawn[0].float().argmax(0).numpy(), (photo[..., 3] > SOLID) & (true > 0)
            regions = REGION_OF[told], REGION_OF[true]
            row[f"{side}, IoU of labels"] = mean_label_iou(told, true, there)
            row[f"{side}, IoU of regions"] = mean_label_iou(*regions, there)
            row[f"{side}, right"] = (regions[0] == regions[1])[there].mean()
        rows.append(row)
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}

# SPDX-License-Identifier: GPL-3.0-or-later
"""How near human parsing comes on drawn people that it never saw."""

from pathlib import Path

import cv2
import numpy as np
import torch

from ...engine.color.regions import LABELS_OF, WORN
from ...engine.labels import LABELS
from ...engine.parsing.reading import FILE, ParsingReader
from ..drawn.people import DrawnPeople
from ..evaluate.measures.label_overlap import mean_label_iou

SOLID = 0.9  # matte from which a pixel counts
REGION_OF = np.array(
    [0, *(1 + next(i for i, of in enumerate(LABELS_OF.values()) if name in of) for name in list(LABELS)[1:])]
)
RAW = "labels_front", "labels_back", "front_depth", "back_depth"
ENDING = [1 + list(LABELS_OF).index(name) for name in WORN]
FARTHEST_CM = 10.0  # that a border counts as off


def score_parsing(people: DrawnPeople, weights: Path = FILE) -> dict[str, float]:
    """Means over the people held out, of what is seen and of what is behind: IoU of labels, IoU of regions, and the
    share of pixels that have the right region, and by how many centimetres borders of what is worn lie off the nearest
    true ones, and these off them. How thick limbs are, which the levels draw, is taken from the truth."""
    rows, reader = [], ParsingReader(path=weights)
    for seed in people.held_out():
        photo, raw = people.photo(seed), people.raw(seed, *RAW)
        image = np.dstack([(photo[..., :3] * 2 - 1) * photo[..., 3:], photo[..., 3:]]).transpose(2, 0, 1)
        normals = people.drawn[seed].astype(np.float32).transpose(2, 0, 1) / 127
        seen = torch.from_numpy(image)[None], torch.from_numpy(normals)[None]
        both = (raw["labels_front"] > 0) & (raw["labels_back"] > 0)
        thick = np.where(both, raw["front_depth"].astype(np.float32) - raw["back_depth"], 0)
        read = reader.read(*seen, people.landmarks(seed), torch.from_numpy(thick)[None, None])
        row = {}
        for side, drawn in (("seen", read.front_labels), ("behind", read.back_labels)):
            true = raw["labels_front" if side == "seen" else "labels_back"]
            told, there = drawn[0].float().argmax(0).numpy(), (photo[..., 3] > SOLID) & (true > 0)
            regions = REGION_OF[told], REGION_OF[true]
            row[f"{side}, IoU of labels"] = mean_label_iou(told, true, there)
            row[f"{side}, IoU of regions"] = mean_label_iou(*regions, there)
            row[f"{side}, right"] = (regions[0] == regions[1])[there].mean()
            row[f"{side}, borders off, cm"] = _off(*regions, there, people.pixels_a_metre(seed) / 100)
        rows.append(row)
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def _off(told, true, there, pixels_a_cm):
    """Mean centimetres between borders of told and of true regions (n, n), where both are seen, (n, n) bool."""
    borders = [_borders(np.where(there, regions, 0)) for regions in (told, true)]
    if not all(border.any() for border in borders):
        return 0.0
    away = (cv2.distanceTransform((~border).astype(np.uint8), cv2.DIST_L2, 5) / pixels_a_cm for border in borders)
    from_told, from_true = (each.clip(0, FARTHEST_CM) for each in away)
    return float((from_true[borders[0]].mean() + from_told[borders[1]].mean()) / 2)


def _borders(regions):
    """(n, n) bool: where one of WORN meets another to the right or below."""
    worn, border = np.isin(regions, ENDING), np.zeros(regions.shape, bool)
    for one, other in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
        border[one] |= worn[one] & worn[other] & (regions[one] != regions[other])
    return border

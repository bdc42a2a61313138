# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of the folds that the levels lack is read on drawn people that the network never saw."""

from pathlib import Path

import numpy as np
import torch

from ...engine.color.light import Light
from ...engine.folds.laying import FILE, FoldReader
from ...engine.folds.network import folded
from ...engine.labels import LABELS
from ..drawn.people import STEP, DrawnPeople
from ..evaluate.measures.normal_bands import unit
from .learn import WORN


def score_folds(people: DrawnPeople, weights: Path = FILE) -> dict[str, float]:
    """Of what the levels' normals lack of the true ones in the band of folds, on garments and bare skin of the people
    held out, medians over photos: the error that is left, over all of it, the correlation of what is added with it,
    and the energy that this has of its own; and the share of photos that it brings nearer."""
    rows, reader = [], FoldReader(path=weights)
    for seed in people.held_out():
        photo, normals, light = people.photo(seed), unit(people.drawn[seed]), people.light[seed]
        normals = normals * (photo[..., 3] > 0.5)[..., None]
        worn = np.isin(people.raw(seed, "labels_front")["labels_front"], [LABELS[name] for name in WORN])
        weight = worn * people.weight[seed].astype(np.float32)
        if not weight.any():
            continue
        pixel_m = 1 / people.pixels_a_metre(seed)
        height = reader.height(photo, normals, Light(light) if light.any() else None, pixel_m)
        drawn = torch.from_numpy(np.ascontiguousarray(normals.transpose(2, 0, 1)))[None].float()
        new = folded(drawn, torch.from_numpy(height)[None, None])[0].numpy().transpose(1, 2, 0)
        added, lacking = new - normals, people.lacking[seed].astype(np.float32) / STEP
        left, of_all, own, both = (
            float((weight * (one * other).sum(-1)).sum())
            for one, other in ((lacking - added,) * 2, (lacking,) * 2, (added,) * 2, (added, lacking))
        )
        rows.append((np.sqrt(left / of_all), both / max(np.sqrt(of_all * own), 1e-9), own / of_all, left < of_all))
    names = "error left", "correlation", "energy"
    told = np.array(rows, np.float64)
    return dict(zip(names, np.median(told[:, :3], 0).tolist(), strict=True)) | {"nearer": float(told[:, 3].mean())}

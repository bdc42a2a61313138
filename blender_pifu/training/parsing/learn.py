# SPDX-License-Identifier: GPL-3.0-or-later
"""Train the network of human parsing on drawn people, zoomed, rolled, in other colours and prints."""

from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ...engine.parsing.network import WORN, ParsingNetwork, stack_seen
from ...engine.srgb import to_srgb
from ..drawn.changes import as_taken, cast_shadow, cut_out, dyed, show_part
from ..drawn.people import DrawnPeople
from ..drawn.run import DrawnRun
from ..learn.losses import half_precision
from ..learn.short_run import Plan

RATE = 1.5e-3
PHOTOS, SIDE = 8, 256  # of a step, and to what size they are drawn
BEHIND = 0.6  # what the hidden side counts for
SHADOWED = 0.5  # share of photos that something throws its shadow on
EXPOSED = 0.0, 1.2  # logarithm: how much brighter these are taken, so that what the sun shines on burns out
DARKEST, DARK, LIGHT = 0.03, -2.5, 1.5  # linear, added to colours before they are divided; least and most shading
RARE, SELDOM = 0.25, 0.01  # power of how rare a label is that it counts by, and what is rarer counts no more


class ParsingRun(DrawnRun):
    """Learns the labels of drawn people."""

    def __init__(self, folder: Path, people: DrawnPeople, plan: Plan):
        super().__init__(folder, people, plan, ParsingNetwork, RATE)
        self.weights = _weights(people)

    def loss(self, rng: np.random.Generator) -> Tensor:
        drawn = [draw(self.people, seed, rng) for seed in self.picked(rng, PHOTOS)]
        seen, front, back = (torch.stack(parts) for parts in zip(*drawn, strict=True))
        with half_precision(torch.device("cpu")):
            logits = self.network(seen)
        of_front, of_back = (
            F.cross_entropy(drawn.float(), true, self.weights, ignore_index=-1)
            for drawn, true in zip(logits, (front, back), strict=True)
        )
        return of_front + BEHIND * of_back


def draw(people: DrawnPeople, seed: int, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """What the network sees of a photo, changed, (CHANNELS, SIDE, SIDE), and the labels of what is seen and of what is
    behind, (SIDE, SIDE) int64 from 0, -1 where nothing is."""
    part = show_part(people, seed, SIDE, rng)
    shading = part.shading(DARKEST, DARK, LIGHT)
    if rng.random() < SHADOWED:
        shading = shading + cast_shadow(SIDE, rng) + rng.uniform(*EXPOSED)
    colors = to_srgb(dyed(part.albedo, part.front, rng) * np.exp(shading)).clip(0, 1).astype(np.float32)
    colors, matte = cut_out(colors, part.matte, rng)
    colors = as_taken(colors, rng) * (matte > 0.02)[..., None]
    picture, drawn = (
        torch.from_numpy(each.transpose(2, 0, 1).copy())[None] for each in (np.dstack([colors, matte]), part.normals)
    )
    seen = stack_seen(picture, drawn, part.hints)[0]
    front, back = (
        torch.from_numpy(np.where(matte > 0.3, each.astype(np.int64) - 1, -1)) for each in (part.front, part.back)
    )
    return seen, front, back


def _weights(people: DrawnPeople) -> Tensor:
    """(WORN,) what each label counts for, by how rare it is."""
    labels = people.people.arrays["labels_front"]
    seeds = people.learned()[:200]
    count = np.sum([np.bincount(labels[seed][::4, ::4].ravel(), minlength=WORN + 1) for seed in seeds], 0)[1:]
    weights = (count.mean() / (count + SELDOM * count.mean())) ** RARE
    return torch.from_numpy((weights / weights.mean()).astype(np.float32))

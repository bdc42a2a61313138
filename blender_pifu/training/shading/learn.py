# SPDX-License-Identifier: GPL-3.0-or-later
"""Train the network of shading on drawn people, zoomed, rolled, in other colours and prints, and under shadows of what
stands between them and the sun."""

from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ...engine.color.light import Light, find_light
from ...engine.shading.network import ShadingNetwork, stack_lit
from ...engine.srgb import DARKEST, to_srgb
from ..drawn.changes import as_taken, cast_shadow, cut_out, dyed, show_part
from ..drawn.people import DrawnPeople
from ..drawn.run import DrawnRun
from ..learn.losses import half_precision
from ..learn.short_run import Plan

RATE = 1.2e-3
PHOTOS, SIDE = 8, 256  # of a step, and to what size they are drawn
LIGHT_PX = 96  # in which the light is looked for
DARK, BRIGHT = -2.5, 1.5  # least and most shading, logarithm
SHADOWED = 0.35  # share of photos that something throws its shadow on
SLOPES, SCALES = 1.0, 3  # weight of what changes from pixel to pixel, at that many scales, each half of the one before
SOLID = 0.6  # matte from which a pixel counts


class ShadingRun(DrawnRun):
    """Learns what light makes of drawn people beside what spherical harmonics hold."""

    def __init__(self, folder: Path, people: DrawnPeople, plan: Plan):
        super().__init__(folder, people, plan, ShadingNetwork, RATE)

    def loss(self, rng: np.random.Generator) -> Tensor:
        drawn = [draw(self.people, seed, rng) for seed in self.picked(rng, PHOTOS)]
        seen, lacking, solid = (torch.stack(parts) for parts in zip(*drawn, strict=True))
        with half_precision(torch.device("cpu")):
            added = self.network(seen)
        return shading_loss(added.float(), lacking, solid)


def shading_loss(added: Tensor, lacking: Tensor, solid: Tensor) -> Tensor:
    """How far the shading that is added is from what is lacking, both (B, 3, h, w) logarithms, on the pixels of solid
    (B, 1, h, w): a gain a channel and photo, which no photo tells, is left out; and how far it changes otherwise."""
    off = (added - lacking) * solid
    share = solid.sum((2, 3), keepdim=True).clamp_min(1)
    off = (off - off.sum((2, 3), keepdim=True) / share) * solid
    total = off.abs().sum() / solid.sum().clamp_min(1) / 3
    for scale in range(SCALES):
        if scale:
            off, solid = F.avg_pool2d(off, 2), (F.avg_pool2d(solid, 2) > 0.99).float()
        for axis in (2, 3):
            both = torch.diff(solid, dim=axis).abs() < 0.5
            both = both & (solid.narrow(axis, 1, solid.shape[axis] - 1) > 0.5)
            slope = torch.diff(off, dim=axis).abs() * both
            total = total + SLOPES / 2 * slope.sum() / both.sum().clamp_min(1) / 3
    return total


def draw(people: DrawnPeople, seed: int, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
    """What the network sees of a photo, changed, (CHANNELS, SIDE, SIDE), the logarithm of shading that its light lacks
    (3, SIDE, SIDE), and where that is known (1, SIDE, SIDE)."""
    part = show_part(people, seed, SIDE, rng)
    shading = part.shading(DARKEST, DARK, BRIGHT)
    if rng.random() < SHADOWED:
        shading = shading + cast_shadow(SIDE, rng)
    albedo = dyed(part.albedo, part.front, rng)
    colors = to_srgb((albedo + DARKEST) * np.exp(shading) - DARKEST).clip(0, 1).astype(np.float32)
    colors, matte = cut_out(colors, part.matte, rng)
    colors = as_taken(colors, rng) * (matte > 0.02)[..., None]
    photo = np.dstack([colors, matte])
    found = light_of(photo, part.normals).shading(part.normals)
    lacking = (shading - np.log(found)).transpose(2, 0, 1).astype(np.float32)
    solid = ((part.matte > SOLID) & (matte > SOLID))[None].astype(np.float32)
    return stack_lit(photo, part.normals, found), torch.from_numpy(lacking), torch.from_numpy(solid)


def light_of(photo: np.ndarray, normals: np.ndarray) -> Light:
    """The light found in a photo (s, s, 4) of surfaces with normals (s, s, 3); where none is, one that is even."""
    small, looking = (cv2.resize(each, (LIGHT_PX, LIGHT_PX), interpolation=cv2.INTER_AREA) for each in (photo, normals))
    looking = looking / np.maximum(np.linalg.norm(looking, axis=-1, keepdims=True), 1e-6)
    return find_light(small, looking) or Light(np.zeros((9, 3)))

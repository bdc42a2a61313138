# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches of tensors from a set of people: drawn by step number, so a resumed run sees what a whole one would."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ...engine.networks.limb_maps import draw_hints, from_behind
from ..data.cache import PeopleSet

Batch = dict[str, Tensor]
BEHIND = 0.2  # share of samples seen from behind
MOST_ROLL, MOST_WIDENING = np.radians(10), 0.06
ZOOM = 0.92, 1.03  # a larger one would cut off hands and feet
UNREAD = 0.25  # share of samples whose landmarks are not told


def draw_batch(
    people: PeopleSet, seeds: np.ndarray, rng: np.random.Generator, size: int, point_count: int, warped: float = 0.0
) -> Batch:
    """Read and resample to `size` pixels; without augmentation, but for the share `warped` of samples (see `_warp`).

    Returns image (B, 4, s, s): masked rgb in [-1, 1] and mask; hints as `draw_hints`; front_normals, back_normals
    (B, 3, s, s); front_depth, back_depth (B, 1, s, s); back_rgb (B, 3, s, s) 0..1; solid (B, 1, s, s) weight of map
    losses; points (B, N, 3); occupancy (B, N); known (B, N) 0 where a point has no truth.
    """
    raw = people.read(np.sort(seeds))
    as_maps = {
        "rgb": _to_maps(raw["rgb"]) / 255,
        "mask": _to_maps(raw["mask"][..., None]) / 255,
        "back_rgb": _to_maps(raw["back_rgb"]) / 255,
        "front_normals": _to_maps(raw["front_normals"]) / 127,
        "back_normals": _to_maps(raw["back_normals"]) / 127,
        "front_depth": _to_maps(raw["front_depth"][..., None]),
        "back_depth": _to_maps(raw["back_depth"][..., None]),
    }
    solid = (as_maps["front_normals"].abs().sum(1, keepdim=True) > 0).float()
    marks, points = (torch.from_numpy(raw[name].astype(np.float32)) for name in ("landmarks", "points"))
    for i in np.flatnonzero(rng.random(len(seeds)) < warped):
        matrix = _draw_warp(rng)
        solid[i] = _warp(as_maps, solid[i], i, matrix)
        for places in (marks[i], points[i]):
            places[:, :3] = places[:, :3] @ matrix.T
    factor = people.size // size
    if factor > 1:  # weighted by the solid part, so that depth does not fade into the background's zero
        share = F.avg_pool2d(solid, factor)
        for name in ("front_normals", "back_normals", "front_depth", "back_depth", "back_rgb"):
            as_maps[name] = F.avg_pool2d(as_maps[name] * solid, factor) / share.clamp_min(1e-3)
        for name in ("rgb", "mask"):
            as_maps[name] = F.avg_pool2d(as_maps[name], factor)
        solid = (share > 0.5).float()
    for name in ("front_normals", "back_normals"):  # F.normalize is slow across channels: a sixth of all this
        as_maps[name] = as_maps[name] * as_maps[name].square().sum(1, keepdim=True).clamp_min(1e-8).rsqrt()
    pick = np.stack([rng.choice(raw["points"].shape[1], point_count, replace=False) for _ in seeds])
    occupancy = torch.from_numpy(np.take_along_axis(raw["occupancy"], pick, 1)).float()
    mask = as_maps.pop("mask")
    return {
        "image": torch.cat([(as_maps.pop("rgb") * 2 - 1) * mask, mask], 1),
        "hints": draw_hints(marks),
        **as_maps,
        "solid": solid,
        "points": points.gather(1, torch.from_numpy(pick)[..., None].expand(-1, -1, 3)),
        "occupancy": occupancy.clamp(0, 1),
        "known": (occupancy <= 1).float(),
    }


def _draw_warp(rng: np.random.Generator) -> Tensor:
    """A random roll in the plane of the picture, after a random widening and zoom, (3, 3)."""
    roll, wide = rng.uniform(-MOST_ROLL, MOST_ROLL), 1 + rng.uniform(-MOST_WIDENING, MOST_WIDENING)
    turn = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    return torch.from_numpy(rng.uniform(*ZOOM) * turn @ np.diag([wide, 1.0, 1.0])).float()


def _warp(maps: dict[str, Tensor], solid: Tensor, i: int, matrix: Tensor) -> Tensor:
    """Warp sample i of all maps by a matrix (3, 3) of field space that only scales z, in place; returns its solid part
    (1, s, s) likewise. What has a truth only where it is solid is weighted by that, so that it does not fade into the
    background."""
    inverse = torch.linalg.inv(matrix)
    down = torch.tensor([1.0, -1])
    back = F.pad(down[:, None] * inverse[:2, :2] * down, (0, 1))[None]
    names = list(maps)
    weighted = [name for name in names if name not in ("rgb", "mask")]
    stack = torch.cat([maps[name][i] * (solid if name in weighted else 1) for name in names] + [solid])[None]
    grid = F.affine_grid(back, list(stack.shape), align_corners=False)
    *moved, share = F.grid_sample(stack, grid, align_corners=False)[0].split(
        [maps[name].shape[1] for name in names] + [1]
    )
    for name, values in zip(names, moved, strict=True):
        values = values / share.clamp_min(1e-3) if name in weighted else values
        if name.endswith("normals"):
            values = torch.einsum("ji,jhw->ihw", inverse, values)
        if name.endswith("depth"):
            values = values * matrix[2, 2]
        maps[name][i] = values
    return (share > 0.5).float()


def _to_maps(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array.transpose(0, 3, 1, 2))).float()


def walk_round(batch: Batch, behind: Tensor) -> Batch:
    """The samples `behind (B,)` bool as seen from the other side: so the network learns to read a photo of the back.

    Pixels keep their places and depth changes its sign, which is the view from behind in a mirror.
    """
    out = dict(batch)
    there = behind.view(-1, 1, 1, 1)
    mask = batch["image"][:, 3:]
    front = (batch["image"][:, :3] / mask.clamp_min(1e-3) + 1) / 2
    image = torch.cat([(batch["back_rgb"] * 2 - 1) * mask, mask], 1)
    out["image"] = torch.where(there, image, batch["image"])
    out["hints"] = torch.where(there, from_behind(batch["hints"]), batch["hints"])
    out["back_rgb"] = torch.where(there, front, batch["back_rgb"])
    away = torch.tensor([1.0, 1, -1])
    for side, other in (("front", "back"), ("back", "front")):
        normals, depth = batch[f"{other}_normals"] * away.view(1, 3, 1, 1), -batch[f"{other}_depth"]
        out[f"{side}_normals"] = torch.where(there, normals, batch[f"{side}_normals"])
        out[f"{side}_depth"] = torch.where(there, depth, batch[f"{side}_depth"])
    out["points"] = torch.where(behind.view(-1, 1, 1), batch["points"] * away, batch["points"])
    return out


def augment(batch: Batch, generator: torch.Generator) -> Batch:
    """See some from behind; mirror half of the samples; forget landmarks of some; change light, colour, sharpness and
    noise; damage the mask as a matte does."""
    count = len(batch["image"])
    batch = walk_round(batch, torch.rand(count, generator=generator) < BEHIND)

    def draw(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, 1, 1, 1, generator=generator)

    out = dict(batch)
    flip = torch.rand(count, generator=generator) < 0.5
    sign = 1 - 2 * flip.float()
    for name in ("image", "hints", "front_normals", "back_normals", "front_depth", "back_depth", "back_rgb", "solid"):
        out[name] = torch.where(flip.view(-1, 1, 1, 1), batch[name].flip(3), batch[name])
    across = torch.tensor([1.0, 0, 0])
    turn = (1 - across) + across * sign[:, None]
    out["points"] = batch["points"] * turn[:, None]
    for name in ("front_normals", "back_normals"):
        out[name] = out[name] * turn[:, :, None, None]

    out["hints"] = out["hints"] * (torch.rand(count, 1, 1, 1, generator=generator) >= UNREAD)
    mask = out["image"][:, 3:]
    rgb = (out["image"][:, :3] + mask) / (2 * mask.clamp_min(1e-3))
    tint = draw(0.75, 1.2) * (1 + 0.08 * torch.randn(count, 3, 1, 1, generator=generator))
    gamma = draw(0.75, 1.35)
    grey = rgb.mean(1, keepdim=True)

    def restyle(color: Tensor) -> Tensor:
        return (color.clamp(1e-3, 1) ** gamma * tint).clamp(0, 1)

    rgb, out["back_rgb"] = restyle(grey + (rgb - grey) * draw(0.6, 1.3)), restyle(out["back_rgb"])
    rgb = rgb + torch.randn(rgb.shape, generator=generator) * draw(0, 0.03)
    soft = F.avg_pool2d(rgb, 3, stride=1, padding=1)
    rgb = rgb + (soft - rgb) * (draw(0, 1) < 0.3)
    mask = _damage(mask, generator)
    out["image"] = torch.cat([(rgb.clamp(0, 1) * 2 - 1) * mask, mask], 1)
    return out


def _damage(mask: Tensor, generator: torch.Generator) -> Tensor:
    """Grow, shrink or soften some masks by a pixel or two, and bite a few small holes."""
    draw = torch.rand(len(mask), 1, 1, 1, generator=generator)
    grown = F.max_pool2d(mask, 3, stride=1, padding=1)
    shrunk = -F.max_pool2d(-mask, 3, stride=1, padding=1)
    soft = F.avg_pool2d(mask, 5, stride=1, padding=2)
    mask = torch.where(draw < 0.15, grown, torch.where(draw < 0.3, shrunk, torch.where(draw < 0.45, soft, mask)))
    holes = torch.rand(len(mask), 1, 16, 16, generator=generator) < 0.004
    bitten = F.interpolate(holes.float(), mask.shape[-2:], mode="bilinear", align_corners=False)
    return mask * (1 - bitten * (torch.rand(len(mask), 1, 1, 1, generator=generator) < 0.3))

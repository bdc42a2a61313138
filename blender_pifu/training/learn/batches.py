# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches of tensors from a set of people: drawn by step number, so a resumed run sees what a whole one would."""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ...engine.networks.body_maps import body_from_behind, mirrored_body
from ...engine.networks.limb_maps import draw_hints, from_behind
from ..data.cache import PeopleSet
from .body_noise import fitted
from .pictures import fields_read, read_bodies, read_maps, unit, unit_body, warp, warp_body

Batch = dict[str, Tensor]
BEHIND = 0.2  # share of samples seen from behind
MOST_ROLL, MOST_WIDENING = np.radians(10), 0.06
ZOOM = 0.92, 1.03  # a larger one would cut off hands and feet
UNREAD = 0.25  # share of samples whose landmarks are not told


def draw_batch(
    people: PeopleSet, seeds: np.ndarray, rng: np.random.Generator, size: int, point_count: int, warped: float = 0.0
) -> Batch:
    """Read and resample to `size` pixels; without augmentation, but for the share `warped` of samples (see `warp`).

    Returns image (B, 4, s, s): masked rgb in [-1, 1] and mask; hints as `draw_hints`; front_normals, back_normals
    (B, 3, s, s); front_depth, back_depth (B, 1, s, s); back_rgb (B, 3, s, s) 0..1; solid (B, 1, s, s) weight of map
    losses; scale (B,) field units a metre; where `point_count` is not 0, points (B, N, 3); occupancy (B, N); known
    (B, N) 0 where a point has no truth. Of people of generation 4 further albedo_front, albedo_back (B, 3, s, s) 0..1;
    labels_front, labels_back (B, 1, s, s); body as `body_maps.stack_body`.
    """
    raw = people.read(np.sort(seeds), fields_read(point_count > 0, people.generation > 3))
    maps, solid = read_maps(raw, size)
    bodies = read_bodies(raw)
    places = {name: torch.from_numpy(raw[name].astype(np.float32)) for name in ("landmarks", "points") if name in raw}
    for i in np.flatnonzero(rng.random(len(seeds)) < warped):
        matrix = _draw_warp(rng)
        warp(maps, solid, int(i), matrix)
        if bodies is not None:
            bodies[i] = warp_body(bodies[i], matrix)
        for values in places.values():
            values[i, :, :3] = values[i, :, :3] @ matrix.T
    for name in ("front_normals", "back_normals"):
        maps[name] = unit(maps[name])
    mask = maps.pop("mask")
    batch = {
        "image": torch.cat([(maps.pop("rgb") * 2 - 1) * mask, mask], 1),
        "hints": draw_hints(places["landmarks"]),
        **maps,
        "solid": solid,
        "scale": torch.from_numpy(raw["scale"].astype(np.float32)),
    }
    if bodies is not None:
        batch["body"] = unit_body(bodies)
    return batch | (_draw_points(raw, places["points"], rng, point_count) if point_count else {})


def _draw_points(raw: dict[str, np.ndarray], points: Tensor, rng: np.random.Generator, count: int) -> Batch:
    pick = np.stack([rng.choice(points.shape[1], count, replace=False) for _ in points])
    occupancy = torch.from_numpy(np.take_along_axis(raw["occupancy"], pick, 1)).float()
    return {
        "points": points.gather(1, torch.from_numpy(pick)[..., None].expand(-1, -1, 3)),
        "occupancy": occupancy.clamp(0, 1),
        "known": (occupancy <= 1).float(),
    }


def _draw_warp(rng: np.random.Generator) -> Tensor:
    """A random roll in the plane of the picture, after a random widening and zoom, (3, 3)."""
    roll, wide = rng.uniform(-MOST_ROLL, MOST_ROLL), 1 + rng.uniform(-MOST_WIDENING, MOST_WIDENING)
    turn = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    return torch.from_numpy(rng.uniform(*ZOOM) * turn @ np.diag([wide, 1.0, 1.0])).float()


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
        for name in ("albedo", "labels"):
            if f"{name}_{side}" in batch:
                out[f"{name}_{side}"] = torch.where(there, batch[f"{name}_{other}"], batch[f"{name}_{side}"])
    if "body" in batch:
        out["body"] = torch.where(there, body_from_behind(batch["body"]), batch["body"])
    if "points" in batch:
        out["points"] = torch.where(behind.view(-1, 1, 1), batch["points"] * away, batch["points"])
    return out


def augment(batch: Batch, generator: torch.Generator) -> Batch:
    """See some from behind; mirror half of the samples; forget landmarks of some; change light, colour, sharpness and
    noise; damage the mask as a matte does."""
    count = len(batch["image"])
    batch = walk_round(batch, torch.rand(count, generator=generator) < BEHIND)

    def draw(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, 1, 1, 1, generator=generator)

    flip = torch.rand(count, generator=generator) < 0.5
    out = _mirrored(batch, flip)
    if "body" in out:
        out["body"] = fitted(out["body"], out["scale"], generator)
    out["hints"] = out["hints"] * (torch.rand(count, 1, 1, 1, generator=generator) >= UNREAD)
    mask = out["image"][:, 3:]
    rgb = (out["image"][:, :3] + mask) / (2 * mask.clamp_min(1e-3))
    brightness, hue = draw(0.75, 1.2), 1 + 0.08 * torch.randn(count, 3, 1, 1, generator=generator)
    gamma, colorful = draw(0.75, 1.35), draw(0.6, 1.3)

    def saturated(color: Tensor) -> Tensor:
        grey = color.mean(1, keepdim=True)
        return grey + (color - grey) * colorful

    def restyle(color: Tensor) -> Tensor:
        return (color.clamp(1e-3, 1) ** gamma * brightness * hue).clamp(0, 1)

    rgb, out["back_rgb"] = restyle(saturated(rgb)), restyle(out["back_rgb"])
    for name in ("albedo_front", "albedo_back"):  # how bright a photo is says nothing of what it shows
        if name in out:
            out[name] = (saturated(out[name]) * hue).clamp(0, 1)
    rgb = rgb + torch.randn(rgb.shape, generator=generator) * draw(0, 0.03)
    soft = F.avg_pool2d(rgb, 3, stride=1, padding=1)
    rgb = rgb + (soft - rgb) * (draw(0, 1) < 0.3)
    mask = _damage(mask, generator)
    out["image"] = torch.cat([(rgb.clamp(0, 1) * 2 - 1) * mask, mask], 1)
    return out


def _mirrored(batch: Batch, flip: Tensor) -> Batch:
    """The batch with the samples `flip (B,)` bool as in a mirror."""
    out = dict(batch)
    there, sign = flip.view(-1, 1, 1, 1), 1 - 2 * flip.float()
    for name, values in batch.items():
        if values.ndim == 4:
            out[name] = torch.where(there, mirrored_body(values) if name == "body" else values.flip(3), values)
    across = torch.tensor([1.0, 0, 0])
    turn = (1 - across) + across * sign[:, None]
    if "points" in out:
        out["points"] = out["points"] * turn[:, None]
    for name in ("front_normals", "back_normals"):
        out[name] = out[name] * turn[:, :, None, None]
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

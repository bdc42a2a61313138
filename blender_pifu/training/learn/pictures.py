# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples read from a set as maps of the size that is trained on, cheaply: reduced before they become floats."""

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ...engine.networks.body_maps import BODY_PX, CHANNELS, whole_pixels

Raw = dict[str, np.ndarray]
Maps = dict[str, Tensor]
COLORS = ("rgb", "mask")  # 0 where the person is not, and antialiased at the outline
SOLID = ("front_normals", "back_normals", "front_depth", "back_depth", "back_rgb")  # true where the person is solid
FURTHER = ("albedo_front", "albedo_back")  # likewise, of generation 4
LABELS = ("labels_front", "labels_back")
BODY = ("body_front", "body_back", "body_front_normals", "body_back_normals")


def fields_read(points: bool, further: bool) -> tuple[str, ...]:
    """Fields of a set that training reads. further: whether it has those of generation 4."""
    told = ("landmarks", "scale", *(("points", "occupancy") if points else ()))
    return (*COLORS, *SOLID, *told, *((*FURTHER, *LABELS, *BODY) if further else ()))


def reduced(picture: np.ndarray, size: int) -> Tensor:
    """A picture (s, s[, C]) as means over whole pixels of `size`, (C, size, size) float32; integers are rounded."""
    signed = picture.dtype == np.int8
    picture = np.ascontiguousarray(picture)
    if signed:
        picture = picture.view(np.uint8) ^ 128
    elif picture.dtype == np.float16:
        picture = picture.astype(np.float32)
    if len(picture) != size:
        picture = cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA)
    maps = torch.from_numpy(np.ascontiguousarray(picture.reshape(size, size, -1).transpose(2, 0, 1))).float()
    return maps - 128 if signed else maps


def read_maps(raw: Raw, size: int) -> tuple[Maps, Tensor]:
    """Maps of `size` pixels of samples `raw`, and where the person is solid, (B, 1, s, s) 0 or 1.

    rgb, mask, back_rgb, albedo 0..1; normals of about length 1; depths; labels (B, 1, s, s). What has no truth beside
    the person is weighted by what is solid of a pixel, so that it does not fade into the background.
    """
    names = [name for name in (*COLORS, *SOLID, *FURTHER) if name in raw]
    maps: dict[str, list[Tensor]] = {name: [] for name in names}
    labels: dict[str, list[Tensor]] = {name: [] for name in LABELS if name in raw}
    shares = []
    for i in range(len(raw["rgb"])):
        shares.append(reduced((raw["front_normals"][i] != 0).any(2).astype(np.uint8) * 255, size) / 255)
        for name in names:
            values = reduced(raw[name][i], size)
            values /= 127 if name.endswith("normals") else 1 if name.endswith("depth") else 255
            maps[name].append(values if name in COLORS else values / shares[-1].clamp_min(1e-3))
        middle = slice(len(raw["rgb"][i]) // size // 2, None, len(raw["rgb"][i]) // size)
        for name, found in labels.items():
            found.append(torch.from_numpy(raw[name][i][middle, middle].astype(np.float32))[None])
    solid = (torch.stack(shares) > 0.5).float()
    return {name: torch.stack(values) for name, values in (maps | labels).items()}, solid


def read_bodies(raw: Raw) -> Tensor | None:
    """The bodies of samples, drawn as `body_maps` says, (B, CHANNELS, BODY_PX, BODY_PX); None of generation 3."""
    if BODY[0] not in raw:
        return None
    bodies = torch.zeros(len(raw["rgb"]), CHANNELS, BODY_PX, BODY_PX)
    for i, body in enumerate(bodies):
        there = (raw["body_front_normals"][i] != 0).any(2).astype(np.uint8) * 255
        body[0] = reduced(there, BODY_PX) / 255
        for name, first in zip(BODY, (1, 2, 3, 6), strict=True):
            values = reduced(raw[name][i], BODY_PX)
            body[first : first + len(values)] = values / 127 if name.endswith("normals") else values
    return whole_pixels(bodies)


def warp(maps: Maps, solid: Tensor, i: int, matrix: Tensor) -> None:
    """Warp sample i of all maps and of `solid (B, 1, s, s)` in place by a matrix (3, 3) of field space that only scales
    z. What has a truth only where it is solid is weighted by that."""
    names = [name for name in maps if name not in LABELS]
    weighted = [name for name in names if name not in COLORS]
    stack = torch.cat([maps[name][i] * (solid[i] if name in weighted else 1) for name in names] + [solid[i]])[None]
    grid = _grid(matrix, stack)
    parts = [maps[name].shape[1] for name in names] + [1]
    *moved, share = F.grid_sample(stack, grid, align_corners=False)[0].split(parts)
    inverse = torch.linalg.inv(matrix)
    for name, values in zip(names, moved, strict=True):
        values = values / share.clamp_min(1e-3) if name in weighted else values
        if name.endswith("normals"):
            values = torch.einsum("ji,jhw->ihw", inverse, values)
        if name.endswith("depth"):
            values = values * matrix[2, 2]
        maps[name][i] = values
    for name in set(maps) & set(LABELS):
        maps[name][i] = F.grid_sample(maps[name][i][None], grid, mode="nearest", align_corners=False)[0]
    solid[i] = (share > 0.5).float()


def warp_body(body: Tensor, matrix: Tensor) -> Tensor:
    """A drawn body (CHANNELS, h, w) warped likewise."""
    moved = F.grid_sample(body[None], _grid(matrix, body[None]), align_corners=False)[0]
    inverse = torch.linalg.inv(matrix)
    for first in (3, 6):
        normals = torch.einsum("ji,jhw->ihw", inverse, moved[first : first + 3])
        moved[first : first + 3] = normals
    moved[1:3] *= matrix[2, 2]
    return unit_body(whole_pixels(moved[None]))[0]


def unit_body(bodies: Tensor) -> Tensor:
    """Drawn bodies (B, CHANNELS, h, w) with normals of length 1."""
    return torch.cat([bodies[:, :3], unit(bodies[:, 3:6]), unit(bodies[:, 6:9])], 1)


def unit(normals: Tensor) -> Tensor:
    """Normals (B, 3, h, w) of length 1, 0 where they are 0; `F.normalize` is slow across channels."""
    return normals * normals.square().sum(1, keepdim=True).clamp_min(1e-8).rsqrt()


def _grid(matrix: Tensor, like: Tensor) -> Tensor:
    down = torch.tensor([1.0, -1])
    back = F.pad(down[:, None] * torch.linalg.inv(matrix)[:2, :2] * down, (0, 1))[None]
    return F.affine_grid(back, list(like.shape), align_corners=False)

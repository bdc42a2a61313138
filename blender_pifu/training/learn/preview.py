# SPDX-License-Identifier: GPL-3.0-or-later
"""A picture of held-out people while training: photo, drawn and true normals, depth error, hidden side."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch

from ...engine.networks.maps import Maps
from ..data.cache import PeopleSet
from .batches import Batch, draw_batch

PEOPLE = 6


@torch.inference_mode()
def save_preview(draw: Callable[[Batch], Maps], held_out: PeopleSet, size: int, path: Path) -> None:
    """`draw`: a batch of pictures of `size` pixels to maps. One row a person: photo; front normals drawn, true; back
    normals drawn, true; back colours drawn, true; depth error front, back (white: 10 cm)."""
    seeds = held_out.available()[:PEOPLE]
    batch = draw_batch(held_out, seeds, np.random.default_rng(0), size, 0)
    maps = draw(batch)
    solid = batch["solid"]
    cells = [(batch["image"][:, :3] + solid) / 2]
    for drawn, true in ((maps.front_normals, "front_normals"), (maps.back_normals, "back_normals")):
        cells += [(drawn.cpu() + 1) / 2 * solid, (batch[true] + 1) / 2 * solid]
    cells += [maps.back_rgb.cpu() * solid, batch["back_rgb"] * solid]
    for drawn, true in ((maps.front_depth, "front_depth"), (maps.back_depth, "back_depth")):
        cells.append(((drawn.cpu() - batch[true]).abs() * 10 * solid).expand(-1, 3, -1, -1))
    rows = torch.cat(cells, 3).permute(0, 2, 3, 1).reshape(-1, len(cells) * solid.shape[-1], 3)
    cv2.imwrite(str(path), (rows.clamp(0, 1).numpy()[..., ::-1] * 255).astype(np.uint8))

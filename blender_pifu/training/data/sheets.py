# SPDX-License-Identifier: GPL-3.0-or-later
"""Contact sheets: what was given beside what was made of it, seen from all round."""

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from ..native.raster import rasterize
from .sample import GENERATION, make_sample

CELL_PX = 256
TURNS = (0, 45, 90, 180)  # degrees: front, three quarters, side, back


def contact_sheet(photo: np.ndarray, meshes: dict[str, tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """One row a mesh, named in its corner: the photo (any square, uint8), then the mesh from all round; uint8 RGB."""
    photo = cv2.resize(photo, (CELL_PX, CELL_PX), interpolation=cv2.INTER_AREA)
    rows = []
    for name, (vertices, faces) in meshes.items():
        row = np.concatenate([photo, *(shaded(vertices, faces, turn, CELL_PX) for turn in TURNS)], 1)
        cv2.putText(row, name, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (200, 60, 0), 1, cv2.LINE_AA)
        rows.append(row)
    return np.concatenate(rows, 0)


def people_sheet(
    seeds: Iterable[int], split: str, across: int = 4, generation: int = GENERATION, assets: Path | None = None
) -> np.ndarray:
    """What the generator makes of seeds, uint8 RGB: of each person the photo, the normals and the hidden side."""
    cells = []
    for seed in seeds:
        try:
            sample = make_sample(seed, split, CELL_PX, generation, assets)
        except ValueError:  # nothing of this person is in the photo
            continue
        normals = sample["front_normals"].astype(np.int16) + 128
        back = sample["back_rgb"] * (sample["mask"] > 0)[..., None]
        cell = np.concatenate([sample["rgb"], normals.astype(np.uint8), back], 1)
        cv2.putText(cell, str(seed), (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (255, 255, 0), 1, cv2.LINE_AA)
        cells.append(cell)
    cells += [np.zeros_like(cells[0])] * (-len(cells) % across)
    return np.concatenate([np.concatenate(cells[k : k + across], 1) for k in range(0, len(cells), across)], 0)


def shaded(vertices: np.ndarray, faces: np.ndarray, degrees: float, size: int) -> np.ndarray:
    """A grey clay picture (size, size, 3) uint8 of a mesh in field space, turned about the vertical."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), 0, -np.sin(angle)], [0, 1, 0], [np.sin(angle), 0, np.cos(angle)]], np.float32)
    turned = vertices @ turn.T
    index, _, _ = rasterize(turned, faces, size)
    corners = turned[faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)
    light = np.array([0.3, 0.5, 0.8], np.float32) / np.linalg.norm([0.3, 0.5, 0.8])
    shade = 60 + 180 * np.clip(normals @ light, 0, 1)
    picture = np.full((size, size), 255, np.float32)
    picture[index >= 0] = shade[index[index >= 0]]
    return np.repeat(picture[..., None], 3, axis=2).astype(np.uint8)

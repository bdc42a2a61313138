# SPDX-License-Identifier: GPL-3.0-or-later
"""Folds and seams of the wardrobe's suits, from their own normal and ambient-occlusion maps, as heights of vertices.

The maps lie in a folder of source assets outside the project; `maps.json` names each with its sha256 and origin.
"""

import hashlib
import json
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from scipy import sparse
from scipy.ndimage import map_coordinates
from scipy.sparse.linalg import cg

from ....engine.errors import InputError
from ..body import load_body
from ..clothes.pieces import Piece, load_piece

LIST = Path(__file__).with_name("maps.json")
BROAD_M = 0.06  # what is broader is shape, which the mesh has
DARK_M = 0.006  # depth of what a map of ambient occlusion has fully in the dark
MOST_M = 0.012


def suit_relief(piece: Piece, folder: Path) -> np.ndarray:
    """Heights (V,) metres above the vertices of a suit; nought where it has no map. InputError where a file is missing
    or not the one that is listed."""
    return _relief(piece.name, len(piece.subdivision.edges), folder)


@lru_cache(maxsize=32)
def _relief(name: str, levels: int, folder: Path) -> np.ndarray:
    piece = load_piece("clothes", name, levels)
    listed = json.loads(LIST.read_text())["files"]
    maps = {kind: f"makehuman/clothes/{name}/{name}_{kind}.jpg" for kind in ("normal", "ao")}
    maps = {kind: _read(folder, file, listed[file]) for kind, file in maps.items() if file in listed}
    rest = piece.subdivision(piece.rest_vertices(load_body().mean_vertices))
    if "normal" in maps:
        height = _from_normals(piece, rest, maps["normal"])
    elif "ao" in maps:
        shade = cv2.GaussianBlur(maps["ao"].mean(2).astype(np.float32) / 255, (0, 0), 1.5)
        height = DARK_M * (_texels(piece.uv, shade[..., None])[:, 0] - 1)
    else:
        return np.zeros(len(rest), np.float32)
    height = height - _blurred(piece, rest, height)
    return np.clip(height, -MOST_M, MOST_M).astype(np.float32)


def _read(folder: Path, name: str, entry: dict) -> np.ndarray:
    path, origin = folder / name, entry["origin"]
    source = f"{origin['repository']} at {origin['commit']}, {origin['path']}"
    if not path.is_file():
        raise InputError(f"{path} is missing.", f"Give the folder that holds it as --assets. It comes from {source}.")
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != entry["sha256"]:
        raise InputError(f"{path} is not the file it should be.", f"Fetch it again from {source}.")
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def _texels(uv: np.ndarray, image: np.ndarray) -> np.ndarray:
    """An image (H, W, C) at texture coordinates (V, 2) -> (V, C)."""
    height, width = image.shape[:2]
    at = np.stack([(1 - uv[:, 1] % 1) * height - 0.5, uv[:, 0] % 1 * width - 0.5])
    channels = [map_coordinates(image[..., k], at, order=1, mode="nearest") for k in range(image.shape[2])]
    return np.stack(channels, 1)


def _from_normals(piece: Piece, rest: np.ndarray, image: np.ndarray) -> np.ndarray:
    """Heights whose slopes along edges are those of tangent-space normals, green upwards (the texture's v)."""
    normals = _texels(piece.uv, cv2.GaussianBlur(image.astype(np.float32) / 127.5 - 1, (0, 0), 1.0))
    faces = piece.faces
    uv, points = piece.uv[faces], rest[faces]
    du, dv = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
    area = du[:, 0] * dv[:, 1] - du[:, 1] * dv[:, 0]
    sound = np.abs(area) > 1e-9
    one, two = points[:, 1] - points[:, 0], points[:, 2] - points[:, 0]
    with np.errstate(all="ignore"):
        tangent = (one * dv[:, 1:] - two * du[:, 1:]) / area[:, None]
        upward = (two * du[:, :1] - one * dv[:, :1]) / area[:, None]
    tangent, upward = (
        axis / np.maximum(np.linalg.norm(axis, axis=1, keepdims=True), 1e-9) for axis in (tangent, upward)
    )
    ends, slopes = [], []
    for a, b in ((0, 1), (1, 2), (2, 0)):
        i, j = faces[sound, a], faces[sound, b]
        along = rest[j] - rest[i]
        mean = 0.5 * (normals[i] + normals[j])
        tilt = mean[:, :2] / np.maximum(mean[:, 2:], 0.3)
        right, up = (np.einsum("nc,nc->n", along, axis[sound]) for axis in (tangent, upward))
        ends.append(np.stack([i, j], 1))
        slopes.append(-(tilt[:, 0] * right + tilt[:, 1] * up))
    ends, slopes = np.concatenate(ends), np.concatenate(slopes)
    count, rows = len(rest), np.arange(len(ends))
    difference = sparse.csr_matrix(
        (np.repeat([-1.0, 1.0], len(ends)), (np.r_[rows, rows], np.r_[ends[:, 0], ends[:, 1]])), (len(ends), count)
    )
    normal_equations = difference.T @ difference + 1e-3 * sparse.identity(count)
    height, _ = cg(normal_equations, difference.T @ slopes, maxiter=500)
    return height


def _blurred(piece: Piece, rest: np.ndarray, height: np.ndarray) -> np.ndarray:
    """The part of heights that is broader than BROAD_M."""
    ends = piece.faces[:, [0, 1]]
    spacing = np.linalg.norm(rest[ends[:, 0]] - rest[ends[:, 1]], axis=1).mean()
    for _ in range(int(2 * (BROAD_M / spacing) ** 2)):
        height = piece.smoother @ height
    return height

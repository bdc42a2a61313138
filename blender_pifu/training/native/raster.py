# SPDX-License-Identifier: GPL-3.0-or-later
"""The rasteriser: a small C file, called through ctypes."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .library import call, library

SOURCE = Path(__file__).with_name("raster.c")


def _call(name: str, *arguments: np.ndarray | int | float | None) -> None:
    call(library(SOURCE), name, *arguments)


@dataclass(frozen=True)
class Fragments:
    """What is seen of a mesh from one side, on the pixels where anything is: `pixels: (P,) int64` row * size + column,
    `seen: (P,) int32` face, `weights: (P, 3)` of its corners, `depth: (P,)` z."""

    faces: np.ndarray
    pixels: np.ndarray
    seen: np.ndarray
    weights: np.ndarray
    depth: np.ndarray

    def interpolate(self, values: np.ndarray) -> np.ndarray:
        """Values on vertices (V, C) -> on fragments (P, C) float32."""
        values = np.ascontiguousarray(values, np.float32)
        out = np.empty((len(self.seen), values.shape[1]), np.float32)
        _call("interpolate", self.faces, self.seen, self.weights, len(out), values, values.shape[1], out)
        return out


def see(vertices: np.ndarray, faces: np.ndarray, size: int, alpha: np.ndarray | None) -> tuple[Fragments, Fragments]:
    """The mesh seen along z, orthographically: its nearest and its farthest surface, in the same pixels."""
    vertices, faces, alpha = _checked(vertices, faces, alpha)
    snapped, buffers = _rasterize(vertices, faces, size, alpha, True)
    sides = []
    for sign, index, nearness in ((1, *buffers[:2]), (-1, *buffers[2:])):
        pixels = np.flatnonzero(index >= 0)
        seen = index.ravel()[pixels]
        weights = np.empty((len(pixels), 3), np.float32)
        _call("barycentric", snapped, faces, size, pixels, seen, len(pixels), weights)
        sides.append(Fragments(faces, pixels, seen, weights, sign * nearness.ravel()[pixels]))
    return sides[0], sides[1]


def rasterize(
    vertices: np.ndarray, faces: np.ndarray, size: int, back: bool = False, alpha: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One side of `see` as images.

    `vertices: (V, 3)` field space, `faces: (T, 3)`; pixels lie as in `engine.crop_space`. `back` keeps the surface
    farthest from the camera instead, in the same pixels. Fragments whose `alpha: (V,)` is under 0.5 are not there.
    Returns triangle index (size, size) int32, -1 where there is nothing; barycentric (size, size, 2) of the triangle's
    first two corners; depth z (size, size), NaN where none.
    ValueError when a face names a vertex that does not exist.
    """
    side = see(vertices, faces, size, alpha)[int(back)]
    index = np.full(size * size, -1, np.int32)
    barycentric = np.zeros((size * size, 2), np.float32)
    depth = np.full(size * size, np.nan, np.float32)
    index[side.pixels], barycentric[side.pixels], depth[side.pixels] = side.seen, side.weights[:, :2], side.depth
    return index.reshape(size, size), barycentric.reshape(size, size, 2), depth.reshape(size, size)


class Lamps:
    """Two lamps far away on either side of a mesh, towards +direction and -direction, and the shadows they throw, in
    maps of `size` pixels a side, that cover all vertices or those that are `near (V,)`."""

    def __init__(
        self,
        vertices: np.ndarray,
        faces: np.ndarray,
        direction: np.ndarray,
        size: int,
        alpha: np.ndarray | None,
        near: np.ndarray | None = None,
    ):
        side = np.cross([0.0, 1.0, 0.0] if abs(direction[1]) < 0.9 else [1.0, 0.0, 0.0], direction)
        side /= np.linalg.norm(side)
        axes = np.stack([side, np.cross(direction, side), direction])
        turned = vertices @ axes.T.astype(np.float32)
        covered = turned if near is None or not near.any() else turned[near]
        low, high = covered.min(0), covered.max(0)
        # A margin of four texels lets soft look-ups run off the mesh.
        self.scale = (1 - 8 / size) * 2 / max((high - low)[:2].max(), 1e-6)
        self._axes, self._offset = axes.astype(np.float32) * np.float32(self.scale), -0.5 * (low + high) * self.scale
        self.size = size
        placed, faces, alpha = _checked(self._place(vertices), faces, alpha)
        buffers = _rasterize(placed, faces, size, alpha, False)[1]
        self._nearness = {1: buffers[1], -1: buffers[3]}

    def _place(self, points: np.ndarray) -> np.ndarray:
        return points @ self._axes.T + self._offset.astype(np.float32)

    def reach(self, points: np.ndarray, sides: tuple[int, ...] = (1,), ring: int = 0, spread: float = 1.0) -> list:
        """Share of light, 0..1 (P,), that reaches `points: (P, 3)` field space from the lamps on each of `sides` (+1,
        -1), averaged over (2 ring + 1)^2 texels, `spread` apart. Points should lie a texel off the surface."""
        placed = np.ascontiguousarray(self._place(points), np.float32)
        shares = []
        for side in sides:
            share = np.empty(len(placed), np.float32)
            nearness, bias = self._nearness[side], 2.0 / self.size * (1 + ring * spread)
            _call(
                "reach", placed, len(placed), nearness, self.size, float(side), float(bias), ring, float(spread), share
            )
            shares.append(share)
        return shares


def _checked(vertices, faces, alpha):
    vertices = np.ascontiguousarray(vertices, np.float32)
    faces = np.ascontiguousarray(faces, np.int32)
    if len(faces) and (faces.min() < 0 or faces.max() >= len(vertices)):
        raise ValueError("a face names a vertex that does not exist")
    if alpha is not None and len(alpha) != len(vertices):
        raise ValueError(f"alpha has {len(alpha)} values for {len(vertices)} vertices")
    return vertices, faces, None if alpha is None else np.ascontiguousarray(alpha, np.float32)


def _rasterize(vertices, faces, size, alpha, indexed) -> tuple[np.ndarray, list]:
    """Snapped vertices and [front index, front nearness, back index, back nearness]; indices None unless `indexed`."""
    snapped = np.empty((len(vertices), 2), np.int32)
    _call("snap", vertices, len(vertices), size, snapped)
    buffers = [np.empty((size, size), k) if indexed or k is np.float32 else None for k in (np.int32, np.float32) * 2]
    _call("rasterize", vertices, snapped, faces, len(faces), alpha, size, *buffers)
    return snapped, buffers

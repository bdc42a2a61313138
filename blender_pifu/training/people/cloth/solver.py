# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloth in motion: all garments as one system of points, and what touches them. The steps themselves are in cloth.c."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ...native.library import call, library

SOURCE = Path(__file__).with_name("cloth.c")
SKIN_M, LAYER_M, TOUCH_M = 0.003, 0.0035, 0.04  # off the body, off cloth below; how near two things are looked at
FOREIGN_M, PUSH_M = 0.05, 0.001  # the same with another limb, and how far that pushes in a step
DEEP_M = 0.025  # what lies deeper under a layer than this is beyond help
ROOM_M = 0.006  # between two parts of the body, for cloth to be pushed by both
BESIDE_M = 0.014  # how far beside its nearest point below cloth still lies over it
FRICTION, FOREIGN_FRICTION, LAYER_FRICTION = 0.9, 0.2, 0.3  # with the limb it lies on, with others, with cloth


def _call(name: str, *arguments) -> None:
    call(library(SOURCE, "-ffp-contract=off"), name, *arguments)


def mesh_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit normals (V, 3) float32, weighted by area."""
    out = np.empty((len(vertices), 3), np.float32)
    vertices = np.ascontiguousarray(vertices, np.float32)
    _call("normals", vertices, len(vertices), vertices.shape[1], faces, len(faces), out)
    return out


def nearest(target, target_normals, group, query, query_normals, mask, reach: float, least: float) -> np.ndarray:
    """For each of `query (Q, 3)` the nearest of `target (P, 3)` within `reach` metres (Q,), -1 where there is none: of
    those whose `group (P,)` is a bit of `mask (Q,)` and whose normal agrees by a dot product of at least `least`."""
    found = np.empty(len(query), np.int32)
    _call("nearest", target, target_normals, group, len(target), query, query_normals, mask, len(query), reach, least,
          found)  # fmt: skip
    return found


@dataclass(frozen=True)
class Motion:
    """`fall`: gravity, `wind (3,)` likewise, metres a step per step; `keep`: share of speed that a step leaves."""

    fall: float
    keep: float
    wind: np.ndarray


@dataclass(frozen=True)
class Surface:
    """What cloth touches: `points (P, 3)` and unit `normals (P, 3)` in one pose, `group (P,)` uint8 their body part."""

    points: np.ndarray
    normals: np.ndarray
    group: np.ndarray


class Hanging:
    """All garments at one fineness. `sheets`: see `sewing.Sheet`. `points`, `before (V, 4)`: places and inverse
    masses, now and a step ago."""

    def __init__(self, sheets: list, rng: np.random.Generator):
        self.sheets = sheets
        self.own = np.concatenate([sheet.own for sheet in sheets]).astype(np.uint32)
        self.layer = np.concatenate([sheet.layer for sheet in sheets])
        sizes = [len(sheet.start) for sheet in sheets]
        self.bounds = np.r_[0, np.cumsum(sizes)]
        self.count = int(self.bounds[-1])
        self.pin = np.concatenate([sheet.pinned for sheet in sheets])
        self.free = np.where(self.pin, 0, 1).astype(np.float32)
        shifts = list(zip(sheets, self.bounds, strict=False))
        self.faces = np.concatenate([sheet.pattern.triangles() + s for sheet, s in shifts]).astype(np.int32)
        i, j = (np.concatenate([getattr(sheet.threads, end) + s for sheet, s in shifts]) for end in ("i", "j"))
        rest, soft = (np.concatenate([getattr(sheet.threads, name) for sheet in sheets]) for name in ("rest", "soft"))
        self._sort(i, j, rest, soft, rng)

    def _sort(self, i, j, rest, soft, rng: np.random.Generator) -> None:
        """In random order, but side by side what shares no point, and of that neighbours in memory together."""
        order = rng.permutation(len(i))
        i, j = (np.ascontiguousarray(ends[order], np.int32) for ends in (i, j))
        colors = np.empty(len(i), np.uint8)
        _call("color", i, j, len(i), self.count, colors)
        sort = np.lexsort((i, colors))
        self.i, self.j = i[sort], j[sort]
        self.rest, self.soft = (np.ascontiguousarray(values[order][sort], np.float32) for values in (rest, soft))
        self.colors = np.r_[0, np.cumsum(np.bincount(colors))].astype(np.int64)

    def place(self, points: np.ndarray, before: np.ndarray | None = None) -> None:
        """Put the points, (V, 3), and where they were a step ago."""
        self.points = np.c_[points, self.free].astype(np.float32)
        self.before = self.points.copy() if before is None else np.c_[before, self.free].astype(np.float32)

    def step(self, number: int, now: Surface, then: Surface, pins: np.ndarray, motion: Motion) -> None:
        """`number` steps while the body moves from `now` to `then`; `pins (K, 3)`: where the held points are then."""
        at = np.ascontiguousarray(self.points[:, :3])
        directions = mesh_normals(at, self.faces)
        planes, on = self._planes(number, now, then, at, directions)
        above, below, apart = self._layers(at, directions)
        led = np.flatnonzero(self.pin).astype(np.int32)
        drag = np.zeros((len(led), 4), np.float32)
        drag[:, :3] = (pins - at[led]) / number
        pull = np.append(motion.wind + [0, 0, -motion.fall], 0).astype(np.float32)
        _call("steps", self.points, self.before, self.count, self.i, self.j, self.rest, self.soft, self.colors,
              len(self.colors) - 1, planes, on, len(on), above, below, apart, len(above), led, drag, len(led), pull,
              motion.keep, LAYER_FRICTION, number)  # fmt: skip

    def _planes(self, number: int, now: Surface, then: Surface, at, directions) -> tuple[np.ndarray, np.ndarray]:
        """Tangent planes (K, 12) of the body at the points `on (K,)`: of the part a point lies on, and of others, which
        push it only where that leaves it room."""
        body = now.points, now.normals, now.group
        own = nearest(*body, at, directions, self.own, TOUCH_M, -0.3)
        # Of other limbs only what faces the cloth: an arm before the trunk lies over the shirt, not in it.
        other = nearest(*body, at, -directions, ~self.own, FOREIGN_M, 0.2)
        room = np.einsum("nc,nc->n", now.points[other] - now.points[own], now.normals[own])
        foreign = np.flatnonzero((other >= 0) & ~((own >= 0) & (room < ROOM_M)))
        floor = now.points[:, 2].min()
        near, low = np.flatnonzero(own >= 0), np.flatnonzero(at[:, 2] < floor + TOUCH_M)
        planes = []
        for index, slip, most in ((other[foreign], FOREIGN_FRICTION, PUSH_M), (own[near], FRICTION, 1.0)):
            plane = np.zeros((len(index), 12), np.float32)
            plane[:, 7] = most
            plane[:, :3] = now.points[index] + SKIN_M * now.normals[index]
            plane[:, 3], plane[:, 4:7] = slip, now.normals[index]
            plane[:, 8:11] = (then.points[index] - now.points[index]) / number
            planes.append(plane)
        ground = np.zeros((len(low), 12), np.float32)  # the lowest point stands on it
        ground[:, [2, 3, 6, 7]] = floor, FRICTION, 1, 1
        return np.concatenate([*planes, ground]), np.concatenate([foreign, near, low]).astype(np.int32)

    def _layers(self, at, directions) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Points above and below each other (L,); normals of the latter and how far apart they are to be (L, 4)."""
        pairs = [(np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros((0, 4), np.float32))]
        for level in np.unique(self.layer)[1:]:
            above, below = np.flatnonzero(self.layer == level), np.flatnonzero(self.layer < level)
            target, normals = at[below], directions[below]
            found = nearest(target, normals, np.zeros(len(below), np.uint8), at[above], directions[above],
                            np.ones(len(above), np.uint32), TOUCH_M, 0.2)  # fmt: skip
            away = at[above] - target[found]
            depth = np.einsum("nc,nc->n", away, normals[found])
            aside = np.einsum("nc,nc->n", away, away) - depth * depth
            there = (found >= 0) & (depth > -DEEP_M) & (aside < BESIDE_M**2)  # beyond the lower one's hem is nothing
            apart = np.c_[normals[found[there]], np.full(there.sum(), LAYER_M)].astype(np.float32)
            pairs.append((above[there].astype(np.int32), below[found[there]].astype(np.int32), apart))
        above, below, apart = (np.concatenate(column) for column in zip(*pairs, strict=True))
        return above, below, apart

# SPDX-License-Identifier: GPL-3.0-or-later
"""Hats, caps and headphones over hair, and simple jewellery. All in the head's rest frame (see locks.py), but for what
is worn on neck and wrist."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from .accessories import Solid, box, tube

ROUND = 2.25  # exponent of the superellipsoid that a skull is
KINDS = {"cap": 0.42, "beanie": 0.33, "brimmed": 0.25}


@dataclass(frozen=True)
class Hat:
    """A dome over the skull: `centre (3,)`, `half (3,)` metres; points above the plane `low + tilt * y` (from the
    centre) lie under it. `kind` of KINDS, `back`: worn the other way round."""

    kind: str
    centre: np.ndarray
    half: np.ndarray
    low: float
    tilt: float
    back: bool

    def press(self, hair: np.ndarray) -> np.ndarray:
        """Hair (V, 3) with what would stand through the hat pressed under it."""
        at = hair - self.centre
        under = at[:, 2] > self.low + self.tilt * at[:, 1] - 0.004
        reach = (np.abs(at / self.half) ** ROUND).sum(1) ** (1 / ROUND)
        pressed = at * (0.975 / np.maximum(reach, 1e-6))[:, None]
        return self.centre + np.where((under & (reach > 0.975))[:, None], pressed, at)


def draw_hat(rng: np.random.Generator, skull: np.ndarray, eyes: np.ndarray) -> Hat:
    """A hat for the head whose skin is `skull (N, 3)`."""
    skull = skull[skull[:, 2] > eyes[2] + 0.035]  # above brows and ears
    kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    middle = 0.5 * (skull.min(0) + skull.max(0))
    centre = np.array([middle[0], middle[1], eyes[2] + 0.02])
    spread = np.array([np.ptp(skull[:, 0]) / 2, np.ptp(skull[:, 1]) / 2, skull[:, 2].max() - centre[2]])
    half = spread + rng.uniform(0.006, 0.014)
    half[2] += rng.uniform(0, {"beanie": 0.045, "cap": 0.018, "brimmed": 0.04}[kind])
    low = rng.uniform(-0.005, 0.02) if kind == "beanie" else rng.uniform(0.012, 0.026)
    backwards = kind == "cap" and rng.random() < 0.15
    return Hat(kind, centre, half, float(low), float(-rng.uniform(0.1, 0.28)), bool(backwards))


def dome(hat: Hat, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The hat's surface: vertices (V, 3), faces (T, 3); for a brimmed one with the brim, for a cap with its visor, for
    a beanie with the fold."""
    rows, columns = 14, 40
    turn = np.arange(columns) * 2 * np.pi / columns
    share = np.linspace(0, 1, rows)[:, None]
    flat = np.stack([np.cos(turn), np.sin(turn)], 1)
    border = _plane(hat, flat)
    height = border[None] + share**0.8 * (0.998 * hat.half[2] - border[None])
    reach = np.maximum(1 - np.abs(height / hat.half[2]) ** ROUND, 0) ** (1 / ROUND)
    norm = (np.abs(flat) ** ROUND).sum(1) ** (1 / ROUND)
    ring = flat / norm[:, None] * hat.half[:2]
    points = np.concatenate([ring[None] * reach[..., None], height[..., None]], 2)
    first, second = rng.uniform(0, 6, 2)
    crease = 0.002 * np.sin(3 * turn + first) + 0.0015 * np.sin(5 * turn[None] + 6 * share + second)
    points[..., :2] *= (1 + crease / 0.1)[..., None]
    parts = [_grid(points, closed=True, top=True)]
    if hat.kind == "brimmed":
        parts.append(_brim(points[0], rng.uniform(0.04, 0.09), rng.uniform(-0.35, 0.15), rng))
    elif hat.kind == "cap":
        parts.append(_visor(points[0], turn, hat, rng))
    else:
        parts.append(_fold(points, hat, rng))
    vertices, faces, start = [], [], 0
    for some, their in parts:
        vertices.append(some)
        faces.append(their + start)
        start += len(some)
    return hat.centre + np.concatenate(vertices), np.concatenate(faces).astype(np.int32)


def _plane(hat: Hat, flat: np.ndarray) -> np.ndarray:
    """Height of the border at directions (C, 2)."""
    return hat.low + hat.tilt * flat[:, 1] * hat.half[1]


def _grid(points: np.ndarray, closed: bool, top: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Triangles over rows of points (R, C, 3), outward where they turn about z and rise."""
    rows, columns, _ = points.shape
    index = np.arange(rows * columns).reshape(rows, columns)
    right = np.roll(index, -1, 1) if closed else index[:, 1:]
    index = index if closed else index[:, :-1]
    a, b, c, d = index[:-1].ravel(), right[:-1].ravel(), right[1:].ravel(), index[1:].ravel()
    faces = [np.stack([a, b, c], 1), np.stack([a, c, d], 1)]
    vertices = points.reshape(-1, 3)
    if top:
        vertices = np.concatenate([vertices, points[-1].mean(0, keepdims=True)])
        ring = np.arange((rows - 1) * columns, rows * columns)
        faces.append(np.stack([ring, np.roll(ring, -1), np.full(columns, rows * columns)], 1))
    return vertices, np.concatenate(faces)


def _brim(ring: np.ndarray, wide: float, slope: float, rng) -> tuple[np.ndarray, np.ndarray]:
    out = ring * [1, 1, 0]
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    wave = 0.008 * np.sin(2 * np.arange(len(ring)) * 2 * np.pi / len(ring) + rng.uniform(0, 6))
    rim = ring + wide * out + np.stack([0 * wave, 0 * wave, slope * wide + wave], 1)
    thick = np.array([0, 0, 0.002])
    rows = np.stack([ring - thick, 0.5 * (ring + rim) - thick, rim - thick, rim + thick, 0.5 * (ring + rim) + thick,
                     ring + thick])  # fmt: skip
    return _grid(rows, closed=True)


def _visor(ring: np.ndarray, turn: np.ndarray, hat: Hat, rng) -> tuple[np.ndarray, np.ndarray]:
    ahead = 1 if hat.back else -1
    on = np.flatnonzero(ahead * np.sin(turn) > 0.35)
    on = on[np.argsort(ring[on, 0])]
    base = ring[on] + [0, 0, 0.004]
    long = rng.uniform(0.055, 0.08)
    across = base[:, 0] / np.abs(base[:, 0]).max()
    out = np.stack([0.1 * across, ahead * np.sqrt(np.maximum(1 - 0.75 * across**2, 0.05)), 0 * across], 1) * long
    drop = np.stack(
        [0 * across, 0 * across, -rng.uniform(0.1, 0.3) * long - rng.uniform(0.1, 0.3) * long * across**2], 1
    )
    tip, thick = base + out + drop, np.array([0, 0, 0.0022])
    middle = base + 0.5 * out + 0.4 * drop
    rows = np.stack([base - thick, middle - thick, tip - thick, tip + thick, middle + thick, base + thick])
    return _grid(rows[:, ::ahead], closed=False)


def _fold(points: np.ndarray, hat: Hat, rng) -> tuple[np.ndarray, np.ndarray]:
    """The turned-up border of a beanie."""
    tall = rng.uniform(0.03, 0.06)
    out = points[0] * [1, 1, 0]
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    low, up = points[0], np.array([0, 0, 1.0])
    lean = -0.12 * tall
    rows = [low - 0.001 * out, low + 0.004 * out - 0.002 * up, low + 0.006 * out + 0.3 * tall * up,
            low + (0.006 + lean) * out + tall * up, low + (0.0 + lean) * out + (tall + 0.002) * up]  # fmt: skip
    return _grid(np.stack(rows), closed=True)


def headphones(scalp: np.ndarray, ears: np.ndarray, rng: np.random.Generator) -> list[Solid]:
    """A band over the head and a cup on each ear; `ears (2, 3)` left, right."""
    color = np.full(3, rng.uniform(0.03, 0.2)) if rng.random() < 0.6 else rng.uniform(0.1, 0.9, 3)
    middle, wide = ears.mean(0), 0.5 * abs(ears[0, 0] - ears[1, 0])
    tall = scalp[:, 2].max() - middle[2] + 0.012
    turn = np.linspace(0.04, 0.96, 20) * np.pi
    path = middle + np.stack([(wide + 0.012) * np.cos(turn), 0 * turn, tall * np.sin(turn) ** 0.75], 1)
    outward = np.stack([np.cos(turn), 0 * turn, np.sin(turn)], 1)
    solids = [Solid(*tube(path, rng.uniform(0.008, 0.016), 0.004, outward, False), color, 0.4)]
    for ear, sign in zip(ears, (1, -1), strict=True):
        half = np.array([0.016, rng.uniform(0.028, 0.036), rng.uniform(0.032, 0.042)])
        solids.append(Solid(*box(ear + [sign * 0.012, 0, 0], np.eye(3), half, 3.0), color, 0.4))
    return solids


def earrings(ears: np.ndarray, rng: np.random.Generator) -> list[Solid]:
    """A pair of studs, drops or hoops at the lobes `ears (2, 3)`."""
    color = np.array([[0.83, 0.68, 0.35], [0.8, 0.8, 0.82], [0.9, 0.88, 0.84]])[rng.integers(3)]
    radius = rng.uniform(0.006, 0.022)
    hoop = rng.random() < 0.5
    solids = []
    for lobe, sign in zip(ears, (1, -1), strict=True):
        if hoop:
            turn = np.arange(20) * 2 * np.pi / 20
            ring = np.stack([0 * turn, np.sin(turn), np.cos(turn) - 1], 1)
            path = lobe + [sign * 0.002, 0, 0] + radius * ring
            solids.append(Solid(*tube(path, 0.0011, 0.0011, np.tile([sign, 0.0, 0], (20, 1)), True), color, 0.8))
        else:
            half = np.array([0.0028, 0.0028, rng.uniform(0.0028, 0.012)])
            solids.append(Solid(*box(lobe + [sign * 0.002, -0.001, -half[2]], np.eye(3), half, 2), color, 0.8))
    return solids


def necklace(surface: np.ndarray, outward: np.ndarray, neck: np.ndarray, towards: np.ndarray, rng) -> list[Solid]:
    """A chain on what is worn: `surface (N, 3)` and its normals, posed; `neck (3,)` its base, `towards (3, 3)` rows
    left, ahead, up."""
    turn = np.arange(40) * 2 * np.pi / 40
    hang = rng.uniform(0.03, 0.16)
    front = np.maximum(-np.cos(turn), 0) ** 2
    ring = np.stack([0.075 * np.sin(turn), -0.065 * np.cos(turn), 0.03 - 0.035 * front - hang * front], 1)
    path = neck + ring @ towards
    for _ in range(2):
        _, nearest = cKDTree(surface).query(path)
        height = np.einsum("nc,nc->n", path - surface[nearest], outward[nearest])
        path = path + (0.003 - height)[:, None] * outward[nearest]
        path = 0.25 * np.roll(path, 1, 0) + 0.5 * path + 0.25 * np.roll(path, -1, 0)
    out = path - neck - ((path - neck) @ towards[2])[:, None] * towards[2]
    color = np.array([[0.83, 0.68, 0.35], [0.8, 0.8, 0.82], [0.9, 0.88, 0.84], [0.15, 0.12, 0.1]])[rng.integers(4)]
    size = rng.uniform(0.001, 0.0035)
    return [Solid(*tube(path, size, size, out, True), color, 0.8)]


def watch(wrist: np.ndarray, along: np.ndarray, out: np.ndarray, radius: float, rng) -> list[Solid]:
    """A band and a dial on the back of a wrist; `along` the forearm, `out` of the hand's back, unit."""
    side = np.cross(along, out)
    turn = np.arange(20) * 2 * np.pi / 20
    spoke = np.cos(turn)[:, None] * out * 0.85 + np.sin(turn)[:, None] * side * 1.1
    color = rng.uniform(0.03, 0.9, 3) if rng.random() < 0.5 else np.full(3, rng.uniform(0.03, 0.8))
    band = tube(wrist + radius * spoke, 0.009, 0.002, spoke, True)
    solids = [Solid(*band, color, 0.4)]
    if rng.random() < 0.7:
        half = np.array([rng.uniform(0.014, 0.02), rng.uniform(0.014, 0.019), 0.005])
        dial = box(wrist + 0.9 * radius * out, np.stack([side, along, out]), half, rng.uniform(2, 8))
        solids.append(Solid(*dial, np.full(3, rng.uniform(0.03, 0.9)), 0.7))
    return solids

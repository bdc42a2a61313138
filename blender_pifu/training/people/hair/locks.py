# SPDX-License-Identifier: GPL-3.0-or-later
"""Hair as locks: tapered tubes that grow from the scalp, fall, curl, lie on what is under them, and can be tied.

Space: the head's rest frame, metres: x to the person's left, -y ahead, z up, wherever the head has turned in the pose.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from ..noise import smooth_noise
from .haircuts import Style

AHEAD, UP = np.array([0.0, -1, 0]), np.array([0.0, 0, 1])
AROUND = 4  # corners of a lock's section
UNDER = 0.35  # share of locks that lie broad under the others


@dataclass(frozen=True)
class Head:
    """What hair grows on: `roots (N, 3)` and `normals (N, 3)` of the scalp, drawn evenly; `skull (K, 3)`: the head's
    skin; `eyes (3,)` their middle; `obstacles (M, 3)` and `outward (M, 3)`: surfaces hair lies on; `down
    (3,)`: where gravity pulls."""

    roots: np.ndarray
    normals: np.ndarray
    skull: np.ndarray
    eyes: np.ndarray
    obstacles: np.ndarray
    outward: np.ndarray
    down: np.ndarray


@dataclass(frozen=True)
class Locks:
    """`vertices (V, 3)`, `faces (T, 3)` outward; `strand (V, 3)`: across a lock -1..1, metres along it, its number;
    `rings (R, AROUND)`: vertices of sections, -1 in a row after each lock."""

    vertices: np.ndarray
    faces: np.ndarray
    strand: np.ndarray
    rings: np.ndarray


def grow(style: Style, head: Head, rng: np.random.Generator) -> Locks:
    """All locks of a head."""
    roots, normals, length = _chosen_roots(style, head, rng)
    depth = rng.uniform(0, 1, len(roots))  # of a lock in the coat of hair: 0 next to the skin
    if style.knot is not None:
        paths = _pulled(style, head, roots, normals, depth, rng)
    else:
        paths = _fallen(style, head, roots, normals, length, depth, rng)
    tied = [] if style.knot is None else [_tail(style, head, rng) if style.tail else _bun(style, head, rng)]
    broad = [np.where(depth < UNDER, 1.7, 1.0), *(np.ones(len(path)) for path in tied)]
    curled = [_curled(style, path, head, rng) for path in [paths, *tied]]
    return _joined([_tubes(path, style, head, rng, wide) for path, wide in zip(curled, broad, strict=True)])


def _chosen_roots(style: Style, head: Head, rng):
    """Roots, their normals, and the length of each lock."""
    pick = rng.permutation(len(head.roots))
    at = head.roots - head.eyes
    top = np.clip((at[:, 2] - 0.045) / 0.03, 0, 1)
    length = style.length * (style.sides + (1 - style.sides) * top) * rng.uniform(0.75, 1.1, len(at))
    if style.bald:  # from the temples and the forehead backwards
        high = np.clip((at[:, 2] - 0.05) / 0.03, 0, 1)
        front = 1 - (at[:, 1] - 0.02) / 0.16
        gone = high * np.clip(front + 1.1 * style.bald - 0.75 + 2 * np.abs(at[:, 0]) * (1 - style.bald), 0, 1)
        pick = pick[rng.random(len(pick)) > 1.6 * gone[pick]]
    pick = pick[: style.count]
    return head.roots[pick], head.normals[pick], length[pick]


def _tangent(direction: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """Directions (N, 3) without what they have along normals, unit."""
    flat = direction - np.einsum("nc,nc->n", direction, normals)[:, None] * normals
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)


def _fallen(style: Style, head: Head, roots, normals, length, depth, rng) -> np.ndarray:
    """Paths (N, S, 3) of hair that falls."""
    at = roots - head.eyes
    crown = np.array([0.0, 0.13, 0.12])
    if style.parting is None:
        flow = at - crown
    else:
        beside = at[:, 0] - style.parting
        flow = np.stack([np.where(beside >= 0, 1.0, -1.0), 0.2 * np.sign(at[:, 1] - 0.08), np.full(len(at), -0.2)], 1)
        flow[:, 1] += np.clip((at[:, 1] - 0.06) / 0.05, 0, 1.5)  # behind the crown it falls backwards
    flow = flow / np.maximum(np.linalg.norm(flow, axis=1, keepdims=True), 1e-6)
    sweep = np.array([style.sweep[0], -style.sweep[1], style.sweep[2]])
    noise = np.stack([smooth_noise(roots.astype(np.float32), rng, 1 / 0.05) for _ in range(3)], 1)
    flow = flow + sweep * np.clip(at[:, 2:] / 0.05, 0.2, 1) + style.rough * (noise + rng.normal(size=at.shape))
    direction = _tangent(flow, normals) + style.lift * normals
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    return _walk(style, head, roots, direction, length, 0.002 + style.volume * depth, rng)


def _walk(style: Style, head: Head, start, direction, length, clearance, rng) -> np.ndarray:
    """Follow locks from their roots, step by step: they keep their way, fall, and are pushed out of what they meet."""
    tree = cKDTree(head.obstacles)
    shares = np.linspace(0.4, 1.6, style.steps - 1) / (style.steps - 1)  # finer on the head than below it
    at, paths = start.copy(), [start]
    for k in range(1, style.steps):
        step = length * shares[k - 1]
        keep = style.stiff ** (step / 0.01)
        pull = style.weight * (1 - 0.5 ** (step / 0.01))
        at = at + step[:, None] * direction
        gap, nearest = tree.query(at)
        normal = head.outward[nearest]
        height = np.einsum("nc,nc->n", at - head.obstacles[nearest], normal)
        wanted = clearance * min(1.0, k / 2)
        push = np.where((height < wanted) & (gap < 0.05), wanted - height, 0)
        at = at + push[:, None] * normal
        if not style.fringe or length.mean() * shares[:k].sum() > 0.06:
            at = _off_the_face(at, head)
        moved = at - paths[-1]
        moved /= np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-6)
        falling = (1 - keep)[:, None] * head.down + pull[:, None] * head.down
        direction = moved * keep[:, None] + falling + style.rough * 0.25 * rng.normal(size=at.shape)
        direction /= np.maximum(np.linalg.norm(direction, axis=1, keepdims=True), 1e-6)
        paths.append(at)
    way = np.stack(paths, 1)
    for _ in range(2):
        way[:, 1:-1] = 0.25 * way[:, :-2] + 0.5 * way[:, 1:-1] + 0.25 * way[:, 2:]
    return way


def _off_the_face(at: np.ndarray, head: Head) -> np.ndarray:
    """Locks that would hang before the face go beside it."""
    place = at - head.eyes
    half = 0.062
    before = (place[:, 1] < 0.035) & (np.abs(place[:, 0]) < half) & (place[:, 2] < 0.055) & (place[:, 2] > -0.16)
    aside = np.where(place[:, 0] >= 0, half, -half)
    at = at.copy()
    at[before, 0] += 0.6 * (aside - place[:, 0])[before]
    at[before, 1] += 0.35 * (0.05 - place[:, 1])[before]
    return at


def _pulled(style: Style, head: Head, roots, normals, depth, rng) -> np.ndarray:
    """Paths along the scalp to where hair is tied."""
    knot = head.eyes + style.knot
    share = np.linspace(0, 1, style.steps)[None, :, None]
    way = roots[:, None] + share * (knot - roots)[:, None]
    tree = cKDTree(head.obstacles)
    flat = way.reshape(-1, 3)
    centre = head.eyes + [0, 0.085, 0.03]
    flat = centre + (flat - centre) * (1 + 0.3 * np.sin(np.pi * np.tile(share[0, :, 0], len(roots))))[:, None]
    gap, nearest = tree.query(flat)
    normal = head.outward[nearest]
    height = np.einsum("nc,nc->n", flat - head.obstacles[nearest], normal)
    wanted = np.repeat(0.0015 + style.volume * depth, style.steps)
    near_knot = np.clip(1.2 - np.linalg.norm(flat - knot, axis=1) / 0.05, 0, 1)
    flat = flat + ((wanted - height) * (1 - near_knot))[:, None] * normal
    return flat.reshape(way.shape)


def _tail(style: Style, head: Head, rng) -> np.ndarray:
    """What hangs from the knot."""
    count = 70
    knot = head.eyes + style.knot
    away = np.array([0, 1.0, 0.15]) + 0.3 * rng.normal(size=(count, 3))
    direction = away / np.linalg.norm(away, axis=1, keepdims=True)
    start = knot + 0.012 * rng.normal(size=(count, 3))
    length = style.tail * rng.uniform(0.75, 1.05, count)
    longer = Style(**(style.__dict__ | {"steps": 13, "stiff": 0.6, "weight": 0.5}))
    return _walk(longer, head, start, direction, length, 0.004 + 0.02 * rng.random(count), rng)


def _bun(style: Style, head: Head, rng) -> np.ndarray:
    """Locks wound round the knot."""
    count, steps = 42, 14
    radius = rng.uniform(0.022, 0.042)
    centre = head.eyes + style.knot + [0, 0.6 * radius, 0.2 * radius]
    axis = np.array([0, 1.0, 0.5]) + 0.25 * rng.normal(size=(count, 3))
    axis /= np.linalg.norm(axis, axis=1, keepdims=True)
    first = np.cross(axis, [1.0, 0.2, 0.1])
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(axis, first)
    turn = rng.uniform(0, 2 * np.pi, count)[:, None] + np.linspace(0, rng.uniform(2.5, 5), steps)[None]
    level = rng.uniform(-0.85, 0.85, count)  # where along the axis a lock winds
    ring = radius * np.sqrt(1 - level**2) * rng.uniform(0.85, 1.05, count)
    around = np.cos(turn)[..., None] * first[:, None] + np.sin(turn)[..., None] * second[:, None]
    return centre + (0.75 * radius * level)[:, None, None] * axis[:, None] + ring[:, None, None] * around


def _curled(style: Style, paths: np.ndarray, head: Head, rng) -> np.ndarray:
    """Waves or ringlets about the paths."""
    if not style.wave:
        return paths
    count, steps, _ = paths.shape
    along = np.gradient(paths, axis=1)
    length = np.cumsum(np.linalg.norm(along, axis=2), axis=1)
    along /= np.maximum(np.linalg.norm(along, axis=2, keepdims=True), 1e-6)
    out = paths - (head.eyes + [0, 0.085, 0.0])
    side = np.cross(along, out)
    side /= np.maximum(np.linalg.norm(side, axis=2, keepdims=True), 1e-6)
    out = np.cross(side, along)
    if style.ringlets:
        phase = rng.uniform(0, 2 * np.pi, count)
    else:
        phase = 2.5 * smooth_noise(paths[:, 0].astype(np.float32), rng, 1 / 0.08)
    turn = 2 * np.pi * length / style.period + phase[:, None]
    radius = style.wave * np.clip(length / 0.04, 0, 1)
    swing = 1.0 if style.ringlets else 0.35
    return paths + (radius * np.cos(turn))[..., None] * side + (swing * radius * np.sin(turn))[..., None] * out


def _tubes(paths: np.ndarray, style: Style, head: Head, rng, broad: np.ndarray) -> Locks:
    """Closed tapered tubes of oval section round paths (N, S, 3), flat against the head, `broad (N,)` times as wide as
    the style's."""
    count, steps, _ = paths.shape
    along = np.gradient(paths, axis=1)
    along /= np.maximum(np.linalg.norm(along, axis=2, keepdims=True), 1e-6)
    out = paths - (head.eyes + [0, 0.085, 0.0])
    out[..., 2] = np.maximum(out[..., 2], -0.02)
    side = np.cross(along, out)
    side /= np.maximum(np.linalg.norm(side, axis=2, keepdims=True), 1e-6)
    out = np.cross(side, along)
    share = np.linspace(0, 1, steps)
    taper = np.clip(np.minimum(0.75 + 2 * share, 1.35 * (1.02 - share) ** 0.8), 0.05, 1)
    size = taper[None, :] * rng.uniform(0.6, 1.3, count)[:, None]
    turn = np.arange(AROUND) * 2 * np.pi / AROUND
    ring = (
        np.cos(turn)[None, None, :, None] * (style.wide * broad[:, None] * size)[..., None, None] * side[:, :, None]
        + np.sin(turn)[None, None, :, None] * (style.thick * size)[..., None, None] * out[:, :, None]
    )
    vertices = (paths[:, :, None] + ring).reshape(-1, 3)
    length = np.concatenate([np.zeros((count, 1)), np.cumsum(np.linalg.norm(np.diff(paths, axis=1), axis=2), 1)], 1)
    number = rng.permutation(count)
    strand = np.stack(
        [
            np.broadcast_to(np.cos(turn), (count, steps, AROUND)),
            np.broadcast_to(length[..., None], (count, steps, AROUND)),
            np.broadcast_to(number[:, None, None], (count, steps, AROUND)),
        ],
        -1,
    ).reshape(-1, 3)
    rings = np.full((count, steps + 1, AROUND), -1)
    rings[:, :steps] = np.arange(len(vertices)).reshape(count, steps, AROUND)
    return Locks(vertices, _tube_faces(count, steps), strand, rings.reshape(-1, AROUND))


def _tube_faces(count: int, steps: int) -> np.ndarray:
    k = np.arange(AROUND)
    m = (k + 1) % AROUND
    i = np.arange(steps - 1)[:, None] * AROUND
    quads = [np.stack([i + k, i + m, i + AROUND + m], -1), np.stack([i + k, i + AROUND + m, i + AROUND + k], -1)]
    end = (steps - 1) * AROUND
    inner = np.arange(1, AROUND - 1)
    caps = [np.stack([0 * inner, inner + 1, inner], -1), np.stack([0 * inner, inner, inner + 1], -1) + end]
    one = np.concatenate([q.reshape(-1, 3) for q in [*quads, *caps]])
    one = one[:, ::-1]  # outward: sections turn left round the way along
    return (one[None] + (np.arange(count) * steps * AROUND)[:, None, None]).reshape(-1, 3).astype(np.int32)


def _joined(parts: list[Locks]) -> Locks:
    start = np.cumsum([0] + [len(part.vertices) for part in parts[:-1]])
    return Locks(
        np.concatenate([part.vertices for part in parts]).astype(np.float32),
        np.concatenate([part.faces + first for part, first in zip(parts, start, strict=True)]),
        np.concatenate([part.strand for part in parts]).astype(np.float32),
        np.concatenate([np.where(part.rings >= 0, part.rings + s, -1) for part, s in zip(parts, start, strict=True)]),
    )

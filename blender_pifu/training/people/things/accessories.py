# SPDX-License-Identifier: GPL-3.0-or-later
"""Glasses, scarves and bags, as closed solids made of tubes and boxes. Metres, z up."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import ConvexHull

from ..body import Body

AROUND = 8


@dataclass(frozen=True)
class Solid:
    """`vertices (V, 3)` posed, `faces (T, 3)` outward, `color (3,)` sRGB, `gloss` 0..1."""

    vertices: np.ndarray
    faces: np.ndarray
    color: np.ndarray
    gloss: float = 0.1


def tube(
    path: np.ndarray, wide: np.ndarray | float, thick: np.ndarray | float, outward: np.ndarray, closed: bool
) -> tuple[np.ndarray, np.ndarray]:
    """A tube of oval section along `path (N, 3)`: half widths `wide` and half thicknesses `thick`, (N,) or numbers, the
    latter along `outward (N, 3)`. Its ends are capped unless it is closed upon itself."""
    count = len(path)
    ahead = np.roll(path, -1, 0) - np.roll(path, 1, 0) if closed else np.gradient(path, axis=0)
    ahead /= np.maximum(np.linalg.norm(ahead, axis=1, keepdims=True), 1e-9)
    up = outward - np.einsum("nc,nc->n", outward, ahead)[:, None] * ahead
    up /= np.maximum(np.linalg.norm(up, axis=1, keepdims=True), 1e-9)
    side = np.cross(ahead, up)
    turn = np.arange(AROUND) * 2 * np.pi / AROUND
    wide, thick = (np.broadcast_to(value, count)[:, None, None] for value in (wide, thick))
    ring = np.cos(turn)[None, :, None] * side[:, None] * wide + np.sin(turn)[None, :, None] * up[:, None] * thick
    vertices = (path[:, None] + ring).reshape(-1, 3)
    i = np.arange(count if closed else count - 1)[:, None] * AROUND
    j = (i + AROUND) % (count * AROUND)
    k, m = np.arange(AROUND)[None], (np.arange(AROUND)[None] + 1) % AROUND
    faces = [np.stack([i + k, i + m, j + m], -1).reshape(-1, 3), np.stack([i + k, j + m, j + k], -1).reshape(-1, 3)]
    if not closed:
        vertices = np.concatenate([vertices, path[[0, -1]]])
        first, last, end = count * AROUND, count * AROUND + 1, (count - 1) * AROUND
        faces.append(np.stack([np.full(AROUND, first), m[0], k[0]], 1))
        faces.append(np.stack([np.full(AROUND, last), end + k[0], end + m[0]], 1))
    return vertices, _outward(vertices, np.concatenate(faces))


def box(centre, axes: np.ndarray, half: np.ndarray, roundness: float = 5.0) -> tuple[np.ndarray, np.ndarray]:
    """A rounded box: a superellipsoid with half sizes `half (3,)` along the rows of `axes (3, 3)`."""
    rows, columns = 12, 20
    up, around = np.meshgrid(np.linspace(-1, 1, rows + 1)[1:-1] * np.pi / 2, np.arange(columns) * 2 * np.pi / columns,
                             indexing="ij")  # fmt: skip

    def power(value):
        return np.sign(value) * np.abs(value) ** (2 / roundness)

    unit = np.stack([power(np.cos(up)) * power(np.cos(around)), power(np.cos(up)) * power(np.sin(around)),
                     power(np.sin(up))], -1).reshape(-1, 3)  # fmt: skip
    unit = np.concatenate([unit, [[0, 0, -1], [0, 0, 1]]])
    index = np.arange((rows - 1) * columns).reshape(rows - 1, columns)
    right = np.roll(index, -1, 1)
    a, b, c, d = index[:-1].ravel(), right[:-1].ravel(), right[1:].ravel(), index[1:].ravel()
    south, north = len(unit) - 2, len(unit) - 1
    faces = [np.stack([a, b, c], 1), np.stack([a, c, d], 1)]
    faces.append(np.stack([np.full(columns, south), right[0], index[0]], 1))
    faces.append(np.stack([np.full(columns, north), index[-1], right[-1]], 1))
    vertices = centre + (unit * half) @ axes
    return vertices, _outward(vertices, np.concatenate(faces))


def _outward(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    a, b, c = (vertices - vertices.mean(0))[faces].transpose(1, 0, 2)
    volume = np.einsum("nc,nc->", a, np.cross(b, c))
    return (faces if volume >= 0 else faces[:, ::-1]).astype(np.int32)


def glasses(body: Body, rest: np.ndarray, rng: np.random.Generator) -> list[Solid]:
    """Frames with temples, in rest; dark lenses in some."""
    color = np.full(3, rng.uniform(0.02, 0.15)) if rng.random() < 0.6 else rng.uniform(0.1, 0.7, 3)
    radius = rng.uniform(0.0011, 0.0024)
    half = np.array([rng.uniform(0.021, 0.028), rng.uniform(0.014, 0.024)])
    round_ = rng.uniform(2, 5)
    dark = rng.random() < 0.3
    solids, centres = [], []
    angles = np.arange(20) * 2 * np.pi / 20
    for side in "lr":
        ball = rest[np.unique(body.group_faces(f"helper-{side}-eye"))]
        eye = ball.mean(0)
        ahead = ball[:, 1].min() - rng.uniform(0.010, 0.013)
        sign = 1 if eye[0] > 0 else -1
        centre = np.array([eye[0] + sign * 0.003, ahead, eye[2] - 0.004])
        across, down = np.cos(angles), np.sin(angles)
        x, z = (np.sign(c) * np.abs(c) ** (2 / round_) for c in (across, down))
        bow = 0.006 * np.maximum(sign * x, 0) ** 2
        rim = centre + np.stack([half[0] * x, bow, half[1] * z], 1)
        solids.append(Solid(*tube(rim, radius, radius, np.tile([0, -1.0, 0], (20, 1)), True), color, 0.6))
        if dark:
            axes = np.array([[1.0, 0, 0], [0, 0, 1], [0, 1, 0]])
            lens = box(centre + [0, 0.001, 0], axes, np.array([*half, 0.0012]), round_)
            solids.append(Solid(*lens, np.full(3, 0.05), 0.8))
        hinge = centre + [sign * half[0], 0.006, 0.004]
        ear = rest[(body.mask("ears") > 0.5) & (np.sign(rest[:, 0]) == sign)]
        top = ear[ear[:, 2].argmax()]
        wide = max(abs(hinge[0]), abs(ear[:, 0]).min() + 0.004)
        path = np.array([hinge, [sign * wide, hinge[1] + 0.02, hinge[2]], [sign * wide, top[1], top[2] - 0.006],
                         [sign * (wide - 0.002), top[1] + 0.02, top[2] - 0.025]])  # fmt: skip
        solids.append(Solid(*tube(path, radius, radius, np.tile([sign, 0, 0.0], (4, 1)), False), color, 0.6))
        centres.append((centre, sign))
    inner = [centre + [-sign * half[0], 0, 0.006] for centre, sign in centres]
    middle = np.mean(inner, 0) + [0, -0.002, 0.003]
    bridge = np.array([inner[0], middle, inner[1]])
    solids.append(Solid(*tube(bridge, radius, radius, np.tile([0, -1.0, 0], (3, 1)), False), color, 0.6))
    return solids


def scarf(trunk: np.ndarray, neck: np.ndarray, towards: np.ndarray, color, rng: np.random.Generator) -> list[Solid]:
    """A scarf: loops about the neck and often two tails. `trunk: (N, 3)` dressed trunk and neck, posed; `neck`:
    (3,) its base; `towards (3, 3)`: rows left, ahead, up of the trunk."""
    local = (trunk - neck) @ towards.T
    level = local[(np.abs(local[:, 2] - 0.02) < 0.025) & (np.hypot(local[:, 0], local[:, 1]) < 0.095)]
    if len(level) < 12:
        return []
    hull = level[ConvexHull(level[:, :2]).vertices, :2]
    middle, size = hull.mean(0), np.ptp(hull, axis=0) / 2
    thick = rng.uniform(0.009, 0.017)
    turns = np.arange(36) * 2 * np.pi / 36
    solids = []
    for height in (0.012, 0.04)[: rng.integers(1, 3)]:
        wobble = 1 + 0.08 * np.sin(2 * turns + rng.uniform(0, 6)) + 0.05 * np.sin(5 * turns + rng.uniform(0, 6))
        reach = size + 0.4 * thick
        drop = -0.025 * np.sin(turns) * (1 + 0.5 * rng.random())
        ring = np.stack([middle[0] + reach[0] * np.cos(turns), middle[1] + reach[1] * np.sin(turns), height + drop], 1)
        wide = thick * rng.uniform(1.6, 2.6) * wobble
        out = np.stack([np.cos(turns), np.sin(turns), 0 * turns], 1)
        solids.append(Solid(*tube(neck + ring @ towards, wide, thick * wobble, out @ towards, True), color))
    if rng.random() < 0.6:
        for x in (rng.uniform(0.02, 0.06), -rng.uniform(0.02, 0.06))[: rng.integers(1, 3)]:
            down = np.linspace(0.0, -rng.uniform(0.2, 0.45), 12)
            near = local[np.abs(local[:, 0] - x) < 0.03]
            ahead = []
            for z in down:
                slab = near[np.abs(near[:, 2] - z) < 0.02]
                ahead.append(slab[:, 1].max() if len(slab) else (ahead[-1] if ahead else 0.06))
            ahead = np.maximum.accumulate(np.array(ahead)) + 0.010  # cloth hangs straight from the chest
            path = np.stack([np.full(12, x) + 0.006 * np.sin(down * 30), ahead, down], 1)
            out = np.tile(towards[1], (12, 1))
            solids.append(Solid(*tube(neck + path @ towards, rng.uniform(0.035, 0.06), 0.008, out, False), color))
    return solids


def strap(trunk: np.ndarray, through: np.ndarray, normal: np.ndarray, wide: float, color) -> Solid | None:
    """A strap drawn tight about the trunk in the plane through a point: the convex hull of the section, 8 mm off."""
    normal = normal / np.linalg.norm(normal)
    section = trunk[np.abs((trunk - through) @ normal) < 0.012]
    if len(section) < 12:
        return None
    side = np.cross(normal, [0, 0, 1.0])
    side /= np.linalg.norm(side)
    up = np.cross(side, normal)
    flat = np.stack([section @ side, section @ up], 1)
    corners = flat[ConvexHull(flat).vertices]
    lengths = np.r_[0, np.cumsum(np.linalg.norm(np.roll(corners, -1, 0) - corners, axis=1))]
    at = np.linspace(0, lengths[-1], 60, endpoint=False)
    closed = np.vstack([corners, corners[:1]])
    points = np.stack([np.interp(at, lengths, closed[:, k]) for k in (0, 1)], 1)
    out = points - points.mean(0)
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    points = points + 0.008 * out
    path = points[:, :1] * side + points[:, 1:] * up + (through @ normal) * normal
    return Solid(*tube(path, wide, 0.004, out[:, :1] * side + out[:, 1:] * up, True), color, 0.2)


def bag(
    trunk: np.ndarray, shoulders: np.ndarray, hips: np.ndarray, towards: np.ndarray, color, rng: np.random.Generator
) -> list[Solid]:
    """A backpack, or a bag at the hip on a strap across the chest. `trunk (N, 3)` dressed, without arms and head;
    `shoulders`, `hips (2, 3)` left and right joints; `towards (3, 3)`: rows left, ahead, up."""
    left, ahead, up = towards
    above, aside = (trunk - shoulders.mean(0)) @ up, np.abs((trunk - shoulders.mean(0)) @ left)
    trunk = trunk[(above < 0.03) | ((above < 0.08) & (aside > 0.055))]  # without neck and jaw
    dark = np.clip(color * rng.uniform(0.4, 0.9), 0, 1)
    if rng.random() < 0.45:
        middle = shoulders.mean(0)
        half = np.array([rng.uniform(0.12, 0.16), rng.uniform(0.05, 0.1), rng.uniform(0.17, 0.24)])
        centre = middle - up * (half[2] - rng.uniform(0.0, 0.06))
        behind = ((trunk - centre) @ ahead)[np.abs((trunk - centre) @ up) < half[2]]
        if not len(behind):
            return []
        centre = centre + ahead * (np.quantile(behind, 0.02) - half[1])
        parts: list[Solid | None] = [Solid(*box(centre, np.stack([left, ahead, up]), half, rng.uniform(3, 6)), color)]
        pocket = half * np.array([0.75, 0.45, 0.45])
        parts.append(
            Solid(*box(centre - ahead * half[1] - up * 0.4 * half[2], np.stack([left, ahead, up]), pocket, 5), dark)
        )
        for side in (-1, 1):  # from near the neck down and out to the ribs
            through = middle + side * rng.uniform(0.06, 0.08) * left
            parts.append(strap(trunk, through, left + 0.3 * side * up, 0.02, dark))
        return [part for part in parts if part]
    side = int(rng.choice([-1, 1]))
    hip = hips[0 if side > 0 else 1] + up * rng.uniform(-0.05, 0.12)
    half = np.array([rng.uniform(0.03, 0.055), rng.uniform(0.09, 0.15), rng.uniform(0.07, 0.13)])
    level = trunk[np.abs((trunk - hip) @ up) < 0.06]
    if len(level) < 12:
        return []
    place = side * np.quantile(side * ((level - hip) @ left), 0.98) * left + side * (half[0] + 0.004) * left
    centre = hip + place + ahead * rng.uniform(-0.06, 0.05)
    bag = Solid(*box(centre, np.stack([left, ahead, up]), half, rng.uniform(3, 7)), color, 0.3)
    shoulder = shoulders[1 if side > 0 else 0] * 0.55 + shoulders.mean(0) * 0.45
    run = shoulder - (centre + up * half[2] * 0.5)
    belt = strap(trunk, shoulder, np.cross(run, ahead), rng.uniform(0.008, 0.02), dark)
    return [part for part in (bag, belt) if part]

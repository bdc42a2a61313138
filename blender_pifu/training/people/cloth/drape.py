# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloth that hangs: garments start on the body in rest, the body moves into its pose, and they follow and fall.

Coarse first, then twice as fine for the small folds.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.spatial.transform import Rotation

from ..body import Body, skin
from .mannequin import Mannequin, Shoes
from .pattern import Pattern
from .sewing import Garment, Sewn
from .solver import TOUCH_M, Hanging, Motion, Surface, mesh_normals, nearest

MOVE, SETTLE, FINE = 280, 240, 160  # steps: while the body moves, after it, and on the finer mesh
EVERY = 40  # steps between two looks at what touches what
# Metres a step per step. Weight stretches threads by about (points in a column) x this, so it is small.
FALL, FINE_FALL = 1e-5, 2.5e-6
KEEP, FINE_KEEP = 0.99, 0.985
OUTER = 3  # layer of jackets and coats
TORN = 0.45  # of every 33 edges the worst may be so much too long
STUCK, DEEP_M = 0.01, 0.004  # of the points so many may lie so deep in the body
ROUGH_M = 6e-4  # noise at the start: symmetry must break


@dataclass(frozen=True)
class Draped:
    """One garment as it hangs: `vertices (V, 3)` posed, metres; `pattern` gives skin weights and rest places; `panel
    (V, 5)` share of each body part; `strain (E,)` length of every edge over its rest; `clearance (V,)` metres above the
    body, up to `solver.TOUCH_M`."""

    garment: Garment
    pattern: Pattern
    vertices: np.ndarray
    panel: np.ndarray
    strain: np.ndarray
    clearance: np.ndarray


@dataclass(frozen=True)
class Stance:
    """A body and its pose: `rest (19158, 3)` and bone heads `heads (104, 3)` metres, `rotations (104, 3, 3)` as
    `Body.bone_transforms` takes them."""

    body: Body
    rest: np.ndarray
    heads: np.ndarray
    rotations: np.ndarray

    def transforms(self, way: float) -> np.ndarray:
        """Of the bones, (104, 3, 4), on the way 0..1 from rest to the pose; all the while turned as the pose is."""
        share = np.full((len(self.rotations), 1), way * way * (3 - 2 * way))
        share[self.body.bone["root"]] = 1
        angles = share * Rotation.from_matrix(self.rotations).as_rotvec()
        return self.body.bone_transforms(self.heads, Rotation.from_rotvec(angles).as_matrix())


def drape_soundly(stance: Stance, garments: list[Garment], shoes: Shoes | None, rng) -> list[Draped]:
    """As `drape`; where a pose tears cloth, as with a coat on who sits, without what is worn outermost, and where that
    tears too, with less time to fall."""
    draped = drape(stance, garments, shoes, rng)
    if sound(draped):
        return draped
    inner = [garment for garment in garments if garment.layer < OUTER] or garments
    tries = [drape(stance, inner, shoes, rng)] if len(inner) < len(garments) else [draped]
    if not sound(tries[0]):
        tries.append(drape(stance, inner, shoes, rng, settle=0))
    return min(tries, key=_worst)


def sound(draped: list[Draped]) -> bool:
    """Whether nothing is torn or stuck in the body."""
    return _worst(draped) < 1


def _worst(draped: list[Draped]) -> float:
    """How bad the worst of garments is; 1 is no longer to be shown."""
    if not all(np.isfinite(one.vertices).all() for one in draped):
        return np.inf
    torn = max((np.quantile(one.strain, 0.97) - 1) / TORN for one in draped)
    return float(max(torn, max((one.clearance < -DEEP_M).mean() / STUCK for one in draped)))


def drape(
    stance: Stance, garments: list[Garment], shoes: Shoes | None, rng: np.random.Generator, settle: int = SETTLE
) -> list[Draped]:
    """Hang garments on a body in its pose, over its shoes; `settle`: steps after the body has come to rest."""
    sewn = [Sewn(stance.body, garment, stance.rest, stance.heads, rng) for garment in garments]
    mannequin = Mannequin(stance.body, stance.rest, shoes)
    end = mannequin.posed(stance.transforms(1))
    coarse, pins = _moved(stance, sewn, mannequin, rng)
    for _ in range(settle // EVERY):
        coarse.step(EVERY, end, end, pins, Motion(FALL, KEEP, np.zeros(3)))
    sheets, ups = zip(*(one.fine_sheet() for one in sewn), strict=True)
    up = sparse.block_diag(ups).tocsr()
    fine = Hanging(list(sheets), rng)
    fine.place(up @ coarse.points[:, :3], up @ coarse.before[:, :3])
    pins = fine.points[fine.pin, :3]
    for _ in range(FINE // EVERY):
        fine.step(EVERY, end, end, pins, Motion(FINE_FALL, FINE_KEEP, np.zeros(3)))
    return _draped(fine, garments, end)


def _moved(stance: Stance, sewn: list[Sewn], mannequin: Mannequin, rng) -> tuple[Hanging, np.ndarray]:
    """The coarse cloth once the body has come into its pose, and where its pins are."""
    cloth = Hanging([one.sheet() for one in sewn], rng)
    weights = np.concatenate([one.pattern.weights(stance.body) for one in sewn])
    start = np.concatenate([sheet.start for sheet in cloth.sheets])
    transforms = stance.transforms(0)
    cloth.place(skin(start + rng.normal(0, ROUGH_M, start.shape), weights, transforms))
    now = mannequin.posed(transforms)
    for k in range(1, MOVE // EVERY + 1):
        transforms = stance.transforms(k * EVERY / MOVE)
        then = mannequin.posed(transforms)
        pins = skin(start[cloth.pin], weights[cloth.pin], transforms)
        cloth.step(EVERY, now, then, pins, Motion(FALL, KEEP, np.zeros(3)))
        now = then
    return cloth, pins


def _draped(cloth: Hanging, garments: list[Garment], body: Surface) -> list[Draped]:
    points = np.ascontiguousarray(cloth.points[:, :3])
    normals = mesh_normals(points, cloth.faces)
    found = nearest(body.points, body.normals, body.group, points, normals, cloth.own, TOUCH_M, -0.3)
    height = np.einsum("nc,nc->n", points - body.points[found], body.normals[found])
    clearance = np.where(found >= 0, height, TOUCH_M)
    draped = []
    for garment, sheet, first, last in zip(garments, cloth.sheets, cloth.bounds, cloth.bounds[1:], strict=False):
        threads, vertices = sheet.threads, points[first:last]
        ends = vertices[threads.i[: threads.edges]], vertices[threads.j[: threads.edges]]
        strain = np.linalg.norm(ends[0] - ends[1], axis=1) / np.maximum(threads.rest[: threads.edges], 1e-6)
        draped.append(Draped(garment, sheet.pattern, vertices, sheet.panel, strain, clearance[first:last]))
    return draped

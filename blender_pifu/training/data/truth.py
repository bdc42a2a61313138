# SPDX-License-Identifier: GPL-3.0-or-later
"""Which points lie inside a person: generalised winding numbers, which take open garments and overlapping layers.

Jacobson et al. 2013, "Robust inside-outside segmentation using generalized winding numbers"; the fast evaluation is
that of Barill et al. 2018, from libigl.
"""

import igl
import numpy as np

from ..native.tubes import Tubes

SPARE = 1.4  # share of surface points to try: under garments lies skin that is no outer surface
LIFT = 2e-3  # field units


def winding(vertices: np.ndarray, faces: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Generalised winding number (N,) of `points: (N, 3)` about a triangle soup."""
    return np.asarray(
        igl.fast_winding_number(
            np.ascontiguousarray(vertices, np.float64),
            np.ascontiguousarray(faces, np.int32),
            np.ascontiguousarray(points, np.float64),
        )
    )


def inside(vertices: np.ndarray, faces: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(N,) bool."""
    return winding(vertices, faces, points) > 0.5


def occupancy_points(
    vertices: np.ndarray,
    faces: np.ndarray,
    rng: np.random.Generator,
    *,
    near: float,
    fine: float,
    n_near: int = 5000,
    n_fine: int = 4000,
    n_uniform: int = 2500,
    tubes: Tubes | None = None,
    scale: float = 1.0,
    skin: tuple[np.ndarray, np.ndarray] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Points about the outer surface, within `near` and `fine` (standard deviations, field units), and uniform in the
    cube [-1, 1]; returns points (N, 3) float32 in random order and whether each is inside, (N,) uint8. `tubes`: locks
    of hair among the faces; `scale`: field units a metre; `skin`: vertices and normals of the body that locks lie on.
    ValueError when no outer surface lies in the crop."""
    tried = [int(SPARE * n) for n in (n_near, n_fine)]
    within = (np.abs(vertices[faces, :2].mean(1)) < 1).all(1)
    if not within.any():
        raise ValueError("no surface of the person lies in the crop")
    surface, normals = sample_surface(vertices, faces, max(tried), rng, within)
    above = surface + LIFT * normals
    around = [surface[:n] + spread * rng.normal(size=(n, 3)) for n, spread in zip(tried, (near, fine), strict=True)]
    uniform = rng.uniform(-1, 1, (n_uniform, 3))
    # One call for everything: building the tree costs as much as 10,000 points.
    everywhere = np.concatenate([above, *around, uniform])
    numbers = winding(vertices, faces if tubes is None else faces[~tubes.faces], everywhere)
    if tubes is not None:
        numbers = np.where(tubes.inside(vertices, everywhere, scale, skin), 1.0, numbers)
    bounds = np.cumsum([len(above), *tried])
    # The surface parts inside from outside where the number above it is 0 and so 1 below; elsewhere a layer covers it.
    outer = np.abs(numbers[: bounds[0]]) < 0.5
    if not outer.any():
        raise ValueError("no outer surface of the person lies in the crop")
    kept = [bounds[0] + _draw(outer[: tried[0]], n_near, rng), bounds[1] + _draw(outer[: tried[1]], n_fine, rng)]
    chosen = rng.permutation(np.concatenate([*kept, np.arange(bounds[2], len(numbers))]))
    points = everywhere[chosen].astype(np.float32)
    return points, (numbers[chosen] > 0.5).astype(np.uint8)


def _draw(allowed: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` indices of True entries; repeated only where there are too few."""
    found = np.flatnonzero(allowed)
    if count and not len(found):
        raise ValueError("no outer surface of the person lies in the crop")
    return found[:count] if len(found) >= count else rng.choice(found, count)


def sample_surface(
    vertices: np.ndarray, faces: np.ndarray, count: int, rng: np.random.Generator, kept: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Points (count, 3) and unit normals (count, 3) spread evenly over `vertices (V, 3)`, `faces (F, 3)`, or over those
    faces where `kept (F,)`. ValueError where there is no surface."""
    corners = vertices[faces].astype(np.float64)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    area = np.linalg.norm(normals, axis=1)
    share = np.cumsum(area if kept is None else area * kept)
    if not len(share) or share[-1] <= 0:
        raise ValueError("there is no surface to take points from")
    chosen = np.searchsorted(share, rng.uniform(0, share[-1], count), side="right")
    points = np.einsum("nk,nkc->nc", rng.dirichlet([1, 1, 1], count), corners[chosen])
    return points, normals[chosen] / area[chosen][:, None]

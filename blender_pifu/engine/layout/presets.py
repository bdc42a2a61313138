# SPDX-License-Identifier: GPL-3.0-or-later
"""The dense surface as quads to rig and animate."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import cast

import numpy as np

from ..cores import divided
from ..errors import EngineError
from ..surface.mesh import check_mesh, split_quads, vertex_normals, volumes
from .closest import DenseSurface
from .crossings import crossing_faces
from .inflate import Inflated
from .instant import Remeshing, instant_quads
from .poles import split_poles
from .relax import settle, unfold, untangle
from .repair import close, split_in_quads

# Faces of the quad presets; they come out within TOLERANCE of it.
QUADS = {"standard": 20000, "game": 8000}
TOLERANCE = 0.1
LEAST_QUADS = 0.95
MOST_CROSSINGS = 0.001
# Of the dense surface all but a thousandth is to lie this near, in its own lattice's steps, or other ways are tried.
MOST_LOST, FARTHEST = 3, 0.001
# A denser source costs time only.
SOURCE_RESOLUTION = 256
# Triangles of a person's surface per square of the lattice's resolution, for the last resort.
TRIANGLES = 1.6

SurfaceAt = Callable[[int], tuple[np.ndarray, np.ndarray]]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Flaws:
    """What keeps faces from being used; all False in a good mesh."""

    open: bool  # not closed, not 2-manifold, or in pieces
    inward: bool
    flat: bool  # a face without area
    crossing: bool  # more than MOST_CROSSINGS of the faces pass through others
    few_quads: bool
    count: bool  # farther than TOLERANCE from what was wanted

    def __bool__(self):
        return any(vars(self).values())


class Begun:
    """The first attempt at `quads`, at work in a process of its own while this one has other things to do."""

    def __init__(self, count: int, mesh: tuple[np.ndarray, np.ndarray], surface_at: SurfaceAt, resolution: int):
        """mesh: vertices (V, 3) and faces (F, 3) of the dense surface; the others as for `quads`."""
        self.inflated = _inflated(count, mesh, surface_at, resolution)
        self._remeshing = Remeshing(self.inflated.vertices, self.inflated.faces, count)
        _ = self.inflated.surface  # for `quads`, which has to wait for the remeshing anyway

    def result(self, waiting: Callable[[], None] | None) -> tuple[np.ndarray, np.ndarray] | None:
        """As of `Remeshing`."""
        return self._remeshing.result(waiting)

    def stop(self) -> None:
        """End it; nothing where it has ended."""
        self._remeshing.stop()


def quads(
    count: int,
    dense: DenseSurface,
    surface_at: SurfaceAt,
    resolution: int,
    waiting: Callable[[], None] | None = None,
    begun: Begun | None = None,
) -> tuple[np.ndarray, np.ndarray, float]:
    """About `count` quads: vertices (V, 3) float32 in field space, faces (F, 4) int32, a triangle with -1 at its end,
    and what they lost (see `loss`).

    dense: the DenseSurface they are laid on, cut at `resolution`; surface_at(resolution): one closed piece (vertices,
    faces) cut coarser; waiting: called often, may raise to stop; begun: where that was done ahead. Always one closed
    2-manifold piece facing outward. Deterministic. Raises EngineError should no way lead to that.
    """
    inflated = begun.inflated if begun else _inflated(count, (dense.vertices, dense.faces), surface_at, resolution)
    asked, best, least = count, None, np.inf
    for extrinsic in (True, False):
        if begun and extrinsic:
            made = begun.result(waiting)
        else:
            made = instant_quads(inflated.vertices, inflated.faces, asked, extrinsic, waiting)
        if made is None:
            continue
        vertices, faces = close(*made)
        if not len(faces):
            continue
        vertices = inflated.shrink(vertices, split_quads(faces)[0])
        vertices = unfold(untangle(settle(vertices, faces, dense), faces), faces)
        given = (partial(find_flaws, vertices, faces, count), partial(loss, vertices, faces, dense))
        flaws, lost = cast("tuple[Flaws, float]", tuple(divided(lambda work: work(), given)))
        log.info("%d wanted, %d asked, %d made, %.4f lost: %s", count, asked, len(faces), lost, flaws)
        if not flaws and lost < least:
            best, least = (vertices, faces.astype(np.int32)), lost
        if least < MOST_LOST * 2 / resolution:
            break
        asked = round(asked * np.clip(count / len(faces), 0.5, 2))
    return (*best, least) if best else _from_triangles(count, dense, surface_at)


def _inflated(count, mesh, surface_at, resolution):
    vertices, faces = surface_at(SOURCE_RESOLUTION) if resolution > SOURCE_RESOLUTION else mesh
    return Inflated(vertices, faces, count)


def loss(vertices: np.ndarray, faces: np.ndarray, dense: DenseSurface) -> float:
    """How far (field units) a thousandth of the dense surface lies from the mesh: lost fingers show in it."""
    triangles, _ = split_quads(faces)
    light = DenseSurface(vertices, triangles, vertex_normals(vertices, triangles))
    return light.away(dense.vertices, dense.normals, FARTHEST)


def find_flaws(vertices: np.ndarray, faces: np.ndarray, count: int) -> Flaws:
    """The Flaws of a mesh of about `count` faces (F, 4)."""
    triangles, _ = split_quads(faces)
    check = check_mesh(faces)
    a, b, c = vertices[triangles].astype(np.float64).transpose(1, 0, 2)
    areas = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    return Flaws(
        open=not check.watertight or check.components != 1,
        inward=bool(volumes(vertices, triangles).sum() <= 0),
        flat=bool((areas < 1e-12).any()),
        crossing=bool(crossing_faces(vertices, triangles).sum() > MOST_CROSSINGS * len(faces)),
        few_quads=bool((faces[:, 3] >= 0).mean() < LEAST_QUADS),
        count=abs(len(faces) - count) > TOLERANCE * count,
    )


def _from_triangles(count, dense, surface_at):
    """The last resort: each triangle of a surface cut coarsely, in three. Not aligned to anything, but sound."""
    resolution = np.sqrt(count / 3 / TRIANGLES)
    for _ in range(6):
        vertices, triangles = surface_at(max(16, round(resolution)))
        vertices, faces = split_poles(*split_in_quads(vertices, triangles))
        if abs(len(faces) - count) <= TOLERANCE * count:
            break
        resolution *= np.sqrt(count / len(faces))
    vertices = unfold(untangle(settle(vertices, faces, dense), faces), faces)
    flaws = find_flaws(vertices, faces, count)
    if flaws.open or flaws.inward or flaws.flat:
        raise EngineError("No clean mesh of quads could be made of this person.", fix='Choose the topology "sculpt".')
    return vertices, faces.astype(np.int32), loss(vertices, faces, dense)

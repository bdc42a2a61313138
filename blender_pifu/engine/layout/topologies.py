# SPDX-License-Identifier: GPL-3.0-or-later
"""The topologies: each kind of mesh that can be made of the dense surface, by its name in `choices`."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ..body.head import Head
from ..body.rigging import Fitted, landmarks_of
from ..subject.figure import Figure
from .animation.head_graft import WornHead
from .animation.template import load_template
from .animation.wrapped_body import MOUTH_COLOR, WrappedBody, animate, check_whole
from .closest import DenseSurface
from .expressions import Expressions
from .painted_mesh import PaintedMesh, painted_like
from .poles import split_poles
from .presets import QUADS, SOURCE_RESOLUTION, Begun, SurfaceAt, quads
from .thicken import thicken

PERSON_CM = 170.0
MOST_LOST_CM = 1.5  # of a person of that height
NOT_JOINED = (
    "The person's own head could not be joined to this mesh, so it has no expressions; another mesh may take it."
)
Waiting = Callable[[], None]


@dataclass(frozen=True)
class Source:
    """What a mesh is laid out from. mesh: the dense triangles, cut from the field at `resolution`, with hands; bare:
    that surface without those that are put on it, None where none are; surface_at: one closed piece (vertices, faces)
    of that, cut at another resolution; fitted: the body under it, or None; figure: the person in the photo, or None;
    begun: what `Topology.begin` gave; head: the person's own as fitted to the photo, or None; worn: the same as it is
    put on the surface, or None."""

    mesh: PaintedMesh
    bare: DenseSurface | None
    resolution: int
    surface_at: SurfaceAt
    fitted: Fitted | None
    figure: Figure | None
    begun: Begun | None = None
    head: Head | None = None
    worn: WornHead | None = None


@dataclass(frozen=True)
class LaidOut:
    """mesh: of the topology, field space; about: entries of the Summary; notes: for the artist; body: where the mesh is
    the body model's own, with its UVs, weights and expressions; shown, expressions: where it has the person's own head,
    the mesh as the photo shows it, and those that it may have; in_mouth (V,) bool: its vertices inside the mouth, where
    it has one; sockets (V,) bool: those of the skin laid on the eyes."""

    mesh: PaintedMesh
    about: dict = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    body: WrappedBody | None = None
    shown: PaintedMesh | None = None
    expressions: Expressions | None = None
    in_mouth: np.ndarray | None = None
    sockets: np.ndarray | None = None

    @property
    def as_shown(self) -> PaintedMesh:
        """The mesh as the photo shows it."""
        return self.body.shown if self.body else self.shown or self.mesh


class Topology:
    """A kind of mesh: `make` lays it out. The attributes say which steps of the job it takes."""

    name: str
    lays_out = True  # there is something to do between painting and unwrapping
    needs_body = False  # a body is fitted, and a skeleton made, whether or not one is asked for
    brings_uv = False  # no unwrapping
    wears_head = True  # the person's own head is fitted to the photo, where there is a skeleton
    texture_px = 0  # side of the texture where none is asked for

    def check(self, figure: Figure) -> None:
        """Raise TopologyError where it is clear from the photo that it cannot be made."""

    def begin(
        self, mesh: tuple[np.ndarray, np.ndarray], surface_at: SurfaceAt, resolution: int, fitted: Fitted | None
    ) -> Begun | None:
        """Begin in a process of its own what needs no colours; for `make`, or to be stopped. Arguments as of Source,
        mesh: vertices (V, 3) and faces (F, 3), without hands that are put on it."""

    def make(self, source: Source, waiting: Waiting) -> LaidOut:
        """Lay the mesh out. Deterministic; waiting: called often, may raise to stop. Raises EngineError."""
        return LaidOut(source.mesh)


class Sculpt(Topology):
    """Dense triangles as carved."""

    name, lays_out = "sculpt", False


class Quads(Topology):
    """About `count` field-aligned quads."""

    def __init__(self, name: str, count: int) -> None:
        self.name, self._count = name, count

    def begin(
        self, mesh: tuple[np.ndarray, np.ndarray], surface_at: SurfaceAt, resolution: int, fitted: Fitted | None
    ) -> Begun:
        return Begun(self._beside(fitted), mesh, surface_at, resolution)

    def _beside(self, fitted: Fitted | None) -> int:
        """How many quads are left beside those of hands and head that are put on."""
        return fitted.beside(self._count) if fitted else self._count

    def make(self, source: Source, waiting: Waiting) -> LaidOut:
        dense = source.mesh
        count, bare = self._beside(source.fitted), source.bare or dense.surface
        vertices, faces, lost = quads(count, bare, source.surface_at, source.resolution, waiting, source.begun)
        if source.fitted and source.fitted.has_parts:
            handed = source.fitted.with_parts(vertices, faces)
            if handed is None:  # laid over the hands as over everything else; the head is put on nevertheless
                coarse, beside = (
                    min(source.resolution, SOURCE_RESOLUTION),
                    source.fitted.beside(self._count, hands=False),
                )
                *laid, lost = quads(beside, dense.surface, source.surface_at, coarse, waiting)
                handed = source.fitted.with_head(*laid)
            vertices, faces = split_poles(*handed)
        lost_cm = lost / np.ptp(dense.vertices[:, 1]) * PERSON_CM
        note = f"Fine parts, as fingers are, were lost from the {self.name} mesh: {lost_cm:.0f} cm of them."
        about = {"quads": round(float((faces[:, 3] >= 0).mean()), 4)}
        notes = (note,) if lost_cm > MOST_LOST_CM else ()
        shown = painted_like(dense, dense.surface, vertices, faces)
        expressions = source.worn.expressions(vertices) if source.worn else None
        if source.worn is None or expressions is None:
            return LaidOut(shown, about, (*notes, NOT_JOINED) if source.worn else notes)
        in_mouth, sockets = (source.worn.of_region(region, vertices) for region in ("mouth", "socket"))
        shown.colors[in_mouth] = MOUTH_COLOR
        return LaidOut(expressions.neutral(shown), about, notes, None, shown, expressions, in_mouth, sockets)


class Print(Topology):
    """Dense triangles with walls thick enough to print."""

    name, wears_head = "print", False

    def make(self, source: Source, waiting: Waiting) -> LaidOut:
        dense = source.mesh
        vertices, faces, least_mm = thicken(dense.vertices, dense.faces, dense.normals)
        mesh = painted_like(dense, dense.surface, vertices, faces)
        return LaidOut(mesh, {"least_wall_mm": round(least_mm, 2)})


class Animation(Topology):
    """The body model's own quads, with expressions, where they fit the surface."""

    name = "animation"
    needs_body = brings_uv = True
    texture_px = 2048

    def check(self, figure: Figure) -> None:
        check_whole(figure)

    def make(self, source: Source, waiting: Waiting) -> LaidOut:
        assert source.fitted is not None
        body = animate(source.mesh, source.fitted.fit, *landmarks_of(source.figure)[:2], waiting, source.head)
        in_mouth, sockets = (load_template().regions == region for region in ("mouth", "socket"))
        return LaidOut(body.mesh, body.about, body.notes, body, in_mouth=in_mouth, sockets=sockets)


TOPOLOGIES: dict[str, Topology] = {
    topology.name: topology
    for topology in (Sculpt(), *(Quads(name, count) for name, count in QUADS.items()), Print(), Animation())
}

# SPDX-License-Identifier: GPL-3.0-or-later
"""The topology "animation": the body's own quads, wrapped to the surface where they fit it, refused where not."""

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from ....result_file import Rig, ShapeKeys
from ...body.bones import BONES, FINGERS, SIDES, part
from ...body.fit import Fit, thinned
from ...body.head import Head
from ...body.model import load_body
from ...body.skeleton import skeleton
from ...body.weights import skin_weights
from ...errors import TopologyError
from ...reading.stance import Framing
from ...subject.figure import Figure
from ...surface.mesh import split_quads, vertex_normals
from ..closest import DenseSurface
from ..crossings import crossing_faces
from ..painted_mesh import PaintedMesh, sampled
from .loosen import loosen
from .person_head import expressions, held, put_on
from .posture import close_hands, face_forward
from .template import bones_of_hands, load_template, moved_by_hands
from .wrap import Skin, Surface, vertex_areas, wrap

SAMPLES_M = 0.012
# What lies farther from the wrapped mesh is lost in it; so much of the surface may be.
FAR_M, MOST_FAR = 0.03, 0.01
# Share of the mesh that may stick out of the surface so far: a limb that is not where the surface has it.
MOST_OUTSIDE = 0.01
# Share of the legs' skin that may lie so deep under the surface: where cloth joins the legs their inner sides do.
BURIED_M, MOST_BURIED = 0.025, 0.02
# Share of the triangles that pass through others: a limb that runs through the body. From the first on it is told.
TOLD_CROSSINGS, MOST_CROSSINGS = 0.001, 0.03
FEATURE_M = 0.01  # what is at least so stiff is a feature
MOUTH_COLOR = (96, 40, 38)
FIX = 'Choose the mesh "Standard" or "Game" instead: those follow any shape.'
WHERE = {
    "head": "about the head: long hair or a hat",
    "trunk": "about the trunk: wide clothes, a coat or a bag",
    "arm": "about the arms: wide sleeves, or something that is held",
    "leg": "about the legs: a skirt, a coat or wide trousers",
}
PARTS = np.array([part(bone).split(".")[0] for bone in BONES])


@dataclass(frozen=True)
class Distances:
    """Metres of a 1.7 m body: surface (N,) from points all over the surface, but for hands read from the photo, to the
    mesh, parts (N,) str of each (as `bones.part`, without a side); mesh (M,) from its skin to the surface, negative
    within it, labels (M,) the bone that moves each, areas (M,) its share of the skin; crossings: share of its triangles
    that pass through others; crossed: the bone that moves most of those, or None."""

    surface: np.ndarray
    parts: np.ndarray
    mesh: np.ndarray
    labels: np.ndarray
    areas: np.ndarray
    crossings: float
    crossed: str | None

    @property
    def far(self) -> float:
        """Share of the surface that is lost."""
        return float((self.surface > FAR_M).mean())

    @property
    def outside(self) -> float:
        """Share of the mesh that sticks out of the surface."""
        return float(self.areas[self.mesh > FAR_M].sum())

    @property
    def buried(self) -> float:
        """Share of the legs' skin that lies deep under the surface."""
        leg = PARTS[self.labels] == "leg"
        return float(self.areas[leg & (self.mesh < -BURIED_M)].sum() / self.areas[leg].sum())


@dataclass(frozen=True)
class WrappedBody:
    """mesh: the wrapped one, field space, its face without an expression where that is known; shown: the same as the
    photo shows it; uv: (F, 4, 2) float32, the body's own; fit: the given one, fingers and face as they were wrapped;
    distances: how well it lies; head: the person's own in it, or None."""

    mesh: PaintedMesh
    shown: PaintedMesh
    uv: np.ndarray
    fit: Fit
    distances: Distances
    head: Head | None = None

    def rig(self, place) -> Rig:
        """Skeleton and the body's own skin weights; place: field space -> the rig's, (N, 3) -> (N, 3)."""
        bones, template = skeleton(self.fit), load_template()
        moved_by = bones.stands_for[template.weight_bones].astype(np.int32)
        names = tuple(str(name) for name in bones.names)
        return Rig(names, bones.parents, place(bones.heads), place(bones.tails), moved_by, template.weights)

    def shape_keys(self, place) -> ShapeKeys:
        """The body's expressions: of the person's own head as it was placed, with the photo's as their values; else
        turned, scaled and stretched as its face was, one affine map for all of it."""
        body, template = load_body(), load_template()
        if self.head:
            return expressions(self.head, self.shown.vertices, template).shape_keys(self.mesh, place)
        count = body.skin_vertices
        face = (template.face > 0.5) & (template.regions == "skin")
        rest = body.mean[:count].numpy()[face].astype(np.float64)
        to = self.mesh.vertices[face].astype(np.float64)
        still = place(self.mesh.vertices)
        turn = np.linalg.lstsq(rest - rest.mean(0), to - to.mean(0), rcond=None)[0]
        moves = [
            place((self.mesh.vertices + offsets @ turn).astype(np.float32)) - still
            for offsets in template.expressions.values()
        ]
        return ShapeKeys(tuple(template.expressions), np.stack(moves), np.zeros(len(moves), np.float32))

    @property
    def about(self) -> dict:
        """Entries of the Summary."""
        distances = self.distances
        return {
            "quads": 1.0,
            "wrapped_cm": round(100 * float(distances.surface.mean()), 2),
            "wrapped_p95_cm": round(100 * float(np.quantile(distances.surface, 0.95)), 2),
            "crossings": round(distances.crossings, 4),
        }

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences for the artist."""
        crossings = self.distances.crossings
        if crossings <= TOLD_CROSSINGS:
            return ()
        return (
            f"{crossings:.1%} of the mesh passes through itself, most of it at {_in_words(self.distances.crossed)}.",
        )


def check_whole(figure: Figure) -> None:
    """Raise TopologyError where the photo cuts the person: the body has no ends there."""
    if figure.framing not in (None, Framing.FULL):
        raise TopologyError(
            "The animation mesh is a whole body, and the photo shows only a part of the person.", fix=FIX
        )


def animate(
    dense: PaintedMesh, fit: Fit, landmarks=None, visibility=None, waiting=None, head: Head | None = None
) -> WrappedBody:
    """Wrap the body's own mesh to a surface. Deterministic.

    dense: the closed surface, triangles; fit: the body under it; landmarks, visibility: as for `fit_body`; waiting:
    called often, may raise to stop; head: the person's own, or None. Raises TopologyError where it does not lie close
    enough, saying where and why.
    """
    reason = refusal(fit)
    if not reason:
        body = wrapped(dense, fit, landmarks, visibility, waiting, head)
        reason = refusal(fit, body.distances)
    if reason:
        raise TopologyError(f"The animation mesh does not fit. {reason}", fix=FIX)
    return body


def refusal(fit: Fit, distances: Distances | None = None) -> str | None:
    """Why a body's mesh is not to be used, in words, by its fit and, once wrapped, its distances; None where it is."""
    if fit.source != "surface":
        return f"The body is not to be believed: it lies {100 * fit.residual_m:.1f} cm off the surface on average."
    if distances is None:
        return None
    if distances.buried > MOST_BURIED:
        share = f"{distances.buried:.0%} of their skin lies deep in it"
        return f"The surface shows the legs as one, as under a skirt or a coat: {share}."
    if distances.far > MOST_FAR:
        lost = distances.parts[distances.surface > FAR_M]
        names, counts = np.unique(lost, return_counts=True)
        where = WHERE[names[counts.argmax()]]
        return f"{distances.far:.1%} of the surface lies more than {100 * FAR_M:.0f} cm off, mostly {where}."
    if distances.outside > MOST_OUTSIDE:
        out = distances.mesh > FAR_M
        bone = BONES[np.bincount(distances.labels[out], distances.areas[out]).argmax()]
        return f"{distances.outside:.1%} of it would stick out of the surface, most at {_in_words(bone)}."
    if distances.crossings > MOST_CROSSINGS:
        return f"{distances.crossings:.1%} of it would pass through itself, most at {_in_words(distances.crossed)}."
    return None


def wrapped(
    dense: PaintedMesh, fit: Fit, landmarks=None, visibility=None, waiting=None, head: Head | None = None
) -> WrappedBody:
    """As `animate`, however far off it lies."""
    template = load_template()
    triangles, _ = split_quads(template.faces)
    # Normals of the faces: those of the field lean where it was cut apart.
    normals = vertex_normals(dense.vertices, dense.faces)
    labels = skin_weights(dense.vertices, dense.faces, fit)[0][:, 0]
    fit = close_hands(fit, dense.vertices, normals, labels)
    if landmarks is not None and visibility is not None:
        fit = face_forward(fit, landmarks, visibility)
    nothing = np.zeros(len(template.labels))
    pinned, fixed = (nothing if landmarks is None else template.face), nothing
    confidence, stiff = template.confidence, template.stiff
    if head:
        head, fit = put_on(head, fit, dense.vertices, dense.normals)
        pinned, (fixed, confidence, stiff) = nothing, held(template)
    soft = template.stiff < FEATURE_M
    start = loosen(template.with_eyes(fit.vertices), template.faces, triangles, soft)
    # A hand that was read from the photo keeps its form and place, whatever the surface makes of it.
    confidence = confidence * (1 - moved_by_hands(template, fit.hands))
    # Where landmarks say where the face is, a surface without one does not shift it; nor what is the person's own.
    skin = Skin(start, template.faces, template.labels, confidence, stiff, pinned, fixed, fit.metre)
    vertices = wrap(skin, Surface(dense.vertices, normals, labels), waiting)
    vertices = loosen(vertices, template.faces, triangles, soft)
    facing = vertex_normals(vertices, triangles)
    surface = DenseSurface(dense.vertices, dense.faces, normals)
    colors, materials = sampled(dense, surface.nearest_vertex(vertices, facing), template.faces)
    colors[template.regions == "mouth"] = MOUTH_COLOR
    chosen = thinned(dense.vertices, SAMPLES_M * fit.metre)
    # What the surface makes of a hand that was read from the photo is not what the mesh is to be like.
    chosen = chosen[~bones_of_hands(fit.hands)[labels[chosen]]]
    light = DenseSurface(vertices, triangles, facing)
    told, areas = template.confidence == 1, vertex_areas(vertices, triangles)
    crossing = crossing_faces(vertices, triangles)
    movers = np.bincount(template.labels[triangles[crossing]].ravel(), minlength=len(BONES))
    distances = Distances(
        _apart(light, dense.vertices[chosen], normals[chosen]) / fit.metre,
        PARTS[labels[chosen]],
        _signed(dense.vertices, normals, vertices[told]) / fit.metre,
        template.labels[told],
        areas[told] / areas.sum(),
        float(crossing.mean()),
        BONES[movers.argmax()] if crossing.any() else None,
    )
    shown = PaintedMesh(vertices, template.faces, facing, colors, materials)
    neutral = expressions(head, vertices, template).neutral(shown) if head else shown
    return WrappedBody(neutral, shown, template.uv, fit, distances, head)


def occluder(mesh: PaintedMesh, spacing: float) -> PaintedMesh:
    """The same surface as loose triangles of which none is longer than `spacing`: what `bake` asks what hides what."""
    triangles, _ = split_quads(mesh.faces)
    corners, small = mesh.vertices[triangles], []
    while len(corners):
        sides = np.linalg.norm(np.roll(corners, -1, axis=1) - corners, axis=2)
        long = sides.max(1) > spacing
        small.append(corners[~long])
        corners, sides = corners[long], sides[long]
        # Halve the longest side.
        order = (sides.argmax(1)[:, None] + np.arange(3)) % 3
        a, b, c = np.take_along_axis(corners, order[..., None], 1).transpose(1, 0, 2)
        middle = (a + b) / 2
        corners = np.concatenate([np.stack([a, middle, c], 1), np.stack([middle, b, c], 1)])
    points = np.concatenate(small).reshape(-1, 3)
    nothing = np.zeros_like(points)
    return PaintedMesh(points, np.arange(len(points)).reshape(-1, 3), nothing, nothing.astype(np.uint8))


def _apart(surface, points, normals):
    return np.linalg.norm(surface.nearest(points, normals) - points, axis=1)


def _signed(vertices, normals, points):
    """Distances (N,) of points from the nearest of `vertices` with `normals`, negative below."""
    apart, near = cKDTree(vertices).query(points)
    return np.where(((points - vertices[near]) * normals[near]).sum(1) < 0, -apart, apart)


def _in_words(bone):
    """A canonical bone for artists: the left hand, the upper chest."""
    name, side = (bone[:-2], bone[-2:]) if bone[-2:] in SIDES else (bone, "")
    name = name.rstrip("_123").replace("_", " ")
    name = {"thumb": "thumb", "toe": "toes"}.get(name, f"{name} finger" if name in FINGERS else name)
    return f"the {({'.L': 'left ', '.R': 'right '}).get(side, '')}{name}"

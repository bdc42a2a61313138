# SPDX-License-Identifier: GPL-3.0-or-later
"""The stages from a photo to a person, each a function of what the one before it gave: read, cut out, encode, take
the light, carve, fit, paint, lay out (by the topology), unwrap and bake, place, bind. `pipeline` calls them in this
order.

A stage hands on only what later ones need: what it leaves out is free while they work.
"""

import math
import os
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ..choices import OPTIONS, Choices
from ..protocol import ErrorKind
from ..result_file import Rig, ShapeKeys, Slots, Texture
from . import second_look
from .back_photo.back_cut import BackCut, find_back
from .body.fit import Fit
from .body.head import Head
from .body.model import load_body
from .body.rigging import Fitted, Mesh, cut_apart, find_body
from .color.burnt import WORK_PX, Burns, find_burns
from .color.continuation import FineTexture
from .color.edge_on import EdgeOn, seen_edge_on
from .color.light import Shading
from .color.painting import Elsewhere, Scalp
from .color.painting import paint as paint_vertices
from .color.prints import without_prints
from .color.regions import Regions
from .color.rim import without_rim
from .errors import InputError, NoPersonError, OptionError
from .face.own_head import FoundHead, find_own_head
from .futures import Begin, Future, check_wanted
from .hands.beside import with_beside
from .hands.hand_graft import PhotoHands
from .hands.hand_landmarks import HandReader
from .interfaces import Field, Model, NoField
from .layout.animation.features import features
from .layout.animation.head_graft import WornHead, wear
from .layout.animation.scalp import ENDS_M, as_seen, ends_at_nape, is_neck, over_nape, over_scalp, scalp
from .layout.animation.template import hand_numbers, load_template
from .layout.animation.wrapped_body import occluder
from .layout.closest import DenseSurface
from .layout.expressions import without_looks
from .layout.head_parts.head_parts import HeadParts, beside_strip, parts_in
from .layout.material_slots import slots_of
from .layout.painted_mesh import PaintedMesh
from .layout.presets import SurfaceAt
from .layout.region_shares import region_shares
from .layout.texture.bake import Sources, bake, png, texels_of
from .layout.texture.fine_normals import FineNormals
from .layout.texture.normal_map import bake_normals
from .layout.texture.relief import with_relief
from .layout.texture.roughness import bake_roughness
from .layout.texture.skin_charts import load_skin_charts
from .layout.texture.texels import SLACK, Cover, cover
from .layout.texture.unwrap import unwrap as unwrap_mesh
from .layout.topologies import LaidOut, Topology
from .memory import LARGE_PHOTO, give_back_at_once
from .reading.landmarks import metre_of
from .reading.person_cut import PersonCut
from .reading.photo import Photo, load_photo
from .reading.stance import Framing
from .srgb import lit
from .subject.figure import Figure, Figures
from .subject.last_photo import LastPhoto
from .subject.lens import Lens, lens_of
from .subject.tone import tone_hidden
from .surface.extraction import Surface, extract_surface
from .surface.fairing import RIPPLE_M, WHOLE_M, fair_walls
from .surface.lattice import Samples
from .surface.mesh import camera_tilt, largest_component, placing, split_quads, tilt_back, turn_to_blender
from .surface.normals import smooth_normals
from .video.picking import Picked, pick_frames
from .views.one_photo import OnePhoto, read_photo
from .views.together import Together, Verdict, join

MEAN_HEAD = "The photo does not show the face clearly enough: the head is a mean one in the body's sex, age and build."
OFF_THE_HEAD = "The person's own face was not put on: the surface lies too far off it, as under much hair or a hat."
NOT_WHOLE = "It does not show the person whole."
FIRST_NOT_WHOLE = "The first photo does not show the person whole, so that others cannot be laid against it."
NO_BODIES = "{model} makes no whole people, by whose bodies photos are laid against each other."
VIEW_POINTS = 160  # lattice points along the crop of surfaces by which photos are laid against each other
EYES_PX = 2048  # of the photo, at most, in which eyes are looked at
LEAST_MAP_PX = 1024  # of normals and roughness, which else have half as many as the base colour map
Report = Callable[[float], None]  # called with the share of the stage that is done


@dataclass(frozen=True)
class Photos:
    """front: the photo; back: that of the back, or None; views: further ones, from any side."""

    front: Photo
    back: Photo | None
    views: tuple[Photo, ...] = ()


@dataclass(frozen=True)
class Subject:
    """figure: the person in the photo, cut out; behind: the photo of the back laid over it, or None; views: the person
    in each further photo, cut out, or why that cannot be used."""

    figure: Figure
    behind: BackCut | None
    views: tuple[Figure | Verdict, ...] = ()

    @property
    def cut(self) -> PersonCut:
        """The person as models take it."""
        return self.figure.cut


@dataclass(frozen=True)
class Encoded:
    """encoding: what the model drew; field: its occupancy field; behind: the back photo, laid by how deep the body is,
    or None; shaped_by_back: whether that photo was read for the back's shape; lens: that took the photo; cut: the
    person as colours are taken from; legs_note: what the artist must be told of the legs, or None; shading: by the
    photo's light, which the encoding's hidden side is without, or None; keeps_light: whether colours come with it;
    together: the further photos that fit, or None where none does; verdicts: on each of those that were given;
    drawn_normals: see `Model.drawn_normals`, None where further photos bend what this one shows."""

    encoding: object
    field: Field
    behind: BackCut | None
    shaped_by_back: bool
    lens: Lens
    cut: PersonCut
    legs_note: str | None = None
    shading: Shading | None = None
    keeps_light: bool = False
    together: Together | None = None
    verdicts: tuple[Verdict, ...] = ()
    drawn_normals: np.ndarray | None = None

    def without_field(self) -> "Encoded":
        """The same once the surface is there and painted: what the model drew takes 70 megabytes."""
        return replace(self, encoding=None, field=NoField())

    def elsewhere(self, most_px: int) -> list[Elsewhere]:
        """What further photos show, as painting and baking take it, in pictures of at most so many pixels."""
        return self.together.elsewhere(most_px, self.keeps_light or self.shading is None) if self.together else []


@dataclass(frozen=True)
class Carved:
    """vertices (V, 3), faces (F, 3): the largest piece of the surface, field space; what it took: evaluations of the
    field, the low precision they were asked in, or None, and whether memory was too short for whole blocks; samples:
    the field at the lattice's points, None where that is of low precision."""

    vertices: np.ndarray
    faces: np.ndarray
    evaluations: int
    low_precision: str | None
    in_small_blocks: bool
    samples: Samples | None = None


@dataclass(frozen=True)
class OwnHead:
    """head: the person's own as fitted to the photo, or None; note: what the artist must be told of it, or None; worn:
    the same, or a mean one, as it is put on the surface, or None."""

    head: Head | None = None
    note: str | None = None
    worn: WornHead | None = None


@dataclass(frozen=True)
class Painted:
    """mesh: the dense one; bare: the dense surface as the field has it, where hands or a head are put on it, else
    None."""

    mesh: PaintedMesh
    bare: DenseSurface | None


class Looks:
    """What photos and model tell of a person's colours, each worked out once; it needs no surface."""

    def __init__(
        self,
        model: Model,
        encoded: Encoded,
        resolution: int,
        texture_px: int = 0,
        begin: Begin = Future,
        keep_light: bool | None = None,
    ):
        """resolution: of the surface; texture_px: of its texture, 0 for none; begin: `Futures.begin`, or by default
        nothing is worked out before it is asked for; keep_light: as `take_light` is told, None where that was done."""
        if model.device.type == "mps":  # which two threads may not ask at once
            begin = Future
        self._cut, self._texture_px = encoded.cut, texture_px
        self.regions = begin(_regions, model, encoded)
        self._lit = begin(lambda: encoded if keep_light is None else take_light(model, encoded, keep_light))
        self.hidden = begin(_hidden_side, model, self._lit, self.regions)
        self._burns = begin(_burns, self._lit, self.regions)
        self.at_vertices = begin(_pictures, self._lit, 2 * resolution, self._burns)
        self._edge_on = begin(self._told_edge_on)
        if encoded.cut.matte.foreground.nbytes > LARGE_PHOTO:  # whose picture is large, too: not before it is needed
            begin = Future
        self._in_texture = begin(_pictures, self._lit, texture_px, self._burns) if texture_px else None
        self.fine = begin(self._told_fine) if texture_px else None

    def lit(self, waiting: Callable[[], object] | None = None) -> Encoded:
        """What was encoded, without the photo's light, as `take_light` gives it."""
        return self._lit.result(waiting)

    def let_go(self) -> None:
        """Keep nothing of what was encoded that `Encoded.without_field` lacks."""
        lit_one = self.lit().without_field()
        self._lit = Future(lambda: lit_one)

    @property
    def has_texture(self) -> bool:
        """Whether there is to be a texture."""
        return self._in_texture is not None

    def photo(self, most_px: int) -> np.ndarray:
        """The photo's picture (n, n, 4) of at most so many pixels to a side."""
        if self._in_texture and self._cut.side_px(most_px) == self._cut.side_px(self._texture_px):
            return self.in_texture()["photo"]
        return pictures(self.lit().cut, None, most_px)["photo"]

    def edge_on(self, waiting: Callable[[], object] | None = None) -> EdgeOn | None:
        """What is to be made of what the photo shows edge-on; None where that comes with its light, which shades a
        garment there."""
        return self._edge_on.result(waiting)

    def _told_edge_on(self):
        regions = self.regions.result(check_wanted)
        if regions is None or self.lit(check_wanted).keeps_light:
            return None
        return seen_edge_on(self.at_vertices.result(check_wanted)["photo"], regions)

    def _told_fine(self):
        """The photo's fine texture, for a texture."""
        photo = self.in_texture(check_wanted)["photo"]
        return FineTexture(photo, self._cut.landmarks, self.regions.result(check_wanted))

    def in_texture(self, waiting: Callable[[], object] | None = None) -> dict[str, np.ndarray]:
        """What the photos show, in pictures as fine as the texture."""
        assert self._in_texture, "there is to be no texture"
        return self._in_texture.result(waiting)


@dataclass(frozen=True)
class Placement:
    """Field space to Blender's. lens: whose perspective is taken out; tilt_deg: what is taken off who leans only
    because the camera looked down."""

    lens: Lens
    tilt: float
    _place: Callable[[np.ndarray], np.ndarray]

    @property
    def tilt_deg(self) -> float:
        return math.degrees(self.tilt)

    def points(self, points: np.ndarray) -> np.ndarray:
        """Positions (N, 3) in field space -> (N, 3) float32 metres."""
        return self._place(tilt_back(self.lens.straight(points), self.tilt))

    def per_metre(self, vertices: np.ndarray) -> float:
        """Field units of a metre of a person with those vertices (V, 3), field space, as tall as in the photo."""
        return float(np.ptp(vertices[:, 1]) / np.ptp(self.points(vertices)[:, 2]))

    def normals(self, points: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """Unit normals (N, 3) of a surface at positions (N, 3), field space -> Blender's axes."""
        return turn_to_blender(tilt_back(self.lens.straight_normals(points, normals), self.tilt))


def pick(figures: Figures, choices: Choices, beside: bool, report: Report) -> Picked | None:
    """The frames of the film, if there is one, that have room among the further photos; beside: there is a photo, too.
    report: called with the share done. Raises InputError, NoPersonError."""
    if not choices.video:
        return None
    room = int(OPTIONS["views"].high) - len(choices.views) - bool(choices.back) + (not beside)
    if room < 1:
        raise OptionError("There are as many further photos as can be used.", "Leave the film out, or some photos.")
    return pick_frames(choices.video, figures.people, room, beside=beside, report=report)


def read(figures: Figures, last: LastPhoto, path: str | os.PathLike | None, choices: Choices, report: Report) -> Photos:
    """Read the photos, the front one where `last` does not have it, or where there is none (path None) the film's;
    beside further ones that of the back is another of them. report: as `pick`'s. Raises InputError, NoPersonError."""
    film = pick(figures, choices, path is not None, report)
    back, frames, notes = choices.back, list(film.photos) if film else [], film.notes if film else ()
    if path is None:
        front = frames.pop(0)
    else:
        front = last.take(path)
    if notes:  # else it stays the one that was looked at, whose people are known
        front = replace(front, notes=(*front.notes, *notes))
    give_back_at_once(front.rgb.nbytes > LARGE_PHOTO)
    if choices.views or frames:
        others = ([back] if back else []) + list(choices.views)
        return Photos(front, None, (*(load_photo(view) for view in others), *frames))
    if not back:
        return Photos(front, None)
    try:
        return Photos(front, load_photo(back))
    except InputError as error:
        error.kind = ErrorKind.BACK_PHOTO
        raise


def cut_out(figures: Figures, photos: Photos, number: int, topology: Topology) -> Subject:
    """Find the person meant, upright and cut out; number: from the left from 1, 0 for the main one. Raises InputError,
    NoPersonError, and TopologyError where the topology cannot be made of what the photo shows."""
    figure = figures.cut_out(photos.front, number or None)
    topology.check(figure)
    behind = None if photos.back is None else find_back(figures, photos.back, figure)
    return Subject(figure, behind, tuple(cut_out_view(figures, view) for view in photos.views))


def cut_out_view(figures: Figures, photo: Photo) -> Figure | Verdict:
    """The person in a further photo, or why it cannot be used."""
    try:
        figure = figures.cut_out(photo)
    except NoPersonError as error:
        return Verdict(photo.name, None, f"{error} {error.fix}".strip())
    return figure if figure.framing is Framing.FULL else Verdict(photo.name, None, NOT_WHOLE)


def encode(model: Model, subject: Subject, report: Report, fine: bool = False, begin: Begin = Future) -> Encoded:
    """Have the model draw the person, with a face, legs that can be and, where photos show them, the back or other
    sides; report: called often; fine: whether a normal map is to show what is finer than the surface; begin: see
    Looks."""
    figure, behind, shaped_by_back = subject.figure, subject.behind, False
    cut = figure.cut
    encoding, legs = _draw(model, figure, cut, fine, Future if model.device.type == "mps" else begin)
    if behind:
        encoding, behind, shaped_by_back = model.with_back(encoding, behind)
    encoded = Encoded(
        encoding,
        model.field(encoding),
        behind,
        shaped_by_back,
        lens_of(figure),
        cut,
        legs.note if legs else None,
        drawn_normals=model.drawn_normals(encoding),
    )
    return with_views(encoded, *read_views(model, subject, encoded, report)) if subject.views else encoded


def _draw(model: Model, figure: Figure, cut: PersonCut, fine: bool = False, begin: Begin = Future):
    """The encoding of a person with face, folds and legs, and what was found of these; cut: the figure's."""
    face = begin(model.face_in, cut, fine)
    encoding = model.with_face(second_look.draw(model, cut, figure), face.result())
    encoding = model.with_folds(encoding, cut, fine)
    if figure.framing is not Framing.FULL:
        return encoding, None
    return model.with_legs(encoding, cut, lens_of(figure))


def read_views(
    model: Model, subject: Subject, encoded: Encoded, report: Report
) -> tuple[OnePhoto | None, list[OnePhoto | Verdict]]:
    """What the photo shows by itself, None where further ones cannot be laid against it, and each of these, or the
    verdict on it, in their order; report: called often."""
    figure, left_out = subject.figure, None
    if not model.makes_bodies:
        left_out = NO_BODIES.format(model=model.name)
    elif figure.framing is not Framing.FULL:
        left_out = FIRST_NOT_WHOLE
    if left_out:
        return None, [
            view if isinstance(view, Verdict) else Verdict(view.photo.name, None, left_out) for view in subject.views
        ]
    first = read_photo(encoded.field, figure, encoded.lens, VIEW_POINTS, report)
    return first, [view if isinstance(view, Verdict) else _read_view(model, view, report) for view in subject.views]


def with_views(encoded: Encoded, first: OnePhoto | None, seen: Sequence[OnePhoto | Verdict]) -> Encoded:
    """The same with what further photos show, as `read_views` gives them, as far as they fit."""
    if first is None:
        return replace(encoded, verdicts=tuple(view for view in seen if isinstance(view, Verdict)))
    together, told = join(encoded.field, first, [view for view in seen if isinstance(view, OnePhoto)])
    rest = iter(told)
    verdicts = tuple(view if isinstance(view, Verdict) else next(rest) for view in seen)
    if together is None:
        return replace(encoded, verdicts=verdicts)
    return replace(encoded, field=together.field, together=together, verdicts=verdicts, drawn_normals=None)


def _read_view(model: Model, figure: Figure, report: Report) -> OnePhoto | Verdict:
    encoding, _ = _draw(model, figure, figure.cut)
    try:
        return read_photo(model.field(encoding), figure, lens_of(figure), VIEW_POINTS, report)
    except NoPersonError as error:
        return Verdict(figure.photo.name, None, str(error))


def take_light(model: Model, encoded: Encoded, keep: bool) -> Encoded:
    """Find the photo's light and take it from the drawn back and, unless it is kept, from what the photos show."""
    encoding, shading = model.without_light(encoded.encoding, encoded.cut)
    encoded = replace(encoded, encoding=encoding, shading=shading, keeps_light=keep)
    if keep or shading is None:
        return encoded
    behind = encoded.behind and replace(encoded.behind, gain=encoded.behind.gain / shading.back)
    return replace(encoded, behind=behind, cut=_bare(encoded.cut, shading))


def _bare(cut: PersonCut, shading: Shading) -> PersonCut:
    return replace(cut, gain=1 / shading.front)


def carve(field: Field, resolution: int, report: Report) -> Carved:
    """Extract the surface and keep its largest piece. Raises NoPersonError where there is none."""
    surface = extract_surface(field, resolution, report)
    if not len(surface.faces):
        raise NoPersonError("No body was found in the photo.", fix="Choose a photo that shows a whole person clearly.")
    largest = largest_component(surface.vertices, surface.faces)
    known = None if surface.lowered else surface.samples
    return Carved(*largest, surface.evaluations, surface.lowered or None, surface.in_small_blocks, known)


def fit(
    encoded: Encoded,
    carved: Carved,
    resolution: int,
    topology: Topology,
    figure: Figure,
    hands: HandReader,
    regions: Future[Regions | None],
    report: Report,
    begin: Begin = Future,
) -> tuple[Fitted, OwnHead]:
    """Fit the body under the surface, pose its hands as the photo shows them, cut apart what the photo fused, and fit
    the head that a topology wears. regions: of the person; begin: see Looks."""
    mesh = carved.vertices, carved.faces
    heads: list[tuple[Mesh, Future[OwnHead]]] = []

    def told(ask: Callable[..., np.ndarray], points: np.ndarray, *normals: np.ndarray) -> np.ndarray:
        of = regions.result(lambda: report(0.0))
        return np.zeros(len(points), np.float32) if of is None else ask(of, points, *normals)

    photo_hands = PhotoHands(figure, hands, partial(told, Regions.skin), partial(told, Regions.thing))
    body = find_body(mesh, figure)
    found = begin(find_own_head, figure, encoded.lens, body) if topology.wears_head else None  # which is not by hands
    body = photo_hands.pose(body, mesh)

    def extract(cut: Field) -> Surface:
        return extract_surface(cut, resolution, report, under=carved.samples)

    def ready(fair: Mesh) -> None:
        heads.append((fair, begin(own_head, topology, found, body, fair)))

    fitted = cut_apart(encoded.field, mesh, 2 / resolution, extract, body, photo_hands, ready)
    if not heads or heads[-1][0] is not fitted.fair:
        ready(fitted.fair)
    own = heads[-1][1].result(lambda: report(0.0))
    return replace(fitted, head=own.worn), own


def paint(
    model: Model,
    encoded: Encoded,
    mesh: tuple[np.ndarray, np.ndarray],
    fitted: Fitted | None,
    resolution: int,
    looks: Looks | None = None,
    report: Callable[[], object] | None = None,
    dense: Future[Mesh] | None = None,
) -> Painted:
    """Put hands and head on a surface, vertices (V, 3) and faces (F, 3), and give it normals and colours; looks: what
    is known of these; report: called often where that is still being worked out; dense: `Fitted.dense`, if begun."""
    looks = looks or Looks(model, encoded, resolution)
    vertices, faces = mesh
    normals = smooth_normals(vertices, faces)
    bare = None
    if fitted and fitted.has_parts:
        bare = DenseSurface(vertices, faces, normals)
        vertices, faces = dense.result(report) if dense else fitted.dense
        normals = smooth_normals(vertices, faces)
    known = tone_hidden(model.vertex_colors(encoded.encoding, vertices), encoded.cut.tone)
    shown = looks.hidden.result(report) | known | looks.at_vertices.result(report)
    others = encoded.elsewhere(2 * resolution)
    hairy = hands = None
    if fitted and fitted.has_parts:
        rows = fitted.skin_rows(vertices)
        skin = vertices, normals, rows
        hairy = _scalp(*skin, fitted, encoded, looks.regions.result(report)) if fitted.head else None
        hands = _hands(vertices, rows, fitted.fit)
    regions = looks.regions.result(report)
    if regions is not None and looks.has_texture:  # which shows prints itself, also where these colours go on alone
        shown = without_prints(shown, regions)
    how = {"others": others, "scalp": hairy, "hands": hands, "regions": regions}
    how["edge_on"] = looks.edge_on(report)
    told = paint_vertices(vertices, faces, normals, 2 / resolution, **shown, **how)
    return Painted(PaintedMesh(vertices, faces, normals, told.colors, told.materials), bare)


def _scalp(
    vertices: np.ndarray,
    normals: np.ndarray,
    rows: np.ndarray,
    fitted: Fitted,
    encoded: Encoded,
    regions: Regions | None,
) -> Scalp:
    """The Scalp of a mesh whose vertices (V, 3), unit normals (V, 3), are rows (V,) of the body's skin, -1: of none."""
    of_skin = rows >= 0
    back = encoded.behind is not None
    faceless = fitted.head is not None and fitted.head.faces_away and not back
    grown = np.where(of_skin, scalp()[rows], 0)
    if faceless:
        grown[of_skin & (load_body().parts[rows] == "head") & (grown <= 0)] = -1
    rest = np.where(of_skin[:, None], load_template().rest[rows], 0)
    if fitted.head and (fitted.head.leaves_crown or regions is not None):
        beside = np.flatnonzero(~of_skin)
        resting = fitted.head.resting(vertices[beside])
        if fitted.head.leaves_crown:
            rest[beside], grown[beside] = resting, over_scalp(resting)
        if regions is not None:
            neck = is_neck(resting)
            shares = regions.at(vertices[beside[neck]], normals[beside[neck]])
            if not fitted.head.leaves_crown or ends_at_nape(resting[neck], shares, normals[beside[neck]]):
                grown[beside[resting[:, 1] < ENDS_M]] = 0
                rest[beside[neck]], grown[beside[neck]] = resting[neck], over_nape(resting[neck], shares)
    if regions is not None:
        grown = as_seen(grown, rest, regions, vertices, normals)
    return Scalp(grown, rest, fitted.fit.metre, back, faceless)


def _hands(vertices: np.ndarray, rows: np.ndarray, fit: Fit) -> np.ndarray:
    """(V,) 1 or 2 of vertices (V, 3) that are rows (V,) of the skin of either hand, -1 or -2 of those beside it, 0 of
    others."""
    return with_beside(np.where(rows >= 0, hand_numbers()[rows], 0), vertices, rows, fit)


def _regions(model: Model, encoded: Encoded) -> Regions | None:
    """Where hair, skin and each garment are."""
    return model.regions(encoded.encoding, encoded.cut)


def _hidden_side(model: Model, lit_one: Future[Encoded], regions: Future[Regions | None]) -> dict[str, np.ndarray]:
    """What is known of the side no photo shows. Materials go on behind without the photo's light, so that no patch of
    sun and no shaded flank does; where the light is kept, they are lit again by where the back looks."""
    encoded = lit_one.result(check_wanted)
    cut, shading = encoded.cut, encoded.shading
    if shading is None or not encoded.keeps_light:
        cut = None if encoded.behind else cut
        return tone_hidden(model.hidden_side(encoded.encoding, cut, regions.result(check_wanted)), encoded.cut.tone)
    bare = None if encoded.behind else _bare(cut, shading)
    hidden = model.hidden_side(encoded.encoding, bare, regions.result(check_wanted))
    if "back" in hidden:
        back = hidden["back"]
        hidden = hidden | {"back": np.dstack([lit(back[..., :3], shading.back), back[..., 3:]])}
    return tone_hidden(hidden, cut.tone)


def fair(mesh: tuple[np.ndarray, np.ndarray], cut: PersonCut) -> tuple[np.ndarray, np.ndarray]:
    """A surface, vertices (V, 3) and faces (F, 3), with its walls made fair; cut: of the person it is of."""
    size = WHOLE_M if cut.landmarks is None else metre_of(cut.landmarks)
    return fair_walls(*mesh, RIPPLE_M * size), mesh[1]


def coarser(field: Field, fitted: Fitted | None, resolution: int, report: Report) -> SurfaceAt:
    """What cuts the surface anew at another resolution, one closed piece; report: called often."""

    def surface_at(other: int) -> tuple[np.ndarray, np.ndarray]:
        whole = fitted.field_at(2 / resolution) if fitted else field
        surface = extract_surface(whole, other, report)
        return largest_component(surface.vertices, surface.faces)

    return surface_at


def own_head(topology: Topology, found: Future[FoundHead] | None, fit: Fit, mesh: Mesh) -> OwnHead:
    """The person's own head, or a mean one, where a topology wears one, `found` by `find_own_head`, on a surface,
    vertices (V, 3) and faces (F, 3), where the topology is not the body's own mesh."""
    if found is None:
        return OwnHead()
    of_photo = found.result(check_wanted)
    head, note = of_photo.head, of_photo.note
    put_on = head or of_photo.mean
    if put_on is None or topology.needs_body:
        return OwnHead(head, note)
    worn = wear(put_on, fit, *mesh)
    if head is None:
        return OwnHead(None, note or MEAN_HEAD if worn else note, worn)
    return OwnHead(head, note if worn else OFF_THE_HEAD, worn)


@contextmanager
def begun(
    topology: Topology,
    mesh: tuple[np.ndarray, np.ndarray],
    surface_at: SurfaceAt,
    resolution: int,
    fitted: Fitted | None,
):
    """What the topology has begun ahead, or None; ended where the work within ends early."""
    ahead = topology.begin(mesh, surface_at, resolution, fitted)
    try:
        yield ahead
    finally:
        if ahead:
            ahead.stop()


def head_parts(laid: LaidOut, own: OwnHead, looks: Looks) -> HeadParts | None:
    """Eyes, teeth and tongue of a mesh that wears the person's own head; None of another."""
    head = laid.body.head if laid.body else own.worn.head if own.worn and laid.expressions else None
    if head is None:
        return None
    return parts_in(head, looks.photo(EYES_PX))


def material_slots(laid: LaidOut, fitted: Fitted | None, encoded: Encoded, looks: Looks) -> Slots | None:
    """A slot each for skin, hair and what is worn; None of weights that do not tell of them."""
    regions = looks.regions.result(check_wanted)
    if regions is None:
        return None
    skin = _of_skin(laid, fitted, encoded, regions)
    return slots_of(laid.as_shown, _region_shares(laid.as_shown, regions, skin))


def unwrap(laid: LaidOut, fitted: Fitted | None, report: Callable[[], None] | None = None) -> tuple[np.ndarray, int]:
    """The UVs (F, 3|4, 2) of a mesh without any, and the number of charts; fitted: whose head or hands it may wear;
    report: called often, without a share."""
    mesh, skin = laid.mesh, None
    if fitted and fitted.has_parts:
        skin = load_skin_charts().of(mesh.vertices, mesh.faces, fitted.skin_rows(laid.as_shown.vertices))
    uv, charts = unwrap_mesh(mesh.vertices, mesh.faces, mesh.normals, report, skin)
    return uv, int(charts.max()) + 1


class DenseGround:
    """What a texture is baked from that needs but the dense surface, worked out once."""

    def __init__(
        self,
        painted: Painted,
        encoded: Encoded,
        looks: Looks,
        resolution: int,
        size: int,
        fitted: Fitted | None,
        topology: Topology,
        own: OwnHead,
    ):
        """looks: of a texture of `size` pixels; fitted, own: whose head a mesh of that topology may wear."""
        self._how = encoded, looks, 2 / resolution, size
        # As the mesh should come out; where it does not, `sources` makes anew what it is asked for.
        self._loose, self._hairy = own.worn is not None and topology.lays_out, bool(fitted and fitted.head)
        self._dense = None if topology.needs_body else painted.mesh
        self._sources = self._dense and self._made(self._dense, self._loose, self._hairy)
        check_wanted()
        self.fine = None
        if topology.lays_out:
            regions = looks.regions.result(check_wanted)
            self.fine = _fine_normals(painted.mesh, encoded, fitted, 2 / resolution, regions)

    def sources(self, dense: PaintedMesh, loose: bool, hairy: bool) -> Sources:
        """What tells of colours; dense: hides what lies behind it; loose: faces may be longer than what they hide;
        hairy: the mesh has a scalp."""
        if self._sources and dense is self._dense and (loose, hairy) == (self._loose, self._hairy):
            return self._sources
        return self._made(dense, loose, hairy)

    def _made(self, dense, loose, hairy):
        encoded, looks, spacing, size = self._how
        shown = looks.hidden.result(check_wanted) | looks.in_texture(check_wanted)
        others, regions = encoded.elsewhere(size), looks.regions.result(check_wanted)
        edge_on = looks.edge_on(check_wanted)
        dense = occluder(dense, spacing) if loose else dense
        fine = looks.fine and looks.fine.result(check_wanted)
        return Sources(dense, spacing, shown, encoded.cut.landmarks, others, hairy, regions, edge_on, fine)


class Ground:
    """What a texture is baked from that needs no UVs, worked out once."""

    def __init__(
        self,
        laid: LaidOut,
        painted: Painted,
        encoded: Encoded,
        looks: Looks,
        under: Future[DenseGround],
        fitted: Fitted | None = None,
        parts: HeadParts | None = None,
    ):
        """fitted: whose head the mesh may wear; parts: what lies within that."""
        regions = looks.regions.result(check_wanted)
        self.skin = skin = _of_skin(laid, fitted, encoded, regions)
        mesh, dense = laid.as_shown, laid.body.shown if laid.body else painted.mesh
        ready, loose = under.result(check_wanted), bool(laid.body or laid.shown)
        sources = ready.sources(dense, loose, skin.scalp is not None)
        check_wanted()
        of_skin = skin.features, skin.scalp, skin.hands
        self.texels = texels_of(mesh, sources, laid.in_mouth, parts is not None, *of_skin)
        self.fine = self.shares = None
        if mesh is not painted.mesh:
            self.fine, self.shares = ready.fine, _region_shares(mesh, regions, skin)
        self.metre = _metre(encoded, fitted)


def bake_texture(
    laid: LaidOut,
    uv: np.ndarray,
    painted: Painted,
    ground: Future[Ground],
    size: int,
    report: Callable[[], None],
    parts: HeadParts | None = None,
    begin: Begin = Future,
) -> Texture:
    """Bake the base colour map of `size` pixels for UVs (F, 3|4, 2), and what a light mesh lacks of the dense surface.

    report: called often, without a share; parts: what lies within the head, for whose strip the UVs make room; begin:
    see Looks."""
    if parts:
        uv = beside_strip(uv)
    mesh = laid.as_shown
    lighter = mesh is not painted.mesh
    fewer = min(size, max(size // 2, LEAST_MAP_PX))
    if lighter:
        found = begin(_covered, mesh, uv, fewer)
        normals = begin(_normal_map, mesh, uv, painted.mesh, fewer, found, ground)
    base = ground.result(report)
    color = bake(mesh, uv, base.texels, size, report)
    picture = begin(_png_with, parts and parts.painted, color)
    if base.shares is None:
        return Texture(uv, picture.result(report))
    relief = begin(_relief, mesh, uv, color, base, normals, found, parts)
    roughness = bake_roughness(mesh, uv, base.shares, fewer, found.result(report))
    rough = _png_with(parts and parts.rough, roughness)
    flat = relief.result(report)  # the longer one first: what no thread has begun yet, this one does
    return Texture(uv, picture.result(report), flat, rough)


def _relief(
    mesh: PaintedMesh,
    uv: np.ndarray,
    color: np.ndarray,
    base: Ground,
    normals: Future[np.ndarray],
    found: Future[Cover],
    parts: HeadParts | None,
) -> bytes:
    relief, skin = normals.result(check_wanted), base.skin
    if base.metre is not None:
        bare = np.zeros(len(mesh.vertices)) if skin.bare is None else skin.bare
        relief = with_relief(relief, mesh, uv, color, bare, base.metre, skin.scalp, found.result(check_wanted))
    return _png_with(parts and parts.flat, relief)


def _covered(mesh: PaintedMesh, uv: np.ndarray, size: int) -> Cover:
    return cover(uv.reshape(-1, 2)[split_quads(mesh.faces)[1]], size, SLACK)


def _normal_map(
    mesh: PaintedMesh, uv: np.ndarray, dense: PaintedMesh, size: int, found: Future[Cover], ground: Future[Ground]
) -> np.ndarray:
    base = ground.result(check_wanted)
    told = base.fine, base.skin.worn, found.result(check_wanted)
    return bake_normals(mesh, uv, dense, size, check_wanted, *told)


def _png_with(add: Callable[[np.ndarray], np.ndarray] | None, picture: np.ndarray) -> bytes:
    return png(add(picture) if add else picture)


def _fine_normals(
    dense: PaintedMesh, encoded: Encoded, fitted: Fitted | None, spacing: float, regions: Regions | None
) -> FineNormals | None:
    """What was drawn finer than the dense surface, and likewise behind where no photo shows that; None where nothing
    was."""
    drawn, metre = encoded.drawn_normals, _metre(encoded, fitted)
    if drawn is None or metre is None:  # without these nothing is
        return None
    behind = None if encoded.behind or encoded.together else regions
    return FineNormals(drawn, encoded.cut(len(drawn))[1], dense, spacing, metre, behind, encoded.cut.landmarks)


def _region_shares(mesh: PaintedMesh, regions: Regions | None, skin: "_OfSkin") -> np.ndarray:
    return region_shares(mesh, regions, skin.bare, None if skin.scalp is None else skin.scalp.grown)


def _metre(encoded: Encoded, fitted: Fitted | None) -> float | None:
    """Field units of a metre; None where nothing tells."""
    if fitted:
        return fitted.fit.metre
    return None if encoded.cut.landmarks is None else metre_of(encoded.cut.landmarks)


@dataclass(frozen=True)
class _OfSkin:
    """Of a mesh's vertices that are the body's skin: of a head fitted to the photo `features (V,)` 0..1, which are
    eyes, nose and mouth, and its `scalp`; `hands (V,)` their numbers; `worn (V,)` 1 of vertices that are neither head
    nor hand of the body. None where no vertices are skin, or no head is fitted."""

    features: np.ndarray | None = None
    scalp: Scalp | None = None
    hands: np.ndarray | None = None
    worn: np.ndarray | None = None

    @property
    def bare(self) -> np.ndarray | None:
        """(V,) 1 of vertices of the body's head and hands."""
        return None if self.worn is None else 1 - self.worn


def _of_skin(laid: LaidOut, fitted: Fitted | None, encoded: Encoded, regions: Regions | None) -> _OfSkin:
    if fitted is None or not (laid.body or fitted.has_parts):
        return _OfSkin()
    vertices, normals = laid.as_shown.vertices, laid.as_shown.normals
    rows = np.arange(len(vertices)) if laid.body else fitted.skin_rows(vertices)
    hands = _hands(vertices, rows, fitted.fit)
    bare = (load_body().parts[rows] == "head") | (hands > 0) if laid.body else rows >= 0
    if (laid.body.head if laid.body else fitted.head) is None:
        return _OfSkin(hands=hands, worn=1.0 - bare)
    shows_face = laid.body is not None or (fitted.head is not None and fitted.head.shows_face)
    shown = np.where(rows >= 0, features()[rows], 0) if shows_face else None
    hair = _scalp(vertices, normals, rows, fitted, encoded, regions)
    return _OfSkin(shown, hair, hands, 1.0 - bare)


def shown_m(
    model: Model, figure: Figure, lens: Lens, dense: np.ndarray, height_m: float, fitted: Fitted | None = None
) -> float:
    """Metres from the lowest to the highest of the surface, vertices `dense (V, 3)`, of a person who is height_m tall
    when standing: of what the photo shows of them, or of so much of that as the model makes. Of who sits or kneels the
    fitted body tells how much less that is, and with arms raised above the head how much more."""
    seen_m = height_m * figure.seen
    if fitted and figure.framing is Framing.FULL:
        seen_m *= fitted.fit.height_share(_tilt(model, dense, figure, lens))
    if model.makes_bodies:
        return seen_m
    rows = (figure.matte.alpha > 0.5).any(1).nonzero()[0]
    return seen_m * float(np.ptp(dense[:, 1])) * figure.crop.side / 2 / (rows[-1] + 1 - rows[0])


def place(model: Model, dense: np.ndarray, laid: LaidOut, figure: Figure, lens: Lens, height_m: float) -> Placement:
    """How the person is brought into Blender's space: without perspective, upright, feet on the ground, height_m from
    the lowest to the highest; dense: (V, 3) vertices of the surface, by which the camera's tilt is measured."""
    tilt = _tilt(model, dense, figure, lens)
    return Placement(lens, tilt, placing(tilt_back(lens.straight(laid.mesh.vertices), tilt), height_m))


def _tilt(model: Model, dense: np.ndarray, figure: Figure, lens: Lens) -> float:
    leans = model.makes_bodies and figure.framing in (Framing.FULL, Framing.KNEES)
    return camera_tilt(lens.straight(dense)) if leans else 0.0


def bind(
    laid: LaidOut, fitted: Fitted | None, placement: Placement, parts: HeadParts | None, vertices: np.ndarray
) -> tuple[Rig | None, ShapeKeys | None, np.ndarray]:
    """The skeleton with the mesh's skin weights, and the expressions of skin and parts, those that turn eyes where
    there are eyeballs; and the skin, vertices (V, 3) in the person's space, that they move."""
    if laid.body:
        rig, keys = laid.body.rig(placement.points), laid.body.shape_keys(placement.points)
    elif fitted:
        rig = fitted.rig(laid.as_shown.vertices, laid.mesh.faces, placement.points)
        keys = laid.expressions.shape_keys(laid.mesh, placement.points) if laid.expressions else None
    else:
        return None, None, vertices
    if keys is not None and not (parts is not None and parts.eyes.seen):
        keys = without_looks(keys)
    if keys is not None and parts:
        keys, vertices = parts.keyed(keys, vertices, placement.points)
    return rig, keys, vertices


def _burns(lit_one: Future[Encoded], regions: Future[Regions | None]) -> Burns | None:
    """What the sun burnt out of the photo; None where its light is kept, too."""
    encoded, of_pixels = lit_one.result(check_wanted), regions.result(check_wanted)
    cut = encoded.cut
    if encoded.keeps_light or of_pixels is None or cut.landmarks is None:
        return None
    (colors, matte), (lit_colors, _) = cut(WORK_PX), replace(cut, gain=None)(WORK_PX)
    return find_burns(colors, lit_colors, matte, of_pixels, cut.landmarks)


def _pictures(lit_one: Future[Encoded], most_px: int, burns: Future[Burns | None]) -> dict[str, np.ndarray]:
    encoded, burnt = lit_one.result(check_wanted), burns.result(check_wanted)
    shown = pictures(encoded.cut, encoded.behind, most_px)
    return shown if burnt is None else shown | {"photo": burnt.mended(shown["photo"])}


def pictures(cut: PersonCut, behind: BackCut | None, most_px: int) -> dict:
    """What the photos show, as painting and baking take it: at their own sharpness, but at most so many pixels."""
    shown = {"photo": cut, "back": behind} if behind else {"photo": cut}
    return {
        name: without_rim(np.dstack(picture(picture.side_px(most_px))), cut.landmarks)
        for name, picture in shown.items()
    }

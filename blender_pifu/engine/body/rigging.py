# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pipeline asks for: the body under a surface, the surface cut apart where it must be, a rig for a mesh."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
from scipy.spatial import cKDTree

from ...result_file import Rig
from ..cores import beside
from ..interfaces import Field, NoField
from ..reading.stance import Framing
from ..subject.figure import Figure
from ..surface.extraction import Surface
from ..surface.fairing import RIPPLE_M, fair_walls
from ..surface.mesh import components, largest_component, volumes
from .bones import FINGERS, INDEX
from .fit import Fit, fit_body
from .model import load_body
from .part_cuts import SeparatedField, Sheet, find_sheets, possible_sheets
from .skeleton import skeleton
from .threads import Threads
from .weights import skin_weights, strongest

Mesh = tuple[np.ndarray, np.ndarray]  # vertices (V, 3), field space, and faces (F, 3)
ON_SKIN_M = 1e-5
MOST_LOST = 0.005  # share of the volume that may fall off when parts are cut apart


# A closed mesh, vertices (V, 3) and faces (F, 3|4), that lacks a hand -> the same with it, or None where none fits.
Graft = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray] | None]


class Hands(Protocol):
    """The hands of the person in the photo, see `engine.hands.hand_graft.PhotoHands`."""

    def pose(self, fit: Fit, mesh: Mesh) -> Fit:
        """The fit with its hands posed; mesh: of the surface."""
        ...

    def stumps(self, fit: Fit, vertices: np.ndarray) -> dict[str, Sheet]:
        """By side, what takes a hand away from the field of a surface, vertices (V, 3)."""
        ...

    def wrist(self, fit: Fit, side: str, field: Field, free: bool) -> list[Sheet]:
        """What a field needs to have an arm with a wrist, before the hand is taken away; free: cut free all round."""
        ...

    def graft(
        self, fit: Fit, side: str, vertices: np.ndarray, faces: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """A mesh of that field with the fit's hand, or None where that is not sound."""
        ...


class OwnHead(Protocol):
    """The head of the person in the photo as it is put on the surface, see `layout.animation.head_graft.WornHead`:
    vertices (n, 3), those rows (n,) of the body's skin, and faces (f, 4) of them; share: of the surface's area that it
    replaces; leaves_crown: whether what covers the skull stays the surface's, as long hair or a hat does; shows_face:
    whether the photo shows eyes, nose and mouth where the head has them; faces_away: whether it looks away from the
    camera."""

    rows: np.ndarray
    vertices: np.ndarray
    faces: np.ndarray
    share: float

    @property
    def leaves_crown(self) -> bool: ...

    @property
    def shows_face(self) -> bool: ...

    @property
    def faces_away(self) -> bool: ...

    def resting(self, points: np.ndarray) -> np.ndarray:
        """(N, 3) field space -> metres of the mean body in rest."""
        ...

    def graft(self, vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """A closed mesh of the surface with the head, or None where that is not sound."""
        ...


@dataclass(frozen=True)
class Fitted:
    """field: the one given; sheets: that cut its limbs apart, and off it the hands that are put on anew; mesh: vertices
    (V, 3) and faces (F, 3) of the surface so cut, one piece; fit: the body under it; notes: sentences for the artist;
    hands: by side, what puts those on a mesh of that surface, see `with_parts`; hand_faces: about how many quads those
    are; head: the person's own, put on likewise, or None; tried: the mesh made fair, and that with its hands, where
    they were tried on."""

    field: Field
    sheets: list[Sheet]
    mesh: Mesh
    fit: Fit
    notes: list[str]
    hands: dict[str, Graft] = dataclasses.field(default_factory=dict)
    hand_faces: int = 0
    head: OwnHead | None = None
    tried: tuple[Mesh, Mesh] | None = None

    @property
    def fair(self) -> Mesh:
        """The surface with its walls made fair."""
        return self.tried[0] if self.tried else _fair(self.mesh, self.fit)

    @property
    def dense(self) -> Mesh:
        """The same with hands and, where that is sound, the head."""
        handed = self.tried[1] if self.tried else self.fair
        return self.with_head(*handed)

    @property
    def has_parts(self) -> bool:
        """Whether hands or a head are put on."""
        return bool(self.hands or self.head)

    def beside(self, count: int, hands: bool = True) -> int:
        """How many quads of a mesh of so many are left for the surface, of which the head replaces a share; hands:
        whether these are put on as well."""
        head, share = (len(self.head.faces), self.head.share) if self.head else (0, 0.0)
        return max(round((count - hands * self.hand_faces - head) / (1 - share)), count // 2)

    def with_parts(self, vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
        """A mesh laid over the surface, vertices (V, 3) and faces (F, 3|4), with the hands that it lacks and, where
        that is sound, the head; None where a hand finds no sound wrist there, which `fair` always has."""
        for graft in self.hands.values():
            made = graft(vertices, faces)
            if made is None:
                return None
            vertices, faces = made
        return self.with_head(vertices, faces)

    def with_head(self, vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """A mesh laid over the surface and its hands, vertices (V, 3) and faces (F, 3|4), with the head where that is
        sound."""
        return (self.head.graft(vertices, faces) if self.head else None) or (vertices, faces)

    def without_field(self) -> "Fitted":
        """The same once the surface is there: it is not cut anew."""
        return dataclasses.replace(self, field=NoField())

    def field_at(self, spacing: float) -> Field:
        """The field cut apart, for a lattice of another spacing."""
        return SeparatedField(self.field, self.sheets, spacing) if self.sheets else self.field

    def rig(self, vertices: np.ndarray, faces: np.ndarray, place: Callable[[np.ndarray], np.ndarray]) -> Rig:
        """The rig of a mesh laid over the surface, `vertices (V, 3)` field space, `faces (F, 3|4)`; place: field space
        -> the rig's space, (N, 3) -> (N, 3)."""
        bones = skeleton(self.fit)
        stands_for = bones.stands_for.copy()
        for side in self.hands:  # whose fingers are all on the hand that was put on
            fingers = [INDEX[f"{finger}_{joint}{side}"] for finger in FINGERS for joint in (1, 2, 3)]
            stands_for[fingers] = stands_for[INDEX["hand" + side]]
        weight_bones, weights = skin_weights(vertices, faces, self.fit, stands_for, self.arm_cuts)
        on_skin, own_bones, own = _weights_of_skin(vertices, self.fit, self.head)
        weight_bones[on_skin], weights[on_skin] = bones.stands_for[own_bones], own
        names = tuple(str(name) for name in bones.names)
        return Rig(names, bones.parents, place(bones.heads), place(bones.tails), weight_bones, weights)

    @property
    def arm_cuts(self) -> list[Sheet]:
        """Of the sheets, those that cut an arm off the body."""
        return [sheet for sheet in self.sheets if sheet.most and sheet.limb.startswith("arm")]

    def skin_rows(self, vertices: np.ndarray) -> np.ndarray:
        """(V,) rows of the body's skin that the vertices (V, 3) of a mesh with parts put on are, -1 of others."""
        return _rows_of_skin(vertices, self.fit, self.head)

    @property
    def about(self) -> dict:
        """Entries of the Summary."""
        return {"skeleton": self.fit.source, "residual_cm": round(100 * self.fit.residual_m, 2)}


def fit_under(
    field: Field,
    mesh: Mesh,
    spacing: float,
    extract: Callable[[Field], Surface],
    figure: Figure | None = None,
    hands: Hands | None = None,
) -> Fitted:
    """Fit the body under a surface, and cut apart what the photo fused: `find_body`, then `cut_apart`."""
    return cut_apart(field, mesh, spacing, extract, find_body(mesh, figure, hands), hands)


def find_body(mesh: Mesh, figure: Figure | None = None, hands: Hands | None = None) -> Fit:
    """The body under a surface, with its hands as the photo shows them. figure: the engine's Figure, for landmarks and
    for where the photo ends, or None; hands: the person's, or None."""
    fit = fit_body(*mesh, *landmarks_of(figure))
    return hands.pose(fit, mesh) if hands else fit


def cut_apart(
    field: Field,
    mesh: Mesh,
    spacing: float,
    extract: Callable[[Field], Surface],
    fit: Fit,
    hands: Hands | None = None,
    ready: Callable[[Mesh], object] = lambda fair: None,
) -> Fitted:
    """Cut apart what the photo fused of a surface with a body under it.

    field: what the surface came from; mesh: vertices (V, 3) and faces (F, 3) of its largest piece;
    spacing: of its lattice, field units; extract(field) -> Surface of another field on the same lattice; hands: as they
    were posed; ready: called with a surface made fair, before hands are tried on it; the last is that of what comes, if
    any is.
    """
    notes = [fit.note] if fit.note else []
    if fit.source != "surface":
        return Fitted(field, [], mesh, fit, notes, tried=_handless(mesh, fit))
    stumps, possible = beside(lambda: hands.stumps(fit, mesh[0]) if hands else {}, lambda: possible_sheets(fit, mesh))
    free: set[str] = set()  # sides whose wrists are cut free, as they were not sound by themselves
    threads = Threads(fit)
    sheets, more, arms, wrists = _found(field, fit, spacing, possible, stumps, hands, free)
    whole = mesh
    while sheets or stumps:
        cuts = [*arms, *sheets, *wrists, *stumps.values(), *threads.sheets]
        surface = extract(SeparatedField(field, cuts, spacing))
        mesh = largest_component(surface.vertices, surface.faces)
        lost = _lost(surface, fit)
        if lost and threads.given_up():
            continue
        failed = [side for side in stumps if any(_at(piece, stumps[side]) for piece in lost.values())]
        if lost and not (failed or sheets):
            failed = list(stumps)
        if lost and not failed:
            fallen = [sheet for sheet in sheets if sheet.limb in lost] or sheets
            more += [f"{sheet.name} cannot be separated: a piece would fall off." for sheet in fallen]
            sheets = [sheet for sheet in sheets if sheet not in fallen]
            continue
        if not lost:
            grafts = {side: partial(hands.graft, fit, side) for side in stumps} if hands else {}
            fair = _fair(mesh, fit)
            if threads.found(*fair, sheets):
                continue
            ready(fair)
            handed, failed = _handed(grafts, *fair)
            if not failed:
                added = len(handed[1]) - len(mesh[1])
                return Fitted(field, cuts, mesh, fit, notes + more, grafts, added // 2, tried=(fair, handed))
        # Where no wrist is sound, not even one cut free, or what falls off may hang on a hand, being held, that stays
        # as the surface has it.
        again = set() if lost else set(failed) - free
        free |= again
        left = set(failed) - again
        stumps = {side: stump for side, stump in stumps.items() if side not in left}
        # An arm whose hand finds no place is not where the surface has it either.
        wrong = {"arm" + side for side in left}
        possible = [dataclasses.replace(sheet, most=0) if sheet.limb in wrong else sheet for sheet in possible]
        threads = Threads(fit)
        sheets, more, arms, wrists = _found(field, fit, spacing, possible, stumps, hands, free)
    return Fitted(field, [], whole, fit, notes + more, tried=_handless(whole, fit))


def _fair(mesh: Mesh, fit: Fit) -> Mesh:
    """A dense surface with its walls made fair."""
    return fair_walls(*mesh, RIPPLE_M * fit.metre), mesh[1]


def _handless(mesh: Mesh, fit: Fit) -> tuple[Mesh, Mesh]:
    """The same twice: no hands are put on it."""
    fair = _fair(mesh, fit)
    return fair, fair


def _handed(grafts: dict[str, Graft], vertices, faces) -> tuple[Mesh, list[str]]:
    """A dense surface with its hands, and the sides of those that cannot be put on."""
    failed = []
    for side, graft in grafts.items():
        made = graft(vertices, faces)
        if made is None:
            failed.append(side)
        else:
            vertices, faces = made
    return (vertices, faces), failed


def _weights_of_skin(vertices, fit, head):
    """Which vertices (N,) of a mesh are the fitted skin's own, or the head's, and their bones and weights (N, 4)."""
    rows = _rows_of_skin(vertices, fit, head)
    on_skin = np.flatnonzero(rows >= 0)
    return on_skin, *strongest(load_body().weights[rows[on_skin]].numpy())


def _rows_of_skin(vertices, fit, head):
    """(V,) rows of the skin that a mesh's vertices are, as fitted or the head's, -1 of others."""
    body = load_body()
    skin, rows = fit.vertices[: body.skin_vertices], np.arange(body.skin_vertices)
    if head:
        skin, rows = np.concatenate([skin, head.vertices]), np.concatenate([rows, head.rows])
    apart, near = cKDTree(skin).query(vertices)
    return np.where(apart < ON_SKIN_M * fit.metre, rows[near], -1)


def landmarks_of(figure: Figure | None) -> tuple[np.ndarray | None, np.ndarray | None, tuple | None]:
    """What `fit_body` takes of a Figure, or of None: landmarks (33, 3) in field space or None, their visibility, the
    photo's frame where it cuts the person."""
    if figure is None or figure.person is None:
        return None, None, None
    height, width = figure.photo.rgb.shape[:2]
    frame = figure.crop.to_field(np.array([[0, height], [width, 0]])).ravel()
    return (
        figure.person.in_field(figure.crop),
        figure.person.visibility,
        None if figure.framing is Framing.FULL else tuple(frame),
    )


def _found(field, fit, spacing, possible, stumps, hands, free):
    """What `find_sheets` gives beside the hands that are taken away, and the sheets that their wrists need: of those
    that are not `free`, which are cut apart like the others, and of those that are, in their order."""
    # What a hand that goes away touched needs no cut.
    sheets, notes = find_sheets(SeparatedField(field, list(stumps.values()), spacing), fit, possible)
    cut = SeparatedField(field, sheets, spacing)
    arms = [sheet for side in stumps if side not in free for sheet in hands.wrist(fit, side, cut, False)]
    wrists = [sheet for side in stumps if side in free for sheet in hands.wrist(fit, side, cut, True)]
    # What one adds would fill what another has cut.
    return sheets, notes, arms, sorted(wrists, key=lambda sheet: not sheet.adds)


def _at(place, sheet):
    """Whether a place (3,) is where a sheet is."""
    return bool(((place > sheet.low) & (place < sheet.high)).all())


def _lost(surface, fit):
    """The parts of the body (as `bones.part`) of which a piece no longer hangs together with the rest, and where (3,)
    that is."""
    labels = components(surface.faces, len(surface.vertices))
    size = np.bincount(labels[surface.faces[:, 0]], weights=volumes(surface.vertices, surface.faces))
    lost = {}
    for piece in np.flatnonzero(size > MOST_LOST * size.max()):
        if piece != size.argmax():
            centre = surface.vertices[labels == piece].mean(0)
            near = np.linalg.norm(fit.vertices - centre, axis=1).argmin()
            lost[str(load_body().parts[near])] = centre
    return lost

# SPDX-License-Identifier: GPL-3.0-or-later
"""The base colour map: the photo where the camera saw the surface, the drawn back behind, vertex colours between."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from scipy.spatial import cKDTree

from ...color.borders import Borders
from ...color.continuation import FineTexture, HiddenTexture, alike, find_ways
from ...color.edge_on import EdgeOn
from ...color.hair import find_hair
from ...color.hand_tones import believed, find_hand_tones
from ...color.other_half import BESIDE_LOCKS, LOCKS, other_half
from ...color.painting import Elsewhere, Scalp, Side
from ...color.regions import Regions
from ...color.strands import Strands, strands_of
from ...color.unseen_face import draw_features
from ...futures import check_wanted
from ...smooth_step import smooth_step
from ...surface.mesh import split_quads
from ...surface.normals import unit
from ..painted_mesh import PaintedMesh
from .mouth import Mouth
from .texels import SLACK, cover, filled

SHOWS_LOCKS = (0.3, 0.65)  # z of normals from which a picture shows some of the locks of hair, and all of them
HAIRLINE = (0.3, 0.7)  # how far hair grows, between vertices, at which it begins and is
ACROSS_M = 0.03  # metres across the hairline, within which colours on its other side are known
HALF = -1  # number of the photo as it shows the other half of a face, see `other_half`
TURNED = 0.6  # what is added to the normals of what was fitted to the photo, towards the camera
# |z| of normals from which on what lies beneath a hand is as what is behind it, and from which on all of that.
FLAT = (0.35, 0.7)
LEAST = 0.02  # share of that which is seen at all
PAST = (0.25, 0.55)  # z of its own normals up to which, and from which on no more, hair is what is seen past a cheek


class Sources:
    """What tells of a surface's colours, whatever its UVs."""

    def __init__(
        self,
        dense: PaintedMesh,
        spacing: float,
        pictures: dict[str, np.ndarray],
        landmarks: np.ndarray | None = None,
        others: Sequence[Elsewhere] = (),
        hairy: bool = False,
        regions: Regions | None = None,
        edge_on: EdgeOn | None = None,
        fine: FineTexture | None = None,
    ):
        """dense: the PaintedMesh that hides what lies behind it, cut with lattice step `spacing`, field units. pictures
        ("photo" and perhaps "back"), others: as `color.painting.paint` takes them; landmarks: as `FineTexture` does;
        hairy: whether it is to have the grain of the photo's hair, which `regions` tell of, if known; edge_on: what is
        to be made of what the photo shows edge-on, if known; fine: the photo's fine texture, if that is there."""
        mesh = dense.vertices, dense.faces, spacing
        photo = Side(*mesh, pictures["photo"], 1, edge_on=edge_on)
        self.sides = [(Side(*mesh, pictures["back"], -1, buffers=photo.buffers), 0)] if "back" in pictures else []
        self.sides.append((photo.of_other_half(), HALF))
        self.sides += [(each.side(*mesh), k) for k, each in enumerate(others, 1)]
        self.sides.append((photo, 0))
        check_wanted()
        self.fine = fine or FineTexture(pictures["photo"], landmarks, regions)
        self.beneath = HiddenTexture(pictures["back"], regions, self.fine.prints) if "back" in pictures else None
        self.others, self.regions = others, regions
        hair = find_hair(pictures["photo"], landmarks, regions) if hairy and landmarks is not None else None
        self.strands = strands_of(hair, self.fine.band)

    @property
    def photo(self) -> Side:
        """What the photo tells."""
        return self.sides[-1][0]


def texels_of(
    mesh: PaintedMesh,
    sources: Sources,
    in_mouth: np.ndarray | None = None,
    teeth: bool = False,
    fitted: np.ndarray | None = None,
    scalp: Scalp | None = None,
    hands: np.ndarray | None = None,
) -> "Texels":
    """What colours texels of a PaintedMesh have, whatever its UVs.

    Wherever the pictures of the Sources are not trusted these are the colours of the mesh's vertices, which go over
    into them, with the photo's fine texture. in_mouth (V,) bool: the mesh's vertices inside its mouth; teeth: that is
    hidden behind teeth, and keeps its vertices' colours; fitted (V,) 0..1: the mesh's vertices that were fitted to the
    photo's own pixels, of which it tells though they turn away, as the sides of a nose do; scalp: of the mesh's
    vertices, where hair has the grain of what the photo shows of it, if the Sources know any; hands (V,): as
    `color.painting.paint` takes them.
    """
    triangles, _ = split_quads(mesh.faces)
    photo, fine = sources.photo, sources.fine
    normals = mesh.normals
    if fitted is not None:
        normals = unit(normals + TURNED * fitted[:, None] * np.array([0, 0, 1], np.float32)).astype(np.float32)
    trusted = _trusted(mesh, sources.regions, fitted)
    seen = photo.trust(mesh.vertices, normals, mesh.normals) * trusted
    skin = None
    if hands is not None:
        bare = None if sources.regions is None else sources.regions.skin(mesh.vertices, normals)
        skin = find_hand_tones(hands, photo.colors(mesh.vertices), seen, bare)
    ways = find_ways(mesh.vertices, triangles, normals, seen, fine)
    borders = None
    if mesh.materials:
        borders = Borders(
            mesh.vertices, triangles, mesh.colors, mesh.materials, None if scalp is None else scalp.of_skin
        )
        mesh = replace(mesh, colors=borders.colors)
    hairy = None if scalp is None else _Hairy(scalp, sources.strands, _middle(mesh.colors[scalp.grown > 0.5]))
    values = {"point": mesh.vertices, "normal": normals, "color": mesh.colors, "way": ways.places}
    if fitted is not None:
        values["lean"] = mesh.normals
    if mesh.materials or fitted is not None:
        values["believed"] = trusted[:, None]
    values["sure"] = (ways.sure * (1 - seen))[:, None]
    half = other_half(mesh.vertices, normals, scalp, sources.regions)
    if half is not None:
        values |= {f"point {HALF}": half.places, f"normal {HALF}": half.normals, "half": half.share[:, None]}
    for k, each in enumerate(sources.others, 1):
        values[f"point {k}"], values[f"normal {k}"] = each.placed(mesh.vertices, triangles)
    if skin is not None:
        values |= {"on hand": skin.on_hand[:, None], "tone": skin.tones}
    if hairy is not None:
        hair, skin = hairy.beside_hairline(mesh)
        values |= {"rest": hairy.scalp.rest, "hair": hairy.scalp.grown.clip(0, 1)[:, None], "of hair": hair}
        values["color"] = skin
        if hairy.scalp.faceless:
            values["face"] = (-hairy.scalp.grown).clip(0, 1)[:, None]
    mouth = None if in_mouth is None else Mouth(mesh.vertices, mesh.faces, in_mouth)
    sides = [side for side in sources.sides if half is not None or side[1] != HALF]
    return Texels(values, sides, (fine, sources.beneath), hairy, mouth, teeth, borders)


def _trusted(mesh: PaintedMesh, regions: Regions | None, fitted: np.ndarray | None) -> np.ndarray:
    """(V,) 0..1: what is left of trust in the photo at a mesh's vertices: by their materials, and as hair that is seen
    past a cheek that turns away is none of the cheek, `fitted (V,)` to the photo within a pixel or two."""
    trusted = np.ones(len(mesh.vertices), np.float32) if mesh.materials is None else mesh.materials.believed
    if fitted is None or regions is None:
        return trusted
    hair = regions.beside(mesh.vertices, np.abs(mesh.normals), "hair", BESIDE_LOCKS)
    past = smooth_step(hair, *LOCKS) * (1 - smooth_step(mesh.normals[:, 2], *PAST))
    return trusted * (1 - fitted * past)


def bake(
    mesh: PaintedMesh, uv: np.ndarray, texels: "Texels", size: int, waiting: Callable[[], None] = lambda: None
) -> np.ndarray:
    """A picture (size, size, 3) uint8 sRGB for the UVs (F, 3|4, 2) of a PaintedMesh with those Texels. Where no face
    covers any it continues the nearest. waiting: called at every part of the map, may raise to stop."""
    triangles, corners = split_quads(mesh.faces)

    def colors_of(face, weights):
        return texels.colors(face, triangles[face], weights)

    # Where it is called with it alone, what of the Cover lies below others is free once it has chosen.
    return filled(cover(uv.reshape(-1, 2)[corners], size, SLACK), size, colors_of, waiting)


class Texels:
    """What colours texels have."""

    def __init__(
        self,
        values: dict[str, np.ndarray],
        sides: list[tuple[Side, int]],
        fine: tuple[FineTexture, HiddenTexture | None],
        hairy: "_Hairy | None",
        mouth: Mouth | None,
        teeth: bool,
        borders: Borders | None,
    ):
        """values: what vertices have, (V, c) each: point, normal, color 0..255, way, and how sure that is, see `Ways`;
        "point 1" and so on, where other photos show them; of hands "on hand" and "tone", see `HandTones`; of hairy
        ones "rest", "hair" and "of hair", see `_Hairy`, and "face" 0..1 of one that no photo shows. sides: pictures,
        from the one that lies below to the one above, each with the number of the photo among the others that took it,
        0 for the photo's crop. fine: the photo's fine texture, and that of the hidden side, if known. teeth: whether
        these hide the mouth; borders: lines between materials, if known."""
        self._of_vertices = np.concatenate(list(values.values()), 1, dtype=np.float32)
        self._names, self._ends = list(values), np.cumsum([each.shape[1] for each in values.values()])[:-1]
        (self._fine, self._beneath), self._sides, self._hairy = fine, sides, hairy
        self._mouth, self._teeth, self._borders = mouth, teeth, borders

    def colors(self, triangles: np.ndarray, corners: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """(N, 3) uint8 sRGB of places in triangles, numbers (N,), whose corners are vertices (N, 3), weights (N, 3)."""
        values = weights[:, :1] * self._of_vertices[corners[:, 0]]
        for k in (1, 2):
            values += weights[:, k, None] * self._of_vertices[corners[:, k]]
        of = dict(zip(self._names, np.split(values, self._ends, 1), strict=True))
        points, colors, places, share = of["point"], of["color"], of["way"], of["sure"]
        self._draw_beneath(of, triangles, weights)
        bare = colors.copy() if self._teeth else colors
        taken = np.flatnonzero(share[:, 0] > 0)
        unseen = np.ones(len(points), np.float32)
        for side, k in self._sides:
            where, looks = (of[f"{name} {k}" if k else name] for name in ("point", "normal"))
            looks = unit(looks)
            trust = side.trust(where, looks, of["lean"] if "lean" in of and not k else None)
            seen = np.flatnonzero(trust > 0)
            shown = side.shown(where[seen], looks[seen])
            if k == HALF:
                trust *= of["half"][:, 0]
            if "believed" in of and side is self._sides[-1][0]:
                trust *= of["believed"][:, 0]
            if side.hidden and "face" in of:
                trust *= 1 - of["face"][:, 0]
            if self._hairy:
                trust = self._hairy.covers(side, of["hair"], trust, looks)
            if "tone" in of and side.of_crop:
                trust[seen] *= believed(shown, of["on hand"][seen, 0], of["tone"][seen], side.around(where[seen]))
            colors[seen] += trust[seen, None] * (shown * 255 - colors[seen])
            share *= 1 - trust[:, None]
            unseen *= 1 - trust
        if self._hairy:  # which has a grain of its own
            share, unseen = share * (1 - of["hair"]), unseen * (1 - of["hair"][:, 0])
        self._go_on_beneath(colors, points, of["normal"], unseen * (1 - of["sure"][:, 0]))
        share = share[taken] * alike(colors[taken] / 255, self._fine.coarse(places[taken]))[:, None]
        colors[taken] += 255 * share * self._fine.at(places[taken])
        if self._hairy:
            self._hairy.add(colors, of["rest"], of["hair"])
        if self._mouth and self._teeth:
            colors += self._mouth.share(corners, weights)[:, None] * (bare - colors)
        elif self._mouth:
            shown = self._mouth.shown(corners, points)
            colors[shown] = self._sides[-1][0].colors(points[shown]) * 255
        return np.round(colors.clip(0, 255)).astype(np.uint8)

    def _go_on_beneath(self, colors, points, looks, share):
        """Add the hidden side's fine texture to colours (N, 3) 0..255 of points (N, 3) that look to (N, 3), as far as
        (N,) no picture shows them and no texture reaches them along the surface: what lies under a hand, or between
        arm and trunk, has that of what is behind it, which goes on through the body."""
        if self._beneath is None:
            return
        there = np.flatnonzero(share > LEAST)
        share = share[there] * smooth_step(np.abs(unit(looks[there])[:, 2]), *FLAT)
        there, share = there[share > LEAST], share[share > LEAST]
        places = points[there, :2]
        share *= alike(colors[there] / 255, self._beneath.coarse(places))
        colors[there] += 255 * share[:, None] * self._beneath.at(places)

    def _draw_beneath(self, of, triangles, weights):
        """Draw what lies beneath the pictures into the colours of places, `of` what vertices have: lines between
        materials, hair, and the features of a face that no photo shows."""
        if self._borders:
            self._borders.draw(of["color"], triangles, weights)
        if self._hairy:
            of["hair"] = smooth_step(of["hair"], *HAIRLINE)
            of["color"] += of["hair"] * (of["of hair"] - of["color"])
            if "face" in of:
                draw_features(of["color"], of["rest"], of["face"], self._hairy.tone)


@dataclass(frozen=True)
class _Hairy:
    """Hair on a mesh's scalp, which ends at the hairline, and has the grain of what the photo shows, if known, where no
    photo shows it itself. Vertices have "rest", (V, 3) where their skin rests, "hair", (V, 1) 0..1 how far it grows
    there, and "of hair", (V, 3) 0..255 its colour. tone (3,) 0..255: the middle one of hair."""

    scalp: Scalp
    strands: Strands | None
    tone: np.ndarray

    def beside_hairline(self, mesh: PaintedMesh) -> tuple[np.ndarray, np.ndarray]:
        """Colours (V, 3) 0..255 that a mesh's vertices have as hair, and as what is beside it: their own, and of those
        on the other side of the hairline that of the nearest on this one."""
        grows = self.scalp.grown > 0.5
        of_hair, beside = mesh.colors.astype(np.float32), mesh.colors.astype(np.float32)
        for colors, mine in ((of_hair, grows), (beside, ~grows)):
            if mine.any() and not mine.all():
                apart, near = cKDTree(mesh.vertices[mine]).query(mesh.vertices[~mine])
                there = np.flatnonzero(~mine)[apart < ACROSS_M * self.scalp.metre]
                colors[there] = mesh.colors[mine][near[apart < ACROSS_M * self.scalp.metre]]
        return of_hair, beside

    def covers(self, side: Side, hair: np.ndarray, trust: np.ndarray, looks: np.ndarray) -> np.ndarray:
        """The trust (N,) in a side's picture that is left where hair (N, 1), which looks to (N, 3), covers what is only
        guessed; of `hair` is taken off what is trusted and seen well enough to show locks."""
        if side.hidden and not self.scalp.seen_behind:
            trust = trust * (1 - hair[:, 0])
        hair *= 1 - (trust * smooth_step(np.abs(looks[:, 2]), *SHOWS_LOCKS))[:, None]
        return trust

    def add(self, colors: np.ndarray, rest: np.ndarray, hair: np.ndarray) -> None:
        """Give colours (N, 3) 0..255 the grain of hair (N, 1), of skin that rests at (N, 3)."""
        if self.strands is None:
            return
        where = np.flatnonzero(hair[:, 0] > 0)
        colors[where] += 255 * hair[where] * self.strands.on_scalp(rest[where], colors[where] / 255)


def _middle(tones):
    """(3,) the median of colours (N, 3) 0..255; of none black."""
    return np.median(tones, 0) if len(tones) else np.zeros(3)


def png(picture: np.ndarray) -> bytes:
    """The bytes of a PNG file of a picture (n, n, 3) uint8 sRGB."""
    return cv2.imencode(".png", picture[..., ::-1])[1].tobytes()

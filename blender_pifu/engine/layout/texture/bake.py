# SPDX-License-Identifier: GPL-3.0-or-later
"""The base colour map: the photo where the camera saw the surface, the drawn back behind, vertex colours between."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ...color.continuation import FineTexture, alike, find_ways
from ...color.hair import find_hair
from ...color.painting import Elsewhere, Scalp, Side
from ...color.strands import Strands, strands_of
from ...surface.mesh import split_quads
from ...surface.normals import unit
from ..painted_mesh import PaintedMesh
from .mouth import Mouth
from .texels import SLACK, cover, filled

TURNED = 0.6  # what is added to the normals of what was fitted to the photo, towards the camera


def bake(
    mesh: PaintedMesh,
    uv: np.ndarray,
    dense: PaintedMesh,
    spacing: float,
    size: int,
    pictures: dict[str, np.ndarray],
    waiting: Callable[[], None] = lambda: None,
    in_mouth: np.ndarray | None = None,
    teeth: bool = False,
    landmarks: np.ndarray | None = None,
    others: Sequence[Elsewhere] = (),
    fitted: np.ndarray | None = None,
    scalp: Scalp | None = None,
) -> np.ndarray:
    """A picture (size, size, 3) uint8 sRGB for the UVs (F, 3|4, 2) of a PaintedMesh.

    dense: the PaintedMesh that hides what lies behind it, cut with lattice step `spacing`, field units. pictures: what
    `colors.paint` takes: "photo" and perhaps "back". Wherever these are not trusted the texture has the colours of the
    mesh's vertices, which go over into them, with the photo's fine texture. Texels no face covers continue the nearest.
    waiting: called at every part of the map, may raise to stop; in_mouth (V,) bool: the mesh's vertices inside its
    mouth; teeth: that is hidden behind teeth, and keeps its vertices' colours; landmarks: as `FineTexture` takes them;
    others: further photos, as `color.painting.paint` takes them; fitted (V,) 0..1: the mesh's vertices that were fitted
    to the photo's own pixels, of which it tells though they turn away, as the sides of a nose do; scalp: of the mesh's
    vertices, where hair has the grain of what the photo shows of it.
    """
    triangles, corners = split_quads(mesh.faces)
    found = cover(uv.reshape(-1, 2)[corners], size, SLACK)
    sides = [(Side(dense.vertices, dense.faces, spacing, pictures["back"], -1), 0)] if "back" in pictures else []
    sides += [(each.side(dense.vertices, dense.faces, spacing), k) for k, each in enumerate(others, 1)]
    sides.append((Side(dense.vertices, dense.faces, spacing, pictures["photo"], 1), 0))
    fine = FineTexture(pictures["photo"], landmarks)
    normals = mesh.normals
    if fitted is not None:
        normals = unit(normals + TURNED * fitted[:, None] * np.array([0, 0, 1], np.float32)).astype(np.float32)
    seen = sides[-1][0].trust(mesh.vertices, normals)
    ways = find_ways(mesh.vertices, triangles, normals, seen, fine)
    hairy = None
    if scalp is not None and landmarks is not None:
        strands = strands_of(find_hair(pictures["photo"], landmarks), fine.band)
        hairy = None if strands is None else _Hairy(scalp, strands)
    looks = mesh.colors, ways.places, (ways.sure * (1 - seen))[:, None]
    there = [part for each in others for part in each.placed(mesh.vertices, triangles)]
    on_scalp = hairy.of_vertices if hairy else []
    of_vertices = np.concatenate([mesh.vertices, normals, *looks, *there, *on_scalp], 1, dtype=np.float32)
    mouth = None if in_mouth is None else Mouth(mesh.vertices, mesh.faces, in_mouth)
    texels = _Texels(of_vertices, sides, fine, hairy, mouth, teeth)

    def colors_of(part):
        return texels.colors(triangles[found.face[part]], found.weights[part])

    return filled(found, size, colors_of, waiting)


@dataclass(frozen=True)
class _Texels:
    """What colours texels have. of_vertices (V, C): places, normals, colours, `Ways` and how sure these are, places and
    normals as each of the others sees them, and, with `hairy`, what that has of vertices; sides: pictures, from the one
    that lies below to the one above, each with the number of the one of the others that took it, 0 for the photo's
    crop; teeth: whether these hide the mouth."""

    of_vertices: np.ndarray
    sides: list[tuple[Side, int]]
    fine: FineTexture
    hairy: "_Hairy | None"
    mouth: Mouth | None
    teeth: bool

    def colors(self, corners: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """(N, 3) uint8 sRGB of places in triangles whose corners are vertices (N, 3), weights (N, 3)."""
        values = weights[:, :1] * self.of_vertices[corners[:, 0]]
        for k in (1, 2):
            values += weights[:, k, None] * self.of_vertices[corners[:, k]]
        ends = [3, 6, 9, 11, *range(12, values.shape[1], 3)]
        points, normals, colors, places, share, *there = np.split(values, ends, 1)
        bare = colors.copy() if self.teeth else colors
        *there, rest, hair = there if self.hairy else (*there, values[:, :0], values[:, :0])
        shown_at = [(points, unit(normals)), *zip(there[::2], map(unit, there[1::2]), strict=True)]
        taken = np.flatnonzero(share[:, 0] > 0)
        for side, k in self.sides:
            where, looks = shown_at[k]
            trust = side.trust(where, looks)
            if self.hairy:
                trust = self.hairy.covers(side, hair, trust)
            seen = np.flatnonzero(trust > 0)
            colors[seen] += trust[seen, None] * (side.colors(where[seen]) * 255 - colors[seen])
            share *= 1 - trust[:, None]
        share = share[taken] * alike(colors[taken] / 255, self.fine.coarse(places[taken]))[:, None]
        colors[taken] += 255 * share * self.fine.at(places[taken])
        if self.hairy:
            self.hairy.add(colors, rest, hair)
        if self.mouth and self.teeth:
            colors += self.mouth.share(corners, weights)[:, None] * (bare - colors)
        elif self.mouth:
            shown = self.mouth.shown(corners, points)
            colors[shown] = self.sides[-1][0].colors(points[shown]) * 255
        return np.round(colors.clip(0, 255)).astype(np.uint8)


@dataclass(frozen=True)
class _Hairy:
    """Hair on a mesh's scalp, which has the grain of what the photo shows, where no photo shows it itself."""

    scalp: Scalp
    strands: Strands

    @property
    def of_vertices(self) -> list[np.ndarray]:
        """Of the mesh's vertices where their skin rests, (V, 3), and how far hair grows there, (V, 1) 0..1."""
        return [self.scalp.rest, self.scalp.grown.clip(0, 1)[:, None]]

    def covers(self, side: Side, hair: np.ndarray, trust: np.ndarray) -> np.ndarray:
        """The trust (N,) in a side's picture that is left where hair (N, 1) covers what is only guessed; what is
        trusted is taken off `hair`."""
        if side.hidden and not self.scalp.seen_behind:
            trust = trust * (1 - hair[:, 0])
        hair *= 1 - trust[:, None]
        return trust

    def add(self, colors: np.ndarray, rest: np.ndarray, hair: np.ndarray) -> None:
        """Give colours (N, 3) 0..255 the grain of hair (N, 1), of skin that rests at (N, 3)."""
        where = np.flatnonzero(hair[:, 0] > 0)
        colors[where] += 255 * hair[where] * self.strands.on_scalp(rest[where], colors[where] / 255)


def png(picture: np.ndarray) -> bytes:
    """The bytes of a PNG file of a picture (n, n, 3) uint8 sRGB."""
    return cv2.imencode(".png", picture[..., ::-1])[1].tobytes()

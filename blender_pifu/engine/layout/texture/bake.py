# SPDX-License-Identifier: GPL-3.0-or-later
"""The base colour map: the photo where the camera saw the surface, the drawn back behind, vertex colours between."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np

from ...color.continuation import FineTexture, alike, find_ways
from ...color.painting import Elsewhere, Side
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
) -> np.ndarray:
    """A picture (size, size, 3) uint8 sRGB for the UVs (F, 3|4, 2) of a PaintedMesh.

    dense: the PaintedMesh that hides what lies behind it, cut with lattice step `spacing`, field units. pictures: what
    `colors.paint` takes: "photo" and perhaps "back". Wherever these are not trusted the texture has the colours of the
    mesh's vertices, which go over into them, with the photo's fine texture. Texels no face covers continue the nearest.
    waiting: called at every part of the map, may raise to stop; in_mouth (V,) bool: the mesh's vertices inside its
    mouth; teeth: that is hidden behind teeth, and keeps its vertices' colours; landmarks: as `FineTexture` takes them;
    others: further photos, as `color.painting.paint` takes them; fitted (V,) 0..1: the mesh's vertices that were fitted
    to the photo's own pixels, of which it tells though they turn away, as the sides of a nose do.
    """
    triangles, corners = split_quads(mesh.faces)
    found = cover(uv.reshape(-1, 2)[corners], size, SLACK)
    back = pictures.get("back")
    sides = [] if back is None else [(Side(dense.vertices, dense.faces, spacing, back, -1), 0)]
    sides += [(each.side(dense.vertices, dense.faces, spacing), k) for k, each in enumerate(others, 1)]
    photo = Side(dense.vertices, dense.faces, spacing, pictures["photo"], 1)
    sides.append((photo, 0))
    mouth = None if in_mouth is None else Mouth(mesh.vertices, mesh.faces, in_mouth)
    fine = FineTexture(pictures["photo"], landmarks)
    normals = mesh.normals
    if fitted is not None:
        normals = unit(normals + TURNED * fitted[:, None] * np.array([0, 0, 1], np.float32)).astype(np.float32)
    seen = photo.trust(mesh.vertices, normals)
    ways = find_ways(mesh.vertices, triangles, normals, seen, fine)
    looks = mesh.colors, ways.places, (ways.sure * (1 - seen))[:, None]
    there = [part for each in others for part in each.placed(mesh.vertices, triangles)]
    of_vertices = np.concatenate([mesh.vertices, normals, *looks, *there], 1, dtype=np.float32)

    ends = [3, 6, 9, 11, *range(12, of_vertices.shape[1], 3)]

    def colors_of(part):
        of_corners, weights = triangles[found.face[part]], found.weights[part]
        values = weights[:, :1] * of_vertices[of_corners[:, 0]]
        for k in (1, 2):
            values += weights[:, k, None] * of_vertices[of_corners[:, k]]
        points, normals, colors, places, share, *there = np.split(values, ends, 1)
        bare = colors.copy() if teeth else colors
        taken = np.flatnonzero(share[:, 0] > 0)
        shown_at = [(points, unit(normals)), *zip(there[::2], map(unit, there[1::2]), strict=True)]
        for side, k in sides:
            where, looks = shown_at[k]
            trust = side.trust(where, looks)
            seen = np.flatnonzero(trust > 0)
            colors[seen] += trust[seen, None] * (side.colors(where[seen]) * 255 - colors[seen])
            share *= 1 - trust[:, None]
        share = share[taken] * alike(colors[taken] / 255, fine.coarse(places[taken]))[:, None]
        colors[taken] += 255 * share * fine.at(places[taken])
        if mouth and teeth:
            colors += mouth.share(of_corners, weights)[:, None] * (bare - colors)
        elif mouth:
            shown = mouth.shown(of_corners, points)
            colors[shown] = photo.colors(points[shown]) * 255
        return np.round(colors.clip(0, 255)).astype(np.uint8)

    return filled(found, size, colors_of, waiting)


def png(picture: np.ndarray) -> bytes:
    """The bytes of a PNG file of a picture (n, n, 3) uint8 sRGB."""
    return cv2.imencode(".png", picture[..., ::-1])[1].tobytes()

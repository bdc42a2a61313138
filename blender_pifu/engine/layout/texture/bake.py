# SPDX-License-Identifier: GPL-3.0-or-later
"""The base colour map: the photo where the camera saw the surface, the drawn back behind, vertex colours between."""

from collections.abc import Callable

import cv2
import numpy as np

from ...color.continuation import FineTexture, alike, find_ways
from ...color.painting import Side
from ...cores import divided
from ...surface.mesh import split_quads
from ..painted_mesh import PaintedMesh
from .mouth import Mouth
from .texels import cover

# So far outside a triangle (texels) its colours are still computed: what filtering reads at a seam is the seam's own.
SLACK = 1.0
PART = 1 << 17  # texels


def bake(
    mesh: PaintedMesh,
    uv: np.ndarray,
    dense: PaintedMesh,
    spacing: float,
    size: int,
    pictures: dict[str, np.ndarray],
    waiting: Callable[[], None] = lambda: None,
    in_mouth: np.ndarray | None = None,
    landmarks: np.ndarray | None = None,
) -> np.ndarray:
    """A picture (size, size, 3) uint8 sRGB for the UVs (F, 3|4, 2) of a PaintedMesh.

    dense: the PaintedMesh that hides what lies behind it, cut with lattice step `spacing`, field units. pictures: what
    `colors.paint` takes: "photo" and perhaps "back". Wherever these are not trusted the texture has the colours of the
    mesh's vertices, which go over into them, with the photo's fine texture. Texels no face covers continue the nearest.
    waiting: called at every part of the map, may raise to stop; in_mouth (V,) bool: the mesh's vertices inside its
    mouth; landmarks: as `FineTexture` takes them.
    """
    triangles, corners = split_quads(mesh.faces)
    found = cover(uv.reshape(-1, 2)[corners], size, SLACK)
    chosen = deepest(found, size)
    sides = [
        Side(dense.vertices, dense.faces, spacing, pictures[name], side)
        for name, side in (("back", -1), ("photo", 1))
        if pictures.get(name) is not None
    ]
    mouth = None if in_mouth is None else Mouth(mesh.vertices, mesh.faces, in_mouth)
    fine = FineTexture(pictures["photo"], landmarks)
    seen = sides[-1].trust(mesh.vertices, mesh.normals)
    ways = find_ways(mesh.vertices, triangles, mesh.normals, seen, fine)
    looks = mesh.colors, ways.places, (ways.sure * (1 - seen))[:, None]
    of_vertices = np.concatenate([mesh.vertices, mesh.normals, *looks], 1, dtype=np.float32)

    def colors_of(part):
        of_corners, weights = triangles[found.face[part]], found.weights[part]
        values = weights[:, :1] * of_vertices[of_corners[:, 0]]
        for k in (1, 2):
            values += weights[:, k, None] * of_vertices[of_corners[:, k]]
        points, normals, colors, places, share = np.split(values, [3, 6, 9, 11], 1)
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
        taken = np.flatnonzero(share[:, 0] > 0)
        for side in sides:
            trust = side.trust(points, normals)
            seen = np.flatnonzero(trust > 0)
            colors[seen] += trust[seen, None] * (side.colors(points[seen]) * 255 - colors[seen])
            share *= 1 - trust[:, None]
        share = share[taken] * alike(colors[taken] / 255, fine.coarse(places[taken]))[:, None]
        colors[taken] += 255 * share * fine.at(places[taken])
        if mouth:
            shown = mouth.shown(of_corners, points)
            colors[shown] = sides[-1].colors(points[shown]) * 255
        return np.round(colors.clip(0, 255)).astype(np.uint8)

    picture = np.zeros((size * size, 3), np.uint8)
    known = np.ones(size * size, np.uint8)
    texel = found.texel[chosen]
    # In parts, as maps of 4096 need gigabytes at once, and a processor's cache holds less.
    parts = [chosen[start : start + PART] for start in range(0, len(chosen), PART)]
    picture[texel] = np.concatenate(divided(colors_of, parts, waiting)) if parts else 0
    known[texel] = 0
    return spread_texels(picture.reshape(size, size, 3), known.reshape(size, size))


def deepest(found, size):
    """Indices into a Cover of `size` texels to a side, one for each texel, in their order: where several faces reach
    for it, that of the one it lies in most."""
    depth = np.minimum(np.minimum(found.weights[:, 0], found.weights[:, 1]), found.weights[:, 2])
    most = np.full(size * size, -1, np.float32)
    np.maximum.at(most, found.texel, depth)
    best = np.flatnonzero(depth == most[found.texel])[::-1]
    index = np.full(size * size, -1, np.int64)
    index[found.texel[best]] = best  # of equals the first, which is written last
    return index[index >= 0]


def spread_texels(picture, empty):
    """Give texels where `empty` (n, n) is 1 the colour of the nearest other."""
    _, nearest = cv2.distanceTransformWithLabels(empty, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    colors = np.zeros((int(nearest.max()) + 1, 3), np.uint8)
    filled = empty == 0
    colors[nearest[filled]] = picture[filled]
    return colors[nearest]


def png(picture: np.ndarray) -> bytes:
    """The bytes of a PNG file of a picture (n, n, 3) uint8 sRGB."""
    return cv2.imencode(".png", picture[..., ::-1])[1].tobytes()

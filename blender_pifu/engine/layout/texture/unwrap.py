# SPDX-License-Identifier: GPL-3.0-or-later
"""UVs without overlap: the body cut along its outline into a front and a back, as tailors do, each laid flat.

A chart that overlaps itself is cut up further until none does; a single face never does. Of what was cut too small the
charts beside it take what they have room for. Head and hands of the body's own skin come laid flat already.
"""

from collections.abc import Callable

import numpy as np
from scipy.sparse import coo_matrix, diags
from scipy.sparse.csgraph import connected_components

from ...surface.mesh import cross, directed_edges, neighbour_mean, split_quads
from .flatten import project, rectangle, unfold
from .join import join_small
from .outline import is_simple
from .pack import pack
from .skin_charts import LaidFlat
from .texels import cover

SMOOTHING = 12
# Components smaller than this go to what surrounds them.
LEAST_FACES = 0.004
# Pixels along a triangle in the pictures in which overlaps are looked for: a quick one, then one finer than textures.
TEST_PX = 7, 20
FINAL_PX = 4096
# Empty border round each chart, in sides of the map: 8 texels of 2048, enough for the first three mip levels.
MARGIN = 4 / 1024
# Charts of at most so many faces may stay as they are seen, foreshortened, where unfolding fails.
SMALL = 50
# Triangles may be squeezed to this share of their area at most.
LEAST_AREA = 0.1
JOINED = 2  # times that small charts are given to others: as cut, and once after slivers were taken out
AXES = np.vstack([np.eye(3), -np.eye(3)])


def unwrap(
    vertices: np.ndarray,
    faces: np.ndarray,
    normals: np.ndarray,
    waiting: Callable[[], None] | None = None,
    skin: LaidFlat | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """UVs (F, 3|4, 2) float32 of each face's corners, 0..1, v up, and the chart (F,) of each face.

    vertices (V, 3), faces (F, 3|4) with -1 as the fourth of a triangle, normals (V, 3), field space; waiting: called
    at every chart, may raise to stop; skin: what is laid flat already. Deterministic.
    """
    links, real = _face_links(faces), faces >= 0
    uv, charts, count = np.zeros((*faces.shape, 2)), np.full(len(faces), -1), 0
    if skin is not None and len(skin.faces):
        uv[skin.faces], charts[skin.faces], count = skin.uv, skin.charts, int(skin.charts.max()) + 1
    rest = np.flatnonzero(charts < 0)
    pending = _pieces(rest, _sides(vertices, faces, normals, links)[rest], links)
    while pending:
        further = []
        for chosen in pending:
            placed, bad = _lay(vertices, faces[chosen])
            if waiting:
                waiting()
            if bad is None:
                uv[chosen], charts[chosen] = placed, count
                count += 1
            else:
                further += _cut(vertices, faces, chosen, bad, links)
        pending = further
    free = diags(np.isin(np.arange(len(faces)), rest).astype(float))
    among_rest, to_join = (free @ links @ free).tocsr(), JOINED
    while True:
        if to_join:
            uv, charts = join_small(vertices, faces, among_rest, uv, charts)
            count, to_join = int(charts.max()) + 1, to_join - 1
        packed = _arrange(uv, charts, count, real).astype(np.float32)
        over = _over_others(packed, faces, rest[_doubtful(uv[rest], faces[rest], charts[rest])])
        if not len(over):
            return packed, charts
        for face in over.tolist():  # slivers that the tests of the charts could not see
            uv[face], charts[face] = rectangle(vertices[faces[face]].astype(np.float64)), count
            count += 1


def _sides(vertices, faces, normals, links):
    """(F,) bool: the faces of the front, without small islands."""
    mean = neighbour_mean(faces, len(vertices))
    facing = normals[:, 2].astype(np.float64)
    for _ in range(SMOOTHING):
        facing = mean @ facing
    front = np.where(faces >= 0, facing[faces], 0).sum(1) > 0
    return _without_islands(front, links, LEAST_FACES * len(faces))


def _lay(vertices, faces):
    """UVs of a chart's corners and None, or None and which of its faces (F,) bool lie wrong."""
    used, local = np.unique(faces[faces >= 0], return_inverse=True)
    renumbered = np.full(faces.shape, -1)
    renumbered[faces >= 0] = local
    triangles, corners = split_quads(renumbered)
    points = vertices[used].astype(np.float64)
    seen = project(points, triangles)
    if len(faces) == 1:
        return _single(points[renumbered[0]], seen[renumbered[0]], triangles, seen), None
    ways = [unfold(points, triangles, seen), *([seen] if len(faces) <= SMALL else [])]
    fewest = None
    for placed in ways:
        bad = _wrong(points, triangles, placed)
        if not bad.any():
            uv = np.zeros((*faces.shape, 2))
            uv[faces >= 0] = placed[local]
            return uv, None
        owners = np.zeros(len(faces), bool)
        owners[(corners[:, 0] // faces.shape[1])[bad]] = True
        if fewest is None or owners.sum() < fewest.sum():
            fewest = owners
    return None, fewest


def _single(corners, seen_corners, triangles, seen):
    """UVs (1, 3|4, 2) of one face's corners (3|4, 3): as it is seen, or, of a quad that is not convex, a rectangle."""
    if not _wrong(corners, triangles, seen).any():
        return seen_corners[None]
    return rectangle(corners)[None]


def _wrong(points, triangles, placed):
    """Triangles (T,) bool that are turned over, squeezed to nothing, or lie over others."""
    one, two = (placed[triangles[:, k]] - placed[triangles[:, 0]] for k in (1, 2))
    flat = one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]
    edges = [points[triangles[:, k]] - points[triangles[:, 0]] for k in (1, 2)]
    bad = flat < LEAST_AREA * np.linalg.norm(cross(*edges), axis=1)
    if bad.any() or is_simple(placed, triangles):
        return bad
    low, high = placed.min(0), placed.max(0)
    unit = ((placed - low) / max((high - low).max(), 1e-12))[triangles]
    for pixels in TEST_PX:
        if bad.any():
            break
        size = int(pixels * np.sqrt(len(triangles)) + 2)
        found = cover(unit, size)
        times = np.bincount(found.texel, minlength=size**2)
        bad[found.face[times[found.texel] > 1]] = True
    return bad


def _doubtful(uv, faces, charts):
    """Indices of the faces of charts whose outline does not tell that nothing in them lies over anything."""
    found = []
    for mine in np.split(np.argsort(charts, kind="stable"), np.cumsum(np.bincount(charts))[:-1]):
        corners = uv[mine].reshape(-1, 2)[split_quads(faces[mine])[1]]
        # What is one place is one vertex, also where the chart was cut along an edge.
        _, first, index = np.unique(corners.reshape(-1, 2).view(np.complex128), return_index=True, return_inverse=True)
        if not is_simple(corners.reshape(-1, 2)[first], index.reshape(-1, 3)):
            found.append(mine)
    return np.sort(np.concatenate([np.empty(0, np.int64), *found]))


def _over_others(uv, faces, doubtful):
    """Indices of faces that lie over an earlier one of their chart somewhere in a map of FINAL_PX; doubtful: (N,) those
    that may."""
    if not len(doubtful):
        return doubtful
    corners = split_quads(faces[doubtful])[1]
    found = cover(uv[doubtful].reshape(-1, 2)[corners].astype(np.float64), FINAL_PX)
    times = np.bincount(found.texel, minlength=FINAL_PX**2)
    several = np.flatnonzero(times[found.texel] > 1)
    owner = doubtful[corners[found.face[several], 0] // faces.shape[1]]
    order = np.lexsort((owner, found.texel[several]))
    texel, owner = found.texel[several][order], owner[order]
    return np.unique(owner[1:][texel[1:] == texel[:-1]])


def _cut(vertices, faces, chosen, bad, links):
    """Smaller charts in place of one, of which `bad (F,)` faces lie wrong."""
    if bad.all() or len(chosen) <= 6:
        normals = _face_normals(vertices, faces[chosen])
        sides = (normals @ AXES.T).argmax(1)
        pieces = _pieces(chosen, sides, links)
        if len(pieces) > 1:
            return pieces
        return _pieces(chosen, np.arange(len(chosen)) < len(chosen) // 2, links)  # a half may come apart
    among = links[chosen][:, chosen]
    wide = bad | (among @ bad.astype(float) > 0)
    wide = bad if wide.all() else wide
    sides = np.where(wide, (_face_normals(vertices, faces[chosen]) @ AXES.T).argmax(1), -1)
    return _pieces(chosen, sides, links)


def _pieces(chosen, labels, links):
    """The faces `chosen (F,)` by connected pieces of the same label (F,), largest first."""
    among = links[chosen][:, chosen].tocoo()
    same = labels[among.row] == labels[among.col]
    graph = coo_matrix((np.ones(same.sum(), bool), (among.row[same], among.col[same])), among.shape)
    count, piece = connected_components(graph, directed=False)
    order = np.argsort(piece, kind="stable")
    parts = np.split(chosen[order], np.cumsum(np.bincount(piece, minlength=count))[:-1])
    return sorted(parts, key=lambda part: (-len(part), part[0]))


def _without_islands(front, links, least):
    """Sides (F,) bool, small pieces of which are given to the other."""
    for _ in range(4):
        changed = False
        for part in _pieces(np.arange(len(front)), front, links):
            if len(part) < least:
                front = front.copy()
                front[part] = ~front[part]
                changed = True
        if not changed:
            break
    return front


def _arrange(uv, charts, count, real):
    """Charts packed into the unit square."""
    lows, sizes = np.zeros((count, 2)), np.zeros((count, 2))
    for chart in range(count):
        mine = charts == chart
        corners = uv[mine][real[mine]]
        lows[chart], sizes[chart] = corners.min(0), np.ptp(corners, axis=0)
    margin = MARGIN
    while True:
        try:
            places, scale = pack(sizes, margin)
            break
        except ValueError:
            margin /= 2
    packed = (uv - lows[charts][:, None]) * scale + places[charts][:, None]
    return np.where(real[..., None], packed, 0)


def _face_links(faces):
    """Sparse (F, F): which faces share an edge."""
    start, end = directed_edges(faces)
    owner = np.nonzero(faces >= 0)[0]
    size = int(faces.max()) + 1
    key = np.minimum(start, end) * size + np.maximum(start, end)
    order = np.argsort(key, kind="stable")
    pairs = owner[order].reshape(-1, 2)  # closed: two faces at each edge
    graph = coo_matrix((np.ones(len(pairs)), pairs.T), (len(faces), len(faces))).tocsr()
    return ((graph + graph.T) > 0).astype(float).tocsr()


def _face_normals(vertices, faces):
    """Unit normals (F, 3) of faces (F, 3|4), by their first three corners and, of quads, the other two."""
    points = vertices.astype(np.float64)
    last = faces[:, -1]
    last = np.where(last < 0, faces[:, 2], last)
    diagonal = np.cross(points[faces[:, 2]] - points[faces[:, 0]], points[last] - points[faces[:, 1]])
    triangle = np.cross(points[faces[:, 1]] - points[faces[:, 0]], points[faces[:, 2]] - points[faces[:, 0]])
    normals = diagonal if faces.shape[1] == 4 else triangle
    normals = np.where((faces[:, -1:] < 0), triangle, normals)
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-20)

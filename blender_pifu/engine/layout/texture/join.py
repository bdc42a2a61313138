# SPDX-License-Identifier: GPL-3.0-or-later
"""Charts of a few faces given to the charts beside them, where those have room for them in the plane."""

from collections import Counter
from functools import reduce
from math import dist, hypot

import numpy as np
from scipy.sparse import csr_matrix

from ...surface.mesh import split_quads
from .flatten import project, rectangle
from .texels import cover

MOST_FACES = 8  # of a chart that is better no chart of its own
WINDOW_PX = 48  # across a face, when it is looked for overlaps: finer than textures
# Of a face's area and of its edges that it may be squeezed or stretched to between its neighbours.
LEAST, MOST = 0.3, 3.0
PASSES = 3
SPLIT = {count: split_quads(np.arange(count)[None])[0] for count in (3, 4)}  # a face's triangles, of its corners


def join_small(
    vertices: np.ndarray, faces: np.ndarray, links: csr_matrix, uv: np.ndarray, charts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """UVs (F, 3|4, 2) and charts (F,), numbered from 0, with fewer charts of at most MOST_FACES.

    vertices (V, 3), faces (F, 3|4), links sparse (F, F) of faces that share an edge; uv, charts: each chart laid flat
    in the unit of `vertices`. A chart goes wholly or not at all; no face then lies over another of its chart.
    """
    uv, charts = uv.copy(), charts.copy()
    for _ in range(PASSES):
        size = np.bincount(charts)
        small = [chart for chart in np.argsort(size, kind="stable") if 0 < size[chart] <= MOST_FACES]
        gone = sum(_dissolve(vertices, faces, links, uv, charts, chart) for chart in small)
        if not gone:
            break
    return uv, np.unique(charts, return_inverse=True)[1]


def _dissolve(vertices, faces, links, uv, charts, chart) -> bool:
    """Give every face of a chart to others, changing uv and charts, or none of them."""
    mine = np.flatnonzero(charts == chart).tolist()
    if not 0 < len(mine) <= MOST_FACES:  # it grew in the meantime
        return False
    before = uv[mine], charts[mine]
    waiting = list(mine)
    while waiting:
        for face in waiting:
            if _give(vertices, faces, links, uv, charts, face, chart):
                waiting.remove(face)
                break
        else:
            uv[mine], charts[mine] = before
            return False
    return True


def _give(vertices, faces, links, uv, charts, face, chart) -> bool:
    """Give a face to the chart, other than its own, with which it shares most edges and that has room."""
    beside = [other for other in links.indices[links.indptr[face] : links.indptr[face + 1]] if charts[other] != chart]
    for target, _ in Counter(charts[beside].tolist()).most_common():
        near = [other for other in beside if charts[other] == target]
        mates = np.flatnonzero(charts == target)
        for placed in _places(vertices, faces, uv, face, near):
            if _is_sound(vertices[faces[face]], placed) and _has_room(faces, uv, mates, placed):
                uv[face, : len(placed)], charts[face] = placed, target
                return True
    return False


def _places(vertices, faces, uv, face, near):
    """Where a face may lie, its corners (3|4, 2) each: between its neighbours `near`, then along one edge alone, at
    last as a rectangle there, which is how a bent one lies alone."""
    corners = faces[face][faces[face] >= 0]
    points = vertices[corners].astype(np.float64)
    flat = project(points, SPLIT[len(corners)])
    anchors = []
    for other in near:
        shared = [k for k, vertex in enumerate(corners) if vertex in faces[other]]
        at = np.array([uv[other, np.flatnonzero(faces[other] == corners[k])[0]] for k in shared])
        anchors.append((shared, at))
    known = {k: place for shared, at in anchors for k, place in zip(shared, at, strict=True)}
    agree = all(_same(known[k], place) for shared, at in anchors for k, place in zip(shared, at, strict=True))
    between = [(list(known), np.array(list(known.values())))] if agree and len(known) > 2 else []
    along = [(shared, at) for shared, at in anchors if len(shared) == 2]
    for form, shared, at in [(flat, *way) for way in between + along] + [(rectangle(points), *way) for way in along]:
        placed = _laid_beside(form, shared, at)
        placed[shared] = at
        yield placed


def _laid_beside(flat, shared, at):
    """`flat` (N, 2) turned and moved so that its corners `shared` come to lie at `at` as nearly as can be."""
    source, target = flat[shared], at
    one, two = source - source.mean(0), target - target.mean(0)
    cosine = (one * two).sum()
    sine = (one[:, 0] * two[:, 1] - one[:, 1] * two[:, 0]).sum()
    length = max(np.hypot(cosine, sine), 1e-12)
    turn = np.array([[cosine, sine], [-sine, cosine]]) / length
    return (flat - source.mean(0)) @ turn + target.mean(0)


def _same(one, two) -> bool:
    return all(abs(a - b) <= 1e-9 + 1e-5 * abs(b) for a, b in zip(one.tolist(), two.tolist(), strict=True))


def _is_sound(points, placed) -> bool:
    """Whether a face (3|4, 3) so placed looks up, convex, and neither squeezed nor stretched beyond use."""
    # Of so few numbers plain ones are the quicker.
    flat, points = placed.tolist(), points[: len(placed)].astype(np.float64).tolist()
    if any(_turn(flat[k], flat[k + 1 - len(flat)], flat[k - 1]) <= 0 for k in range(len(flat))):
        return False
    for k in range(len(flat)):
        length = dist(points[k - 1], points[k])
        if not LEAST * length < dist(flat[k - 1], flat[k]) < MOST * length:
            return False
    area, true = _area([(x, y, 0.0) for x, y in flat]), _area(points)
    return LEAST * true < area < MOST * true


def _turn(a, b, c) -> float:
    """Twice the signed area of a triangle in the plane."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _area(points) -> float:
    """Of a face, 3 or 4 corners."""
    (x, y, z), *others = ([p - o for p, o in zip(point, points[0], strict=True)] for point in points[1:])
    area = 0.0
    for u, v, w in others:
        area += hypot(y * w - z * v, z * u - x * w, x * v - y * u) / 2
        x, y, z = u, v, w
    return area


def _has_room(faces, uv, mates, placed) -> bool:
    """Whether a face placed there (3|4, 2) lies over none of the faces `mates`."""
    low, side = placed.min(0), max(float(np.ptp(placed, axis=0).max()), 1e-12)
    corners = uv[mates].transpose(1, 0, 2)
    if len(corners) == 4:
        corners = *corners[:3], np.where(faces[mates, 3:] >= 0, corners[3], corners[0])
    begins, ends = reduce(np.minimum, corners), reduce(np.maximum, corners)
    near = mates[((begins < low + side) & (ends > low)).all(1)]
    own = placed[SPLIT[len(placed)]]
    others = uv[near].reshape(-1, 2)[split_quads(faces[near])[1]]
    found = cover((np.concatenate([own, others]) - low) / side, WINDOW_PX)
    covered = np.zeros((2, WINDOW_PX**2), bool)
    covered[(found.face >= len(own)).astype(int), found.texel] = True
    return not (covered[0] & covered[1]).any()

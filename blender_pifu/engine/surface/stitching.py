# SPDX-License-Identifier: GPL-3.0-or-later
"""Open meshes joined along their rims."""

import numpy as np

from .mesh import check_mesh, components, directed_edges, split_quads

MOST_PIECES = 3  # that an edge of a rim is cut into


def rim_of(faces: np.ndarray) -> np.ndarray | None:
    """The one closed rim (R,) of open faces (F, 3|4), vertices in the direction of their edges; None where there are
    more rims, or one that touches itself."""
    start, end = directed_edges(faces)
    size = int(max(start.max(), end.max())) + 1
    open_edges = ~np.isin(start * size + end, end * size + start)
    start, end = start[open_edges], end[open_edges]
    if not len(start) or len(np.unique(start)) != len(start):
        return None
    after = dict(zip(start.tolist(), end.tolist(), strict=True))
    rim, at = [], int(start[0])
    while at in after and len(rim) <= len(start):
        rim.append(at)
        at = after[at]
        if at == rim[0]:
            break
    return np.array(rim) if at == rim[0] and len(rim) == len(start) else None


def piece_of(faces: np.ndarray, among: np.ndarray, count: int, start: int) -> np.ndarray:
    """(F,) those of faces (F, 3|4) that are `among (F,)` and hang together with a vertex; count: of vertices."""
    labels = components(faces[among], count)
    piece = among.copy()
    piece[among] = labels[faces[among, 0]] == labels[start]
    return piece


def within(faces: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """(F,) bool: faces (F, 3|4), a triangle with -1 at its end, all of whose vertices are `chosen (V,)` bool."""
    return (chosen[faces] | (faces < 0)).all(1)


def is_one_closed_piece(faces: np.ndarray) -> bool:
    """Whether faces (F, 3|4) hang together and leave no edge open."""
    check = check_mesh(faces)
    return check.watertight and check.components == 1


def as_wide(faces: np.ndarray, width: int) -> np.ndarray:
    """Faces (F, 3|4) as rows of 3 or 4: quads halved, or a triangle with -1 at its end."""
    if faces.shape[1] == width:
        return faces
    return split_quads(faces)[0] if width == 3 else np.column_stack([faces, np.full(len(faces), -1)])


def without_unused(points: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points (N, 3) and faces (F, 3|4) of a mesh -> float32 and int32 without those that no face has."""
    used = np.unique(faces[faces >= 0])
    renumber = np.full(len(points) + 1, -1)  # the last stands for -1
    renumber[used] = np.arange(len(used))
    return points[used].astype(np.float32), renumber[faces].astype(np.int32)


def with_finer_rim(
    points: np.ndarray, faces: np.ndarray, rim: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points (N, 3) and faces (F, 3|4) open at a rim (R,), and that rim, its edges cut so that it has about `count`
    vertices: joined to a finer one, no vertex of it gets a fan of faces. New points come last."""
    ends = np.roll(rim, -1)
    long = np.linalg.norm(points[ends] - points[rim], axis=1)
    pieces = np.clip(np.round(long * count / long.sum()).astype(int), 1, MOST_PIECES)
    owner, corner = _owners(faces, rim, ends)
    alone = np.bincount(owner, minlength=len(faces))[owner] == 1  # of a face with two edges there neither is cut
    added, made, finer, gone = [], [], [], np.zeros(len(faces), bool)
    for start, end, face, at, parts in zip(rim, ends, owner, corner, np.where(alone, pieces, 1), strict=True):
        finer.append(start)
        if parts == 1:
            continue
        gone[face] = True
        others = np.roll(faces[face][faces[face] >= 0], -at)[2:]  # beyond the edge's end
        new = [len(points) + len(added) + k for k in range(parts - 1)]
        added += [points[start] + (points[end] - points[start]) * (k + 1) / parts for k in range(parts - 1)]
        finer += new
        made += _cut_face([start, *new, end], others.tolist())
    if not added:
        return points, faces, rim
    width = faces.shape[1]
    rows = np.array([(*row, -1)[:width] for row in made])
    return np.concatenate([points, added]), np.concatenate([faces[~gone], rows]), np.array(finer)


def _owners(faces, start, end):
    """The face of each edge (E,) from `start` to `end`, and which of its corners the start is."""
    size = int(faces.max()) + 1
    following = np.where(np.roll(faces, -1, 1) < 0, faces[:, :1], np.roll(faces, -1, 1))
    keys = np.where(faces >= 0, faces.astype(np.int64) * size + following, -1).ravel()
    order = np.argsort(keys)
    found = order[np.searchsorted(keys[order], start.astype(np.int64) * size + end)]
    return found // faces.shape[1], found % faces.shape[1]


def _cut_face(edge, others):
    """Faces of a triangle or quad whose edge has further vertices: `edge` with its ends, `others` the vertices beyond
    its end."""
    if len(others) == 1:
        return [(one, after, others[0]) for one, after in zip(edge, edge[1:], strict=False)]
    beyond, before = others
    if len(edge) == 3:
        return [(edge[0], edge[1], beyond, before), (edge[1], edge[2], beyond)]
    return [(edge[0], edge[1], before), (edge[1], edge[2], beyond, before), (edge[2], edge[3], beyond)]


def band(points: np.ndarray, one: np.ndarray, other: np.ndarray, with_quads: bool = True) -> np.ndarray:
    """Faces (B, 4), a triangle with -1 at its end, between two rims that run alike: `one` as the edges of its faces,
    `other` against them; `with_quads` where both go on at much the same pace. points (N, 3)."""
    first = int(np.linalg.norm(points[other] - points[one[0]], axis=1).argmin())
    one, other = np.append(one, one[0]), np.roll(other, -first)
    other = np.append(other, other[0])
    i = j = 0
    faces = []
    while i < len(one) - 1 or j < len(other) - 1:
        a, b = points[one[i]], points[other[j]]
        ahead_a = np.linalg.norm(points[one[i + 1]] - b) if i < len(one) - 1 else np.inf
        ahead_b = np.linalg.norm(points[other[j + 1]] - a) if j < len(other) - 1 else np.inf
        if with_quads and np.isfinite(ahead_a + ahead_b):
            both = np.linalg.norm(points[one[i + 1]] - points[other[j + 1]])
            if both <= min(ahead_a, ahead_b):
                faces.append((one[i + 1], one[i], other[j], other[j + 1]))
                i, j = i + 1, j + 1
                continue
        if ahead_a <= ahead_b:
            faces.append((one[i + 1], one[i], other[j], -1))
            i += 1
        else:
            faces.append((one[i], other[j], other[j + 1], -1))
            j += 1
    return np.array(faces)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Open meshes joined along their rims."""

import numpy as np

from .mesh import check_mesh, components, directed_edges, split_quads, undirected_edges


def rim_of(faces: np.ndarray) -> np.ndarray | None:
    """The one closed rim (R,) of open faces (F, 3|4), vertices in the direction of their edges; None where there are
    more rims, or one that touches itself."""
    start, end = directed_edges(faces)
    size = int(max(start.max(), end.max())) + 1
    edges = undirected_edges(start, end, size)
    open_edges = ((edges.rising == 0) | (edges.falling == 0)) & (edges.low != edges.high)
    on_rim = np.zeros(size, bool)
    on_rim[edges.low[open_edges]] = on_rim[edges.high[open_edges]] = True
    some = on_rim[start] & on_rim[end]
    start, end = start[some], end[some]
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
    there = np.zeros(len(points), bool)
    there[faces[faces >= 0]] = True
    used = np.flatnonzero(there)
    renumber = np.full(len(points) + 1, -1)  # the last stands for -1
    renumber[used] = np.arange(len(used))
    return points[used].astype(np.float32), renumber[faces].astype(np.int32)


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

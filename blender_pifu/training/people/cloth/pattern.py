# SPDX-License-Identifier: GPL-3.0-or-later
"""Cut cloth: meshes of quads cut out of the base mesh's helper tights and skirt, with hems on level sets.

Every vertex is a weighted mean of base vertices, so a cut fits every body, and carries skin weights and rest places.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import sparse

from ..body import BASE_VERTICES, Body
from ..clothes.outfit import Cut
from ..clothes.tailor import ARM_BONES, limbs

NECK_M = 0.11  # half width of a neckline at its top, metres on the mean body
COLLAR_ROW_M = 0.011
ARMHOLE = 0.35  # share of the arm's bones in the skin weights, on the seam between sleeve and trunk


@dataclass(frozen=True)
class Pattern:
    """`quads (F, 4)` int32, a triangle has -1 last; `to_base (V, 19158)` sparse: rows sum to 1."""

    quads: np.ndarray
    to_base: sparse.csr_matrix

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Values on base vertices (19158, ...) -> on the cloth's."""
        return self.to_base @ values

    def weights(self, body: Body) -> np.ndarray:
        """How much each vertex follows each bone, (V, 104), rows sum to 1."""
        weights = np.maximum(self(body.weights), 0)
        return weights / weights.sum(1, keepdims=True)

    def subdivided(self) -> tuple["Pattern", sparse.csr_matrix]:
        """Twice as fine, and the matrix (V fine, V) that makes its vertices."""
        quads, matrix = split_quads(self.quads, self.to_base.shape[0])
        return Pattern(quads, (matrix @ self.to_base).tocsr()), matrix

    def triangles(self) -> np.ndarray:
        return to_triangles(self.quads)


def to_triangles(quads: np.ndarray) -> np.ndarray:
    """Each quad cut along the diagonal that starts at its first corner: (T, 3)."""
    whole = quads[quads[:, 3] >= 0]
    return np.ascontiguousarray(np.concatenate([quads[:, :3], whole[:, [0, 2, 3]]]), np.int32)


def sides_of(quads: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Directed sides (S, 2) of all faces and the face of each (S,)."""
    following = np.where(quads[:, [1, 2, 3, 0]] >= 0, quads[:, [1, 2, 3, 0]], quads[:, :1])
    real = quads >= 0
    return np.stack([quads[real], following[real]], 1), np.nonzero(real)[0]


def unique_edges(sides: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edges (E, 2) with the lower end first, the edge of each side (S,), and how many sides each edge has (E,)."""
    low, high = sides.min(1).astype(np.int64), sides.max(1)
    keys, edge, count = np.unique(low << 32 | high, return_inverse=True, return_counts=True)
    return np.stack([keys >> 32, keys & 0xFFFFFFFF], 1).astype(np.int32), edge.ravel(), count


def split_quads(quads: np.ndarray, vertex_count: int) -> tuple[np.ndarray, sparse.csr_matrix]:
    """Every face into as many quads as it has corners, meeting in its middle: quads and the matrix (V fine, V)."""
    sides, face = sides_of(quads)
    edges, edge, _ = unique_edges(sides)
    corners = np.bincount(face, minlength=len(quads))
    mids, centres = vertex_count + np.arange(len(edges)), vertex_count + len(edges) + np.arange(len(quads))
    start = np.cumsum(corners) - corners
    before = np.arange(len(sides)) - 1
    before[start] = start + corners - 1  # the side that comes before, round its face
    fine = np.stack([sides[:, 0], mids[edge], centres[face], mids[edge[before]]], 1).astype(np.int32)
    rows = np.r_[np.arange(vertex_count), np.repeat(mids, 2), centres[face]]
    columns = np.r_[np.arange(vertex_count), edges.ravel(), sides[:, 0]]
    values = np.r_[np.ones(vertex_count), np.full(2 * len(edges), 0.5), 1 / corners[face]]
    shape = (vertex_count + len(edges) + len(quads), vertex_count)
    return fine, sparse.csr_matrix((values.astype(np.float32), (rows, columns)), shape)


@dataclass(frozen=True)
class Places:
    """Where vertices lie on the body, (V,) each: see `tailor.Limbs`; `on_arm` 0..1; `side`: metres from the middle of
    the mean body, on the person's left above 0."""

    arm: np.ndarray
    trunk: np.ndarray
    front: np.ndarray
    on_arm: np.ndarray
    side: np.ndarray


@lru_cache(maxsize=1)
def base_places(body: Body) -> Places:
    """Of all base vertices."""
    arms = [i for i, name in enumerate(body.bones) if name.startswith(ARM_BONES[2:])]
    on_arm = sum((body.weights[:, i] for i in arms), np.zeros((), body.weights.dtype))
    at = limbs(body)
    return Places(at.arm, at.trunk, at.front, on_arm, body.mean_vertices[:, 0])


def places(body: Body, matrix: sparse.csr_matrix) -> Places:
    """Of vertices that are means of base vertices."""
    base = base_places(body)
    return Places(*(matrix @ getattr(base, name) for name in Places.__dataclass_fields__))


@lru_cache(maxsize=2)
def sheet(body: Body, group: str) -> tuple[Pattern, Places]:
    """A whole helper ("helper-tights", "helper-skirt"), once subdivided, with places."""
    index = list(body.arrays["group_names"]).index(group)
    quads = body.arrays["faces"][body.arrays["face_groups"] == index]
    used, quads = np.unique(quads, return_inverse=True)
    ones = np.ones(len(used), np.float32)
    to_base = sparse.csr_matrix((ones, (np.arange(len(used)), used)), (len(used), BASE_VERTICES))
    pattern, _ = Pattern(quads.reshape(-1, 4).astype(np.int32), to_base).subdivided()
    return pattern, places(body, pattern.to_base)


def cover(cut: Cut, at: Places, skirt: bool = False) -> np.ndarray:
    """Signed cover (V,), above 0 inside a garment, in units of limb lengths; it crosses 0 on the hems."""
    if skirt:
        inside = np.minimum(cut.top - at.trunk, at.trunk - cut.bottom)
    else:
        ahead = np.clip(0.5 + 2 * at.front, 0, 1)
        dip = cut.vee * ahead * np.clip(1 - np.abs(at.side) / NECK_M, 0, 1) ** (1.0 if cut.vee > 0.15 else 0.6)
        on_trunk = np.minimum(cut.top - dip - at.trunk, at.trunk - cut.bottom)
        on_arm = cut.sleeve - at.arm if cut.sleeve > 0 else np.full_like(at.arm, -1.0)
        inside = np.where(at.on_arm > ARMHOLE, np.maximum(on_arm, ARMHOLE - at.on_arm), on_trunk)
        if cut.sleeve <= 0:
            inside = np.minimum(on_trunk, ARMHOLE - at.on_arm)
        inside = np.where(at.arm > 0.02, inside, np.minimum(inside, np.maximum(cut.top - dip - at.trunk, -1)))
    if cut.opening:
        width = np.maximum(cut.opening + cut.spread * np.clip(1 - at.trunk, 0, 2), 0.006)
        inside = np.where((at.front > 0) & (at.on_arm < ARMHOLE), np.minimum(inside, np.abs(at.side) - width), inside)
    return inside


def cut_out(pattern: Pattern, inside: np.ndarray) -> Pattern:
    """The part of a sheet where `inside (V,)` is above 0. Vertices nearest to the level 0 are moved onto it along the
    edges that cross it, so that hems run smoothly and no sliver of a face is left."""
    edges, _, _ = unique_edges(sides_of(pattern.quads)[0])
    i, j = edges.T
    crossing = inside[i] * inside[j] < 0
    i, j = i[crossing], j[crossing]
    share = inside[i] / (inside[i] - inside[j])  # of the way from i to j
    swap = share > 0.5
    near, other, share = np.where(swap, j, i), np.where(swap, i, j), np.where(swap, 1 - share, share)
    order = np.argsort(share, kind="stable")
    near, first = np.unique(near[order], return_index=True)
    other, share = other[order][first], share[order][first]
    count = len(inside)
    level = inside.copy()
    level[near] = 0
    rows, columns = np.r_[np.arange(count), near], np.r_[np.arange(count), other]
    keep = np.ones(count)
    keep[near] = 1 - share
    moved = sparse.csr_matrix((np.r_[keep, share].astype(np.float32), (rows, columns)), (count, count))
    quads = _kept(pattern.quads, level)
    quads = largest_piece(quads, count)
    used = np.unique(quads[quads >= 0])
    renumbered = np.full(count + 1, -1, np.int32)
    renumbered[used] = np.arange(len(used))
    return Pattern(renumbered[quads], (moved @ pattern.to_base).tocsr()[used])


def _kept(quads: np.ndarray, level: np.ndarray) -> np.ndarray:
    """Faces inside; of a quad with one corner beyond, the triangle that is left."""
    corner = np.where(quads >= 0, level[quads], 0)
    inside, beyond = (corner > 0).any(1), corner < 0
    whole = quads[inside & ~beyond.any(1)]
    part = inside & (beyond.sum(1) == 1) & (quads[:, 3] >= 0)
    out = beyond[part].argmax(1)[:, None]
    left = np.take_along_axis(quads[part], (out + np.arange(1, 4)) % 4, 1)
    return np.concatenate([whole, np.c_[left, np.full(len(left), -1)]]).astype(np.int32)


def largest_piece(quads: np.ndarray, vertex_count: int) -> np.ndarray:
    """The faces of the largest connected piece."""
    sides, face = sides_of(quads)
    graph = sparse.coo_matrix((np.ones(len(sides)), sides.T), (vertex_count, vertex_count))
    _, piece = sparse.csgraph.connected_components(graph, directed=False)
    of_face = piece[quads[:, 0]]
    return quads[of_face == np.bincount(of_face).argmax()]


def border(quads: np.ndarray) -> np.ndarray:
    """Directed border edges (B, 2), as their faces run."""
    sides, _ = sides_of(quads)
    _, edge, count = unique_edges(sides)
    return sides[count[edge] == 1]


def collared(body: Body, pattern: Pattern, above: float, height: float) -> tuple[Pattern, np.ndarray]:
    """A strip of cloth on the border that lies above `above` in trunk coordinates, in the direction in which the cloth
    ends there: `height` metres on the mean body; and how far up it each vertex lies (V,) 0..1."""
    count = pattern.to_base.shape[0]
    rim = border(pattern.quads)
    rim = rim[(places(body, pattern.to_base).trunk[rim] > above).all(1)]
    ring = np.unique(rim)
    if not len(ring):
        return pattern, np.zeros(count)
    edges, _, _ = unique_edges(sides_of(pattern.quads)[0])
    both = np.concatenate([edges, edges[:, ::-1]])
    inward = both[np.isin(both[:, 0], ring) & ~np.isin(both[:, 1], ring)]
    place = np.full(count, -1)
    place[ring] = np.arange(len(ring))
    size = len(ring)
    behind = _mean_rows(place[inward[:, 0]], inward[:, 1], (size, count))
    around = np.concatenate([rim, rim[:, ::-1]])
    beside = _mean_rows(place[around[:, 0]], place[around[:, 1]], (size, size))
    ahead = pattern.to_base[ring] - behind @ pattern.to_base
    for _ in range(8):
        ahead = 0.5 * ahead + 0.5 * (beside @ ahead)
    ahead = sparse.diags(1 / np.maximum(np.linalg.norm(ahead @ body.mean_vertices, axis=1), 1e-4)) @ ahead
    rows = max(2, int(round(height / COLLAR_ROW_M)))
    levels = [pattern.to_base[ring] + (height * k / rows) * ahead for k in range(1, rows + 1)]
    start = [ring, *(count + size * k + np.arange(size) for k in range(rows))]
    a, b = place[rim].T
    strip = [np.stack([low[b], low[a], high[a], high[b]], 1) for low, high in zip(start, start[1:], strict=False)]
    up = np.r_[np.zeros(count), np.repeat(np.arange(1, rows + 1) / rows, size)]
    up[ring] = 1e-3
    quads = np.concatenate([pattern.quads, *strip]).astype(np.int32)
    return Pattern(quads, sparse.vstack([pattern.to_base, *levels]).tocsr().astype(np.float32)), up


def _mean_rows(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> sparse.csr_matrix:
    """The matrix whose rows average the named columns; a row that names none is 0."""
    matrix = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape)
    return sparse.diags(1 / np.maximum(np.asarray(matrix.sum(1)).ravel(), 1)) @ matrix


def joined(body: Body, upper: Pattern, lower: Pattern, level: float) -> Pattern:
    """Top and skirt sewn together by a strip of triangles between the top's hem and the skirt's waist, which both lie
    near `level` of the trunk coordinates."""
    rows, angles, hem = [], [], None
    for part in (upper, lower):
        x, y, _ = part(body.mean_vertices).T
        angle, edge = np.arctan2(x, y), border(part.quads)
        edge = edge[(np.abs(places(body, part.to_base).trunk[edge] - level) < 0.03).all(1)]
        hem = edge if hem is None else hem
        points = np.unique(edge)
        points = points[np.argsort(angle[points])]
        rows.append((points, len(points) == len(edge)))
        angles.append(angle[points])
    (first, ring), (second, other_ring) = rows
    strip = _zip(first, angles[0], second, angles[1], ring and other_ring)
    count = upper.to_base.shape[0]
    if not ((hem == first[:2]).all(1)).any():  # faces on both sides of an edge run along it in opposite ways
        strip = strip[:, ::-1]
    strip = np.where(strip < 0, ~strip + count, strip)
    quads = [upper.quads, np.where(lower.quads >= 0, lower.quads + count, -1), np.c_[strip, np.full(len(strip), -1)]]
    return Pattern(np.concatenate(quads).astype(np.int32), sparse.vstack([upper.to_base, lower.to_base]).tocsr())


def _zip(a: np.ndarray, angle_a: np.ndarray, b: np.ndarray, angle_b: np.ndarray, closed: bool) -> np.ndarray:
    """Triangles between two rows of points in the order of their angles; points of `b` come out as ~index."""
    if closed:
        a, angle_a = np.r_[a, a[0]], np.r_[angle_a, angle_a[0] + 2 * np.pi]
        b, angle_b = np.r_[b, b[0]], np.r_[angle_b, angle_b[0] + 2 * np.pi]
    i = j = 0
    faces = []
    while i < len(a) - 1 or j < len(b) - 1:
        if j == len(b) - 1 or (i < len(a) - 1 and angle_a[i + 1] < angle_b[j + 1]):
            faces.append((a[i], ~b[j], a[i + 1]))
            i += 1
        else:
            faces.append((a[i], ~b[j], ~b[j + 1]))
            j += 1
    return np.array(faces)

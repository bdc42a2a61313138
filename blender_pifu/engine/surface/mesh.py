# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to a triangle mesh between surface and result: its largest piece, its checks, metres, normals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components

# The feet (or whatever is lowest) are looked for in this lowest share of the height.
FOOT_SHARE = 0.04
# A body whose middle line strays no further (root mean square, in heights) from a straight one stands.
STRAIGHT = 0.035
# A camera is seldom tilted further; who leans more does so themselves.
MOST_TILT = np.radians(22)


@dataclass(frozen=True)
class MeshCheck:
    """boundary_edges: edges with one face; nonmanifold_edges: with more than two, or two faces of opposite winding."""

    boundary_edges: int
    nonmanifold_edges: int
    components: int

    @property
    def watertight(self) -> bool:
        """Closed and 2-manifold, with one winding throughout."""
        return self.components > 0 and self.boundary_edges == 0 and self.nonmanifold_edges == 0


def check_mesh(faces: np.ndarray) -> MeshCheck:
    """Count what keeps faces (F, 3|4) from bounding a solid; faces that share no vertex are separate components.

    Of four corners the last is -1 where the face is a triangle.
    """
    size = int(faces.max(initial=-1)) + 1
    edges = undirected_edges(*directed_edges(faces), size)
    falling, rising = edges.falling, edges.rising
    labels = components(faces, size)
    return MeshCheck(
        boundary_edges=int(np.count_nonzero(falling + rising == 1)),
        nonmanifold_edges=int(np.count_nonzero((falling > 1) | (rising > 1))),
        components=int(np.count_nonzero(np.bincount(labels[faces[:, 0]]))),
    )


@dataclass(frozen=True)
class Edges:
    """low, high (E,): their vertices; rising, falling (E,): how often each runs from low to high, and back."""

    low: np.ndarray
    high: np.ndarray
    rising: np.ndarray
    falling: np.ndarray


def undirected_edges(start: np.ndarray, end: np.ndarray, size: int) -> Edges:
    """The Edges of directed ones from vertices start (N,) to end (N,), numbers below `size`."""
    # Sorted by one number each: several times as quick as np.unique with an index.
    keys = np.sort(2 * (np.minimum(start, end) * size + np.maximum(start, end)) + (start < end))
    edge = keys >> 1
    first = np.flatnonzero(np.diff(edge, prepend=-1))
    rising = np.add.reduceat(keys & 1, first) if len(first) else np.zeros(0, np.int64)
    low, high = np.divmod(edge[first], max(size, 1))
    return Edges(low, high, rising, np.diff(first, append=len(keys)) - rising)


def components(faces: np.ndarray, vertex_count: int) -> np.ndarray:
    """Label (vertex_count,) of the piece that each vertex belongs to; a vertex without faces is a piece of its own."""
    start, end = directed_edges(faces)
    graph = coo_matrix((np.ones(len(start), bool), (start, end)), shape=(vertex_count, vertex_count))
    return connected_components(graph, directed=False)[1]


def volumes(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Six times the signed volume (F,) between each face and the origin; positive where faces look outward."""
    a, b, c = vertices[faces].astype(np.float64).transpose(1, 0, 2)
    return np.einsum("fi,fi->f", a, np.cross(b, c))


def largest_component(vertices: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The piece that encloses most; cavities, whose faces look inward, are never taken.

    vertices (V, 3), faces (F, 3) closed -> the same of that piece alone, without unused vertices, faces outward.
    """
    labels = components(faces, len(vertices))
    enclosed = np.bincount(labels[faces[:, 0]], weights=volumes(vertices, faces))
    keep_face = labels[faces[:, 0]] == enclosed.argmax()
    faces = faces[keep_face]
    used = np.zeros(len(vertices), bool)
    used[faces] = True
    renumber = np.cumsum(used) - 1
    return vertices[used], renumber[faces].astype(np.int32)


def vertex_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Unit normals (V, 3) float32 of vertices (V, 3): the mean of the faces round each, weighted by area."""
    corners = faces.astype(np.intp)
    a, b, c = vertices.astype(np.float64).take(corners.T, 0)
    one, two = (b - a).T, (c - a).T
    # By axis: a third of the time that np.cross takes.
    area = [one[k - 2] * two[k - 1] - one[k - 1] * two[k - 2] for k in range(3)]
    return mean_round(area, corners, len(vertices))


def mean_round(of_faces: Sequence[np.ndarray], corners: np.ndarray, count: int) -> np.ndarray:
    """(count, 3) float32 unit: at each vertex the mean of what faces round it have, three of (F,); corners: (F, 3)."""
    found = np.empty((count, 3))
    for axis, values in enumerate(of_faces):
        found[:, axis] = np.bincount(corners.ravel(), weights=np.repeat(values, 3), minlength=count)
    length = np.linalg.norm(found, axis=1, keepdims=True)
    return (found / np.maximum(length, np.finfo(float).tiny)).astype(np.float32)


def camera_tilt(vertices: np.ndarray) -> float:
    """How far (radians) the camera looked down on someone who stands straight: by so much the body leans towards it.

    vertices (V, 3) field space, of a whole person. The body's middle in depth, slice by slice, is a straight line for
    who stands; its slope is the tilt. 0 for bodies that bend, or lean further than a camera would make them.
    """
    low, high = vertices[:, 1].min(), vertices[:, 1].max()
    count = 24
    slices = np.minimum(((vertices[:, 1] - low) / (high - low) * count).astype(int), count - 1)
    front, back = np.full(count, -np.inf), np.full(count, np.inf)
    np.maximum.at(front, slices, vertices[:, 2])
    np.minimum.at(back, slices, vertices[:, 2])
    heights, middle = np.arange(count)[2:-1], ((front + back) / 2)[2:-1]  # without feet, which stick out, and crown
    if not np.isfinite(middle).all():
        return 0.0
    slope, offset = np.polyfit(heights * (high - low) / count, middle, 1)
    stray = middle - (offset + slope * heights * (high - low) / count)
    tilt = float(np.arctan(slope))
    return tilt if stray.std() < STRAIGHT * (high - low) and abs(tilt) < MOST_TILT else 0.0


def tilt_back(vectors: np.ndarray, tilt: float) -> np.ndarray:
    """Turn positions or directions (N, 3) in field space about x, so that who leaned by `tilt` stands upright."""
    y, z = vectors[:, 1], vectors[:, 2]
    turned = [vectors[:, 0], y * np.cos(tilt) + z * np.sin(tilt), z * np.cos(tilt) - y * np.sin(tilt)]
    return np.stack(turned, 1).astype(vectors.dtype)


def placing(vertices: np.ndarray, height_m: float) -> Callable[[np.ndarray], np.ndarray]:
    """What takes points (N, 3) from field space to Blender's, a function that gives float32: metres, Z up, facing -Y,
    the lowest of `vertices (V, 3)` at z = 0, the origin between the feet.

    `height_m` is the height of what the mesh shows: of a person whom the photo's border cuts,
    the part seen gets this height. The origin is the middle of what lies in the lowest 4 % of the height.
    """
    low, high = vertices[:, 1].min(), vertices[:, 1].max()
    scale = height_m / (high - low)

    def turn(points):
        return np.stack([points[:, 0], -points[:, 2], points[:, 1] - low], 1).astype(np.float64) * scale

    turned = turn(vertices)
    feet = turned[turned[:, 2] <= FOOT_SHARE * height_m, :2]
    middle = np.append((feet.min(0) + feet.max(0)) / 2, 0.0)
    return lambda points: (turn(points) - middle).astype(np.float32)


def turn_to_blender(vectors: np.ndarray) -> np.ndarray:
    """Directions (N, 3) in field space -> Blender's axes: (x, y, z) -> (x, -z, y)."""
    return np.stack([vectors[:, 0], -vectors[:, 2], vectors[:, 1]], 1)


def y_up(vectors: np.ndarray) -> np.ndarray:
    """(..., 3) in Blender's axes -> those of files with Y up and the person facing +Z: (x, y, z) -> (x, z, -y)."""
    return np.stack([vectors[..., 0], vectors[..., 2], -vectors[..., 1]], -1)


def cross(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """The cross products (N, 3) of vectors (N, 3): np.cross, which takes several times as long for few of them."""
    (x, y, z), (u, v, w) = one.T, two.T
    return np.stack([y * w - z * v, z * u - x * w, x * v - y * u], 1)


def split_quads(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Triangles (T, 3) of faces (F, 3|4), and (T, 3) which corner each of theirs is: an index into faces.ravel()."""
    width = faces.shape[1]
    corner = np.arange(faces.size, dtype=np.int64).reshape(faces.shape)
    if width == 3:
        return faces, corner
    halves = np.stack([corner[:, :3], corner[:, [0, 2, 3]]], 1)
    keep = np.stack([np.ones(len(faces), bool), faces[:, 3] >= 0], 1)
    corners = halves[keep]
    return faces.ravel()[corners], corners


def directed_edges(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    wide = faces.astype(np.int64)
    following = np.roll(wide, -1, axis=1)
    if faces.shape[1] == 4:  # a triangle's third corner is followed by its first
        following = np.where(following < 0, wide[:, :1], following)
        real = wide >= 0
        return wide[real], following[real]
    return wide.ravel(), following.ravel()


def neighbour_mean(faces: np.ndarray, count: int) -> csr_matrix:
    """A sparse matrix (count, count) that takes the mean over each vertex's neighbours."""
    start, end = directed_edges(faces)
    links = coo_matrix((np.ones(len(start)), (start, end)), shape=(count, count)).tocsr()
    links = ((links + links.T) > 0).astype(float)
    degree = np.maximum(np.asarray(links.sum(1)).ravel(), 1)
    return links.multiply(1 / degree[:, None]).tocsr()

# SPDX-License-Identifier: GPL-3.0-or-later
"""A surface as nodes of about a centimetre, so that what is found over it costs little on a dense one."""

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix
from scipy.sparse.csgraph import connected_components


def nodes(vertices: np.ndarray, edges: np.ndarray, side: float) -> tuple[np.ndarray, int]:
    """Group vertices that share a cube of that side and hang together in it: node (V,) of each, and their number."""
    cubes = np.floor(vertices / side).astype(np.int64)
    same = (cubes[edges[:, 0]] == cubes[edges[:, 1]]).all(1)
    start, end = edges[same].T
    graph = coo_matrix((np.ones(len(start), bool), (start, end)), shape=(len(vertices),) * 2)
    count, node = connected_components(graph, directed=False)
    return node, count


def node_graph(node: np.ndarray, count: int, edges: np.ndarray) -> csr_matrix:
    """(N, N) symmetric: 1 where one of the edges (E, 2) joins two of `count` nodes, node (V,)."""
    start, end = node[edges].T
    apart = start != end
    graph = coo_matrix((np.ones(apart.sum(), np.float32), (start[apart], end[apart])), shape=(count, count)).tocsr()
    graph = graph + graph.T
    graph.data[:] = 1
    return graph


def edges_of(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Edges (E, 2) and triangles (T, 3) of faces (F, 3|4)."""
    if faces.shape[1] == 3:
        triangles = faces
        sides = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    else:
        quads = faces[faces[:, 3] >= 0]
        triangles = np.concatenate([faces[:, :3], quads[:, [0, 2, 3]]])
        closing = np.where(faces[:, 3] >= 0, faces[:, 3], faces[:, 2])
        sides = np.stack([faces[:, 0], faces[:, 1], faces[:, 1], faces[:, 2], faces[:, 2], closing, closing,
                          faces[:, 0]], 1).reshape(-1, 2)  # fmt: skip
        sides = sides[sides[:, 0] != sides[:, 1]]
    sides = np.sort(sides.astype(np.int64), axis=1)
    keys = np.unique(sides[:, 0] << 32 | sides[:, 1])
    return np.stack([keys >> 32, keys & 0xFFFFFFFF], 1), triangles


def means(node: np.ndarray, count: int, values: np.ndarray) -> np.ndarray:
    """(count, 3) means of values (V, 3) over each node."""
    size = np.bincount(node, minlength=count)
    return np.stack([np.bincount(node, values[:, axis], count) / size for axis in range(3)], 1)

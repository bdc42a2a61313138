# SPDX-License-Identifier: GPL-3.0-or-later
"""One chart laid flat, its lengths kept as well as can be."""

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix, diags
from scipy.sparse.linalg import splu

from ...surface.mesh import cross

ROUNDS = 12
UP, BACK = np.array([[0.0, 1.0, 0.0]]), np.array([[0.0, 0.0, -1.0]])


def project(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """The chart (V, 2) as seen along its mean normal; upright where that is level."""
    a, b, c = vertices[triangles].transpose(1, 0, 2)
    normal = cross(b - a, c - a).sum(0, keepdims=True)
    normal /= max(np.linalg.norm(normal), 1e-12)
    right = cross(UP if abs(normal[0, 1]) < 0.9 else BACK, normal)
    right /= np.linalg.norm(right)
    return vertices @ np.concatenate([right, cross(normal, right)]).T


def rectangle(corners: np.ndarray) -> np.ndarray:
    """UVs (3|4, 2) of one face's corners (3|4, 3) that cannot lie over themselves: a rectangle, or half of one."""
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    width, height = np.maximum((sides[0] + sides[2]) / 2, 1e-9), np.maximum((sides[1] + sides[-1]) / 2, 1e-9)
    return np.array([[0, 0], [width, 0], [width, height], [0, height]])[: len(corners)]


def unfold(vertices: np.ndarray, triangles: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The chart (V, 2) with its triangles as undistorted as possible: Liu et al. 2008, "A Local/Global Approach to Mesh
    Parameterization" (as rigid as possible). vertices (V, 3), triangles (T, 3), start (V, 2)."""
    flat = _in_plane(vertices[triangles])
    count = len(vertices)
    # The three edges of all triangles, one after the other; places in the plane are complex numbers.
    edges = [((k + 1) % 3, (k + 2) % 3) for k in range(3)]
    cotangents = np.concatenate([_cotangents(flat, k) for k in range(3)])
    was = np.concatenate([flat[:, i] - flat[:, j] for i, j in edges])
    i, j = (np.concatenate([triangles[:, edge[end]] for edge in edges]) for end in range(2))
    row = np.arange(len(i))
    ones = np.ones(len(i))
    across = csr_matrix((np.concatenate([ones, -ones]), (np.tile(row, 2), np.concatenate([i, j]))), (len(i), count))
    pull = (across.T @ diags(cotangents)).tocsr()
    pin = coo_matrix(([1.0], ([triangles[0, 0]], [triangles[0, 0]])), (count, count))
    solver = splu((pull @ across + pin).tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    place = start.astype(np.float64)
    weighted = cotangents * was.conj()
    for _ in range(ROUNDS):
        turn = (weighted * _complex(across @ place)).reshape(3, -1).sum(0)
        turn /= np.maximum(np.abs(turn), 1e-12)  # the nearest rotation, in closed form
        right = pull @ _plane(np.tile(turn, 3) * was)
        right[triangles[0, 0]] += place[triangles[0, 0]]
        place = solver.solve(right)
    return place


def _cotangents(flat, k):
    """Of the angles (T,) at corner k of triangles (T, 3) in their planes, within bounds."""
    one, two = flat[:, (k + 1) % 3] - flat[:, k], flat[:, (k + 2) % 3] - flat[:, k]
    product = one.conj() * two
    return (product.real / np.maximum(np.abs(product.imag), 1e-12)).clip(0.05, 20)


def _complex(places):
    """(N, 2) -> (N,) complex."""
    return np.ascontiguousarray(places).view(np.complex128)[:, 0]


def _plane(places):
    """(N,) complex -> (N, 2)."""
    return places.view(np.float64).reshape(-1, 2)


def _in_plane(corners):
    """Each triangle (T, 3, 3) in its own plane, (T, 3) complex, seen from outside."""
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    length = np.maximum(np.linalg.norm(one, axis=1), 1e-12)
    flat = np.zeros((len(corners), 3), np.complex128)
    flat[:, 1] = length
    flat[:, 2] = ((one * two).sum(1) + 1j * np.linalg.norm(cross(one, two), axis=1)) / length
    return flat

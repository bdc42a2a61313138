# SPDX-License-Identifier: GPL-3.0-or-later
"""Where on a surface an arm ends and what it lies against begins.

The fitted skin tells it where a surface lies close to one of the two, and of what the photo shows, where a forearm is
the foremost; between, where sleeves are wide, creases do: a random walk (Grady 2006) over the surface, which seldom
passes a crease, comes upon the arm first or upon the rest.
"""

import numpy as np
from scipy.sparse import coo_matrix, diags, triu
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import splu
from scipy.spatial import cKDTree

from ..surface.mesh import vertex_normals
from .bones import FINGERS, INDEX, SIDES
from .fit import Fit
from .model import load_body
from .surface_nodes import edges_of, means, node_graph, nodes

# Metres of a 1.7 m body.
NODE_M = 0.012
FAR_M = 0.25  # from an arm's skin, where nothing is the arm's
TELLS_M, SURE_M = 0.03, 0.012  # from a skin, so near it tells whose a surface is; by so much nearer one of them must be
TELLS = 0.3  # how much it tells, against a step of the walk
CELL_M = 0.015  # of a view of surface and skin from the front
# By so much a forearm before the trunk may be fitted too deep; thickness of what is seen.
BEHIND_M, SHOWN_M = 0.06, 0.03
STRAY = 0.3  # of an arm's largest patch: smaller ones of an arm whose hand nobody sees are none
CREASE = 8.0  # how seldom a crease is passed: by e for each 1 / CREASE of the sine between normals


def arm_borders(fit: Fit, vertices: np.ndarray, faces: np.ndarray) -> dict[str, np.ndarray]:
    """By arm ("arm.L", "arm.R"), which vertices (V,) of a surface, vertices (V, 3) and faces (F, 3), are that arm's."""
    body = load_body()
    skin, parts = fit.vertices[: body.skin_vertices], body.parts[: body.skin_vertices]
    edges, triangles = edges_of(faces)
    node, count = nodes(vertices, edges, NODE_M * fit.metre)
    places, facing = means(node, count, vertices), means(node, count, vertex_normals(vertices, triangles))
    facing /= np.maximum(np.linalg.norm(facing, axis=1, keepdims=True), 1e-9)
    start, end = triu(node_graph(node, count, edges), 1).nonzero()
    along = places[end] - places[start]
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9)
    hollow = np.maximum(-((facing[end] - facing[start]) * along).sum(1), 0)
    passes = np.exp(-CREASE * hollow)
    shown = _forearms_shown(fit, places, facing)
    found = {}
    for side in SIDES:
        arm, own = "arm" + side, parts == "arm" + side
        near, other = (cKDTree(skin[mask]).query(places)[0] / fit.metre for mask in (own, ~own))
        some = near < FAR_M
        number = np.cumsum(some) - 1
        both = some[start] & some[end]
        size = int(some.sum())
        ours = np.zeros(len(places))
        if size:
            row, column = number[start[both]], number[end[both]]
            graph = coo_matrix((passes[both], (row, column)), shape=(size, size)).tocsr()
            graph = graph + graph.T
            near, other = near[some], other[some]
            tells = TELLS * np.exp(-((np.minimum(near, other) / TELLS_M) ** 2)) + 1e-4
            prior = 1 / (1 + np.exp(np.clip((near - other) / SURE_M, -30, 30)))
            for of, at in shown.items():
                tells[at[some]], prior[at[some]] = TELLS, of == side
            walk = diags(np.asarray(graph.sum(1)).ravel() + tells) - graph
            ours[some] = splu(walk.tocsc()).solve(tells * prior)
        mine = ours > 0.5
        if side in fit.hidden:
            mine = _largest(mine, start, end)
        found[arm] = mine[node]
    return found


def forearm_skin(side: str) -> np.ndarray:
    """(V,) of the body's skin, which is that of a forearm and its hand."""
    body = load_body()
    own = [INDEX[bone + side] for bone in ("forearm", "hand")]
    own += [INDEX[f"{finger}_{joint}{side}"] for finger in FINGERS for joint in (1, 2, 3)]
    return np.isin(body.labels[: body.skin_vertices], own)


def _forearms_shown(fit, places, facing):
    """By side, where (N,) a surface at places (N, 3), seen from the front, is a forearm's or a hand's: that is before
    the other, and before the trunk or, as a trunk is fitted up to what lies on it, not far behind."""
    body, cell = load_body(), CELL_M * fit.metre
    points = np.concatenate([fit.vertices[: body.skin_vertices], fit.vertices[body.triangles].mean(1)])
    fore = {side: forearm_skin(side) for side in SIDES}
    trunk = body.parts[: body.skin_vertices] == "trunk"
    masks = [np.concatenate([one, one[body.triangles].all(1)]) for one in (*fore.values(), trunk)]
    low, high = points[:, :2].min(0) - cell, points[:, :2].max(0) + cell
    shape = tuple(np.ceil((high - low) / cell).astype(int) + 1)

    def view(some):
        front = np.full(shape, -np.inf)
        at = np.clip(((some[:, :2] - low) / cell).astype(int), 0, np.array(shape) - 1)
        np.maximum.at(front, tuple(at.T), some[:, 2])
        return front, at

    left, right, behind = (view(points[mask])[0] for mask in masks)
    surface, at = view(places)
    at = tuple(at.T)
    seen = (places[:, 2] > surface[at] - SHOWN_M * fit.metre) & (facing[:, 2] > 0)
    found = {}
    for side, own, other in zip(SIDES, (left, right), (right, left), strict=True):
        if side not in fit.hidden:
            before = np.isfinite(own) & (own > other) & (own > behind - BEHIND_M * fit.metre)
            found[side] = seen & before[at]
    return found


def _largest(mine, start, end):
    """Of the nodes that are `mine (N,)`, those in patches that are not small beside the largest."""
    both = mine[start] & mine[end]
    graph = coo_matrix((np.ones(int(both.sum())), (start[both], end[both])), shape=(len(mine),) * 2)
    patch = connected_components(graph, directed=False)[1]
    size = np.bincount(patch[mine], minlength=int(patch.max()) + 1)
    return mine & (size[patch] >= STRAY * size.max())

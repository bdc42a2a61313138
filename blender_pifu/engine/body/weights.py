# SPDX-License-Identifier: GPL-3.0-or-later
"""Skin weights for a clothed surface, from the body fitted under it.

After Abdrashitov et al. 2023, "Robust Skin Weights Transfer via Weight Inpainting": what lies near skin that faces the
same way takes its weights; the rest is filled over the surface, never through the air, by a harmonic field. Patches
that took a limb's weights without hanging together with that limb are filled too. All of it on nodes of about a
centimetre, so that a dense mesh costs little more than a light one.
"""

from collections.abc import Collection
from functools import lru_cache

import numpy as np
from scipy.sparse import coo_matrix, csr_matrix, diags, identity
from scipy.sparse.csgraph import connected_components, shortest_path
from scipy.sparse.linalg import splu
from scipy.spatial import cKDTree

from ..surface.mesh import vertex_normals
from .bones import BONES, FINGERS, INDEX, PARENTS, part
from .fit import Fit
from .model import load_body
from .part_cuts import Sheet, side_of
from .surface_nodes import edges_of, means, node_graph, nodes

INFLUENCES = 4
NODE_M = 0.012
NORMAL_REACH = 0.06  # metres that opposite normals count as, halved
NEIGHBOURS = 4  # vertices of the body whose weights are mixed
MOST_HOPS = 2  # from bone to bone, the hand being one, between which weights are mixed
LEAST_FACING = 0.3  # cosine between normals
CUT_M = 1.0  # metres that skin on the other side of a cut counts as farther away
# Metres of cloth or error over the skin: an arm has neighbours that are not its own, a skirt has none.
MOST_APART = {"arm": 0.06, "head": 0.15, "trunk": 0.12, "leg": 0.15}
LEAST_PATCH = 0.15  # of a part's largest patch, that a patch must have to be believed
SMOOTHINGS = 4
LEAST_WEIGHT = 0.01


def skin_weights(
    vertices: np.ndarray,
    faces: np.ndarray,
    fit: Fit,
    stands_for: np.ndarray | None = None,
    cuts: Collection[Sheet] = (),
) -> tuple[np.ndarray, np.ndarray]:
    """Bones (V, 4) int32 and weights (V, 4) float32, sum 1, for `vertices (V, 3)`, `faces (F, 3|4)` in field space.

    stands_for: (52,) the bone to take for each canonical one (see `skeleton.Skeleton`), by default itself; cuts: by
    which arms were cut off the body: what is on their side of one follows them, wherever it faces, and nothing else
    does. Quad meshes name a triangle's missing fourth -1.
    """
    edges, triangles = edges_of(faces)
    node, count = nodes(vertices, edges, NODE_M * fit.metre)
    normals = vertex_normals(vertices, triangles)
    places, facing = means(node, count, vertices), means(node, count, normals)
    graph = node_graph(node, count, edges)
    weights, sure = _matched(places, facing, fit, cuts)
    sure &= _in_large_patches(weights, graph, sure, ["arm" + side for side in fit.hidden])
    weights = _filled(weights, sure, graph)
    spread = diags(1 / np.maximum(graph.sum(1).A1, 1)) @ graph
    for _ in range(SMOOTHINGS):
        weights = 0.5 * weights + 0.5 * (spread @ weights)
    weights = _between_nodes(vertices, node, places, graph, NODE_M * fit.metre) @ weights
    if stands_for is not None:
        moved = np.zeros((len(weights), int(stands_for.max()) + 1), weights.dtype)
        np.add.at(moved.T, stands_for, weights.T)
        weights = moved
    return strongest(weights)


def strongest(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The greatest four of `weights (V, B)`: bones (V, 4) int32 and weights (V, 4) float32 of sum 1; unused are 0."""
    few = max(0, INFLUENCES - weights.shape[1])
    weights = np.pad(weights, ((0, 0), (0, few)))
    bones = np.argpartition(-weights, INFLUENCES - 1, axis=1)[:, :INFLUENCES]
    order = np.argsort(-np.take_along_axis(weights, bones, 1), axis=1, kind="stable")
    bones = np.take_along_axis(bones, order, 1)
    kept = np.take_along_axis(weights, bones, 1)
    kept = np.where(kept >= LEAST_WEIGHT * kept[:, :1], kept, 0).astype(np.float64)
    kept /= kept.sum(1, keepdims=True)
    return np.where(kept > 0, bones, 0).astype(np.int32), kept.astype(np.float32)


def _matched(places, facing, fit, cuts=()):
    """Weights (N, 52) of the nearest skin that faces the same way, and is on the same side of the cuts,
    and where (N,) that is to be believed."""
    body = load_body()
    skin = fit.vertices[: body.skin_vertices]
    normals = vertex_normals(skin, body.triangles)
    facing = facing / np.maximum(np.linalg.norm(facing, axis=1, keepdims=True), 1e-9)
    ours, theirs = (
        np.hstack([at / fit.metre, NORMAL_REACH / 2 * to]) for at, to in ((skin, normals), (places, facing))
    )
    apart, near = cKDTree(ours).query(theirs, k=NEIGHBOURS)
    sides = np.array([side_of(cut, places) for cut in cuts]).reshape(len(cuts), len(places))
    some = sides.any(0)
    if some.any():
        own = [np.where(body.parts[: body.skin_vertices] == cut.limb, 1, -1) for cut in cuts]
        tree = cKDTree(np.column_stack([ours, *(CUT_M / 2 * side for side in own)]))
        cut_apart, near[some] = tree.query(np.column_stack([theirs[some], CUT_M / 2 * sides[:, some].T]), k=NEIGHBOURS)
        alike = (sides[:, some] == 0).sum(0)  # all skin is as far from what is on neither
        apart[some] = np.sqrt(np.maximum(cut_apart**2 - ((CUT_M / 2) ** 2 * alike)[:, None], 0))
    share = 1 / (apart + 1e-3)
    # Not those of a limb that merely lies beside.
    labels = body.labels[near]
    share[hops()[labels[:, :1], labels] > MOST_HOPS] = 0
    share /= share.sum(1, keepdims=True)
    known = body.weights[: body.skin_vertices].numpy()
    weights = np.einsum("nk,nkb->nb", share, known[near])
    distance = np.linalg.norm(places - skin[near[:, 0]], axis=1) / fit.metre
    most = np.array([MOST_APART[part(bone).split(".")[0]] for bone in BONES])[body.labels[near[:, 0]]]
    sure = (distance < most) & ((facing * normals[near[:, 0]]).sum(1) > LEAST_FACING)
    return weights, sure


@lru_cache(maxsize=1)
def hops() -> np.ndarray:
    """(52, 52) how many bones it is from one to another along the tree, the fingers counted as the hand."""
    whole = np.arange(len(BONES))
    for bone, name in enumerate(BONES):
        if name.startswith(FINGERS):
            whole[bone] = INDEX["hand" + name[-2:]]
    links = [(bone, whole[parent]) for bone, parent in enumerate(PARENTS) if whole[bone] == bone and parent >= 0]
    rows, columns = np.array(links).T
    tree = coo_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(BONES),) * 2)
    return shortest_path(tree, directed=False, unweighted=True)[np.ix_(whole, whole)]


def _in_large_patches(weights, graph, sure, hidden=()):
    """Of the nodes, those in a patch of one part of the body that is not small beside the part's largest, or is that of
    a part that is `hidden`: of an arm whose hand nobody sees what does not hang on it is what the hand is fitted to."""
    names = [part(bone) for bone in BONES]
    number = {name: index for index, name in enumerate(sorted(set(names)))}
    parts = np.array([number[name] for name in names])[weights.argmax(1)]
    edges = graph.tocoo()
    same = (parts[edges.row] == parts[edges.col]) & sure[edges.row] & sure[edges.col]
    joined = coo_matrix((edges.data[same], (edges.row[same], edges.col[same])), shape=graph.shape)
    _, patch = connected_components(joined, directed=False)
    size = np.bincount(patch, sure)
    largest = np.zeros(len(number))
    np.maximum.at(largest, parts, size[patch])
    least = np.array([1.0 if name in hidden else LEAST_PATCH for name in number])
    return size[patch] >= (least * largest)[parts]


def _filled(weights, sure, graph):
    """Weights where they are sure, and a harmonic field between; pieces without anything sure keep what they have."""
    _, piece = connected_components(graph, directed=False)
    lost = np.bincount(piece, sure)[piece] == 0
    sure = sure | lost
    open_ = np.flatnonzero(~sure)
    if not len(open_):
        return weights
    graph = graph.astype(np.float64)
    laplacian = diags(graph.sum(1).A1) - graph
    rows = laplacian[open_].tocsc()
    given = np.flatnonzero(sure)
    right = -(rows[:, given] @ weights[given])
    filled = weights.copy()
    filled[open_] = np.clip(splu(rows[:, open_].tocsc()).solve(np.ascontiguousarray(right)), 0, None)
    return filled / filled.sum(1, keepdims=True)


def _between_nodes(vertices, node, places, graph, side):
    """(V, N) sparse: how each vertex mixes its node and the adjacent ones, by distance; rows sum to 1."""
    reach = (graph + identity(graph.shape[0], format="csr", dtype=graph.dtype)).tocsr()
    per_vertex = np.diff(reach.indptr)[node]
    starts = np.repeat(reach.indptr[node] - np.concatenate([[0], np.cumsum(per_vertex)[:-1]]), per_vertex)
    columns = reach.indices[starts + np.arange(per_vertex.sum())]
    rows = np.repeat(np.arange(len(vertices)), per_vertex)
    apart = np.linalg.norm(vertices[rows] - places[columns], axis=1) / side
    values = np.exp(-(apart**2)) + 1e-9
    mix = csr_matrix((values, columns, np.concatenate([[0], np.cumsum(per_vertex)])), (len(vertices), graph.shape[0]))
    return diags(1 / mix.sum(1).A1) @ mix

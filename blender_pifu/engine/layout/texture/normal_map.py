# SPDX-License-Identifier: GPL-3.0-or-later
"""The normal map: the dense surface's normals in the tangent space of a light mesh, green up. That is OpenGL's
convention, which Blender, glTF, Unity and Godot read."""

from collections.abc import Callable

import numpy as np
from scipy.spatial import cKDTree

from ...surface.mesh import split_quads
from ..painted_mesh import PaintedMesh
from .tangents import tangent_frames
from .texels import SLACK, Cover, cover, filled

NEAREST = 6  # vertices of the dense surface that a texel's normal is a mean of
FAR = (0.008, 0.016)  # field units from the dense surface: from which on less of it is taken, and then nothing
APART = (0.35, 0.6)  # cosine between both normals, below and up to which it is another sheet, and surely is none
FLAT = (128, 128, 255)
AT_ONCE = 1 << 15  # texels: of each there are six vertices with their normals


def bake_normals(
    mesh: PaintedMesh,
    uv: np.ndarray,
    dense: PaintedMesh,
    size: int,
    waiting: Callable[[], None] = lambda: None,
    found: Cover | None = None,
) -> np.ndarray:
    """A picture (size, size, 3) uint8, 128 is 0, for the UVs (F, 3|4, 2) of a PaintedMesh: right, up and out of its
    surface as `tangent_frames` has it. dense: the PaintedMesh whose normals it shows; both in field space. waiting:
    called at every part of the map, may raise to stop; found: the texels that the UVs cover, with SLACK, if known."""
    triangles, corners = split_quads(mesh.faces)
    found = found or cover(uv.reshape(-1, 2)[corners], size, SLACK)
    frames = tangent_frames(mesh.vertices, mesh.faces, uv)
    places = mesh.vertices[triangles]
    tree = cKDTree(dense.vertices)

    def normals_of(part):
        face, weights = found.face[part], found.weights[part].astype(np.float64)
        points, normals, tangents = (
            np.einsum("nk,nkc->nc", weights, each[face]) for each in (places, frames.normals, frames.tangents)
        )
        bitangents = frames.sign[face, None] * np.cross(normals, tangents)
        true = _dense_normals(tree, dense, points, normals)
        # The inverse of what readers do: normal = x tangent + y bitangent + z normal.
        axes = np.stack([np.cross(bitangents, normals), np.cross(normals, tangents), np.cross(tangents, bitangents)], 1)
        local = np.einsum("nac,nc->na", axes, true) * frames.sign[face, None]
        local /= np.maximum(np.linalg.norm(local, axis=1, keepdims=True), 1e-9)
        local[:, 2] = np.maximum(local[:, 2], 0)
        return np.round(local * 127 + 128).clip(0, 255).astype(np.uint8)

    return filled(found, size, normals_of, waiting, FLAT, AT_ONCE)


def _dense_normals(tree, dense, points, normals):
    """Unit normals (N, 3) of the dense surface near points (N, 3), or `normals (N, 3)` where it is too far, or another
    sheet."""
    normals = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    away, nearest = tree.query(points, NEAREST)
    share = np.square(1 - np.square(away / np.maximum(away[:, -1:], 1e-9))) + 1e-9
    theirs = dense.normals[nearest].astype(np.float64)
    share *= _step(np.einsum("nkc,nc->nk", theirs, normals), *APART)
    mean = np.einsum("nk,nkc->nc", share, theirs)
    length = np.linalg.norm(mean, axis=1)
    mean /= np.maximum(length, 1e-9)[:, None]
    sure = (1 - _step(away[:, 0], *FAR)) * (length > 1e-6)
    mixed = normals + sure[:, None] * (mean - normals)
    return mixed / np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-9)


def _step(value, low, high):
    return np.clip((value - low) / (high - low), 0, 1)

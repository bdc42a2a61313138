# SPDX-License-Identifier: GPL-3.0-or-later
"""The normal map: the dense surface's normals in the tangent space of a light mesh, green up. That is OpenGL's
convention, which Blender, glTF, Unity and Godot read."""

from collections.abc import Callable

import numpy as np

from ...surface.mesh import split_quads
from ..painted_mesh import PaintedMesh
from .dense_normals import DenseNormals
from .fine_normals import FineNormals
from .tangents import tangent_frames
from .texels import SLACK, Cover, cover, filled

FLAT = (128, 128, 255)
AT_ONCE = 1 << 15  # texels: of each there are six vertices with their normals


def bake_normals(
    mesh: PaintedMesh,
    uv: np.ndarray,
    dense: PaintedMesh,
    size: int,
    waiting: Callable[[], None] = lambda: None,
    fine: FineNormals | None = None,
    worn: np.ndarray | None = None,
    found: Cover | None = None,
) -> np.ndarray:
    """A picture (size, size, 3) uint8, 128 is 0, for the UVs (F, 3|4, 2) of a PaintedMesh: right, up and out of its
    surface as `tangent_frames` has it. dense: the PaintedMesh whose normals it shows; both in field space. waiting:
    called at every part of the map, may raise to stop. fine: what is drawn finer than that; worn (V,) 0..1: the
    mesh's vertices that show it, by default all; found: the texels that the UVs cover, with SLACK, if known."""
    triangles, corners = split_quads(mesh.faces)
    found = found or cover(uv.reshape(-1, 2)[corners], size, SLACK)
    frames = tangent_frames(mesh.vertices, mesh.faces, uv)
    places = mesh.vertices[triangles]
    normals_near = DenseNormals(dense)

    def normals_of(face, weights):
        weights = weights.astype(np.float64)
        points, normals, tangents = (
            np.einsum("nk,nkc->nc", weights, each[face]) for each in (places, frames.normals, frames.tangents)
        )
        bitangents = frames.sign[face, None] * np.cross(normals, tangents)
        true = normals_near(points, normals)
        if fine:
            true = fine.added(
                points, true, np.ones(len(points)) if worn is None else (weights * worn[triangles[face]]).sum(1)
            )
        # The inverse of what readers do: normal = x tangent + y bitangent + z normal.
        axes = np.stack([np.cross(bitangents, normals), np.cross(normals, tangents), np.cross(tangents, bitangents)], 1)
        local = np.einsum("nac,nc->na", axes, true) * frames.sign[face, None]
        local /= np.maximum(np.linalg.norm(local, axis=1, keepdims=True), 1e-9)
        local[:, 2] = np.maximum(local[:, 2], 0)
        return np.round(local * 127 + 128).clip(0, 255).astype(np.uint8)

    return filled(found, size, normals_of, waiting, FLAT, AT_ONCE)

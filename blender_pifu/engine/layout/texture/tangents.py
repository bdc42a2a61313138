# SPDX-License-Identifier: GPL-3.0-or-later
"""Tangent frames as MikkTSpace makes them (Mikkelsen 2008), by which Blender, glTF, Unreal, Unity and Godot read normal
maps: of each place of the surface and its UVs, over the faces round it, weighted by their angles."""

from dataclasses import dataclass

import numpy as np

from ...surface.mesh import split_quads
from ...surface.normals import angle_weighted_normals, angles_between, unit


@dataclass(frozen=True)
class Frames:
    """Of the corners of triangles (T, 3): `normals`, `tangents` (T, 3, 3) unit, and `sign (T,)` of the bitangent, which
    is sign * cross(normal, tangent)."""

    normals: np.ndarray
    tangents: np.ndarray
    sign: np.ndarray


def tangent_frames(vertices: np.ndarray, faces: np.ndarray, uv: np.ndarray) -> Frames:
    """The Frames of a mesh, vertices (V, 3), faces (F, 3|4), with UVs (F, 3|4, 2); triangles as of `split_quads`."""
    triangles, corners = split_quads(faces)
    normals = angle_weighted_normals(vertices, faces)[triangles]
    places = vertices[triangles].astype(np.float64)
    charted = uv.reshape(-1, 2)[corners].astype(np.float64)
    (a, b), (u, v) = (each[:, 1:].transpose(1, 0, 2) - each[:, 0] for each in (places, charted))
    sign = np.where(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0] < 0, -1.0, 1.0)
    along = unit(sign[:, None] * (v[:, 1:] * a - u[:, 1:] * b))
    tangents = unit(_on(normals, along[:, None]))
    angles = angles_between(_on(normals, np.roll(places, -1, 1) - places), _on(normals, np.roll(places, 1, 1) - places))
    keys = np.column_stack([triangles.ravel(), charted.reshape(-1, 2), np.repeat(sign, 3)])
    _, group = np.unique(keys, axis=0, return_inverse=True)
    group = group.ravel()
    weighted = (angles[..., None] * tangents).reshape(-1, 3)
    sums = np.stack([np.bincount(group, weighted[:, axis]) for axis in range(3)], 1)
    return Frames(normals, unit(sums)[group].reshape(-1, 3, 3), sign)


def _on(normals, ways):
    """Ways (..., 3) in the planes of unit normals (..., 3)."""
    return ways - (ways * normals).sum(-1, keepdims=True) * normals

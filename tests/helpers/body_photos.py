# SPDX-License-Identifier: GPL-3.0-or-later
"""What photos from several sides would give whose surface is the body itself."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import torch
from scipy.spatial import cKDTree

from blender_pifu.engine.body.bones import BONES, INDEX
from blender_pifu.engine.body.fit import Fit
from blender_pifu.engine.body.model import Pose, load_body, rotation
from blender_pifu.engine.crop_space import centres
from blender_pifu.engine.srgb import to_linear, to_srgb
from blender_pifu.engine.subject.lens import Lens
from blender_pifu.engine.surface.mesh import vertex_normals
from blender_pifu.engine.views.one_photo import OnePhoto
from blender_pifu.engine.views.shared_body import visible

STANDING = {"upper_arm.L": [(0.0, 0.0, -0.75)], "upper_arm.R": [(0.0, 0.0, 0.75)]}
# Hanging arms and the trunk as a photo from the front may guess them: nearly all that differs is depth.
GUESSED = {
    "upper_arm.L": [(0.22, 0.0, 0.0), (0.0, 0.0, -0.75)],
    "upper_arm.R": [(-0.2, 0.0, 0.0), (0.0, 0.0, 0.75)],
    "spine": [(0.06, 0.0, 0.0)],
}


def posed(turns: dict[str, list], yaw: float = 0.0, scale: float = 1.0, shape=None) -> Pose:
    """The body, the camera standing `yaw` radians towards its left."""
    body = load_body()
    rotations = torch.eye(3).repeat(len(BONES), 1, 1)
    for bone, vectors in turns.items():
        for vector in reversed(vectors):
            rotations[INDEX[bone]] = rotation(torch.tensor([vector]))[0] @ rotations[INDEX[bone]]
    about = rotation(torch.tensor([[0.0, -yaw, 0.0]]))[0]
    rotations[0] = about @ rotations[0]
    shape = torch.zeros(len(body.basis)) if shape is None else shape
    return Pose(shape, rotations, torch.tensor(scale), torch.tensor([0.02 * yaw, 0.01, 0.0]))


def photo(pose: Pose, name: str = "photo") -> OnePhoto:
    """What a photo would give whose surface is the body itself."""
    body = load_body()
    rows = body.pose(pose).numpy()
    fit = Fit(pose, rows, 0.0, 1.0, "surface", None, np.ones(len(BONES), bool))
    skin, faces = rows[: body.skin_vertices], body.triangles
    normals = vertex_normals(skin, faces)
    cut = cast(Any, SimpleNamespace())
    return OnePhoto(name, cut, Lens(0.0), fit, skin.astype(np.float64), faces, normals, rows)


def dressed(pose: Pose, worn: dict, light: tuple, name: str = "photo") -> OnePhoto:
    """The same, and what the photo shows: worn: sRGB bytes by tuples of bones without their sides; light: how bright,
    whence (3,), of what colour (3,)."""
    seen = photo(pose, name)
    return replace(seen, cut=cast(Any, Painted(seen, worn, light)))


class Painted:
    """A cut of a photo of the body in clothes, lit from a side."""

    def __init__(self, seen, worn, light):
        body = load_body()
        skin = seen.rows[: body.skin_vertices]
        normals = vertex_normals(skin, body.triangles)
        shown = visible(skin, normals, 0.05 * seen.metre)
        names = np.array([bone.partition(".")[0] for bone in body.bones])[body.labels[: len(skin)]]
        colors = np.full((len(skin), 3), (190, 150, 130)) / 255
        for bones, color in worn.items():
            colors[np.isin(names, bones)] = np.array(color) / 255
        exposure, way, tint = light
        lit = exposure * (1 + 0.4 * normals @ np.array(way))[:, None] * np.array(tint)
        self._colors = to_srgb((to_linear(colors) * lit).clip(0, 1))[shown]
        self._tree, self._reach = cKDTree(skin[shown, :2]), 0.02 * seen.metre

    def __call__(self, size):
        across = centres(size)
        apart, near = self._tree.query(np.stack(np.meshgrid(across, -across), -1).reshape(-1, 2))
        rgb = self._colors[near].reshape(size, size, 3)
        return rgb.astype(np.float32), (apart < self._reach).reshape(size, size).astype(np.float32)

    def side_px(self, most):
        return most

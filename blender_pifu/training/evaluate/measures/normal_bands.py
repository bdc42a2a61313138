# SPDX-License-Identifier: GPL-3.0-or-later
"""Normals in two bands: form, what a blur leaves of them, and folds, the rest.

A mean angle is all form: who draws no fold at all is hardly worse than who draws every one. So folds are judged beside
what is there of them.
"""

import cv2
import numpy as np

from ....engine.crop_space import blurred_within
from ....engine.folds.shades import BLUR_M
from ....engine.surface.mesh import vertex_normals
from ...data.render import seen_normals_map
from ...native.raster import see
from .metrics import angle_deg

JUMP_M = 0.03  # metres of depth between neighbouring pixels that are an outline: one limb before another
SIDES = ("front", "back")


def surface_maps(vertices: np.ndarray, faces: np.ndarray, size: int) -> dict[str, np.ndarray]:
    """What is seen of a mesh in field space, as the maps of a case: front_normals, back_normals (size, size, 3) float32
    unit, front_depth, back_depth (size, size), 0 where nothing is."""
    vertices = np.ascontiguousarray(vertices, np.float32)
    normals, maps = vertex_normals(vertices, faces), {}
    for name, facing, side in zip(SIDES, (1, -1), see(vertices, faces, size, None), strict=True):
        maps[f"{name}_normals"] = seen_normals_map(side, vertices, normals, facing, size)
        depth = np.zeros(size * size, np.float32)
        depth[side.pixels] = side.depth
        maps[f"{name}_depth"] = depth.reshape(size, size)
    return maps


def band_figures(
    ours: np.ndarray, truth: np.ndarray, depth: np.ndarray, solid: np.ndarray, scale: float
) -> dict[str, float]:
    """Of normals (s, s, 3) of any length against true ones, where `solid (s, s)` and either is: `form_deg` mean angle
    of the blurred ones; of the rest, taken as vectors, `folds_error`: the root of the mean square error over that of
    drawing none; `folds_energy` over the truth's; `folds_correlation`. depth: the true one (s, s), field units; scale:
    field units a metre. Folds are left out of account where there are none, and nearer than the blur's width to an
    outline: there limbs turn away within it. No figures where nothing of both is seen."""
    solid = solid & (np.abs(ours).sum(-1) > 0) & (np.abs(truth).sum(-1) > 0)
    if not solid.any():
        return {}
    rows, columns = (np.flatnonzero(solid.any(axis)) for axis in (1, 0))
    around = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    reach = BLUR_M * scale * len(solid) / 2
    inner = away_from_outlines(depth[around], solid[around], JUMP_M * scale, reach)
    solid, ours, truth = solid[around], unit(ours[around]), unit(truth[around])
    our_form, true_form = (blurred_within(each, solid.astype(np.float32), reach) for each in (ours, truth))
    found = {"form_deg": angle_deg(our_form[solid], true_form[solid])}
    our_folds, true_folds = ((sharp - form)[inner] for sharp, form in ((ours, our_form), (truth, true_form)))
    energy, true_energy = float(np.square(our_folds).sum()), float(np.square(true_folds).sum())
    if true_energy > 0:
        found["folds_error"] = float(np.sqrt(np.square(our_folds - true_folds).sum() / true_energy))
        found["folds_energy"] = energy / true_energy
        both = np.sqrt(energy * true_energy)
        found["folds_correlation"] = float((our_folds * true_folds).sum() / both) if both > 0 else 0.0
    return found


def unit(normals: np.ndarray) -> np.ndarray:
    """Normals (..., 3) float32 of length 1; those of none stay 0."""
    normals = normals.astype(np.float32)
    return normals / np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-6)


def away_from_outlines(depth: np.ndarray, solid: np.ndarray, jump: float, reach: float) -> np.ndarray:
    """(h, w) bool: pixels further than `reach` from where the mask ends or depth jumps."""
    depth, near = depth.astype(np.float32), np.ones((3, 3), np.uint8)
    steep = (cv2.dilate(depth, near) - cv2.erode(depth, near) > jump) & solid
    clear = np.pad((solid & ~steep).astype(np.uint8), 1)
    return cv2.distanceTransform(clear, cv2.DIST_L2, 5)[1:-1, 1:-1] > reach

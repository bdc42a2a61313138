# SPDX-License-Identifier: GPL-3.0-or-later
"""The roughness map: skin, hair, cloth and shoes, told apart by landmarks and colours."""

import cv2
import numpy as np

from ...color.painting import smooth_step
from ...reading.landmarks import Landmark as L
from ...reading.landmarks import head_place
from ...surface.mesh import split_quads
from ..painted_mesh import PaintedMesh
from .texels import SLACK, Cover, cover

SKIN, HAIR, CLOTH, SHOES = 0.5, 0.6, 0.85, 0.5
HEAD = (2.0, 2.4)  # distances from the eyes to the mouth, round the ears, within which is the head
CHEEKS = (0.7, 0.2)  # of those, round the nose, across and up: where the skin's own colour is looked for
LIKE_SKIN = (12.0, 20.0)  # Lab difference from that, of hue, up to which it is skin, and from which on it is not
LIGHTNESS = 0.25  # what lightness counts for in it
ANKLE = (0.0, 0.02)  # field units below the ankles, from which on is a shoe
LEAST = 20  # texels of cheeks


def bake_roughness(
    mesh: PaintedMesh,
    uv: np.ndarray,
    color: np.ndarray,
    landmarks: np.ndarray | None,
    size: int,
    found: Cover | None = None,
) -> np.ndarray:
    """A picture (size, size, 3) uint8 for the UVs (F, 3|4, 2) of a PaintedMesh in field space: as glTF has it, green is
    the roughness, blue the metal, which is none, red is 255. color: the base colour map, any size; landmarks: (33, 4)
    as `landmarks_in`, or None: all is cloth then; found: the texels that the UVs cover, with SLACK, where known."""
    rough = np.full((size, size), CLOTH, np.float32)
    if landmarks is not None:
        triangles, corners = split_quads(mesh.faces)
        found = found or cover(uv.reshape(-1, 2)[corners], size, SLACK)
        small = cv2.resize(color, (size, size), interpolation=cv2.INTER_AREA)
        rough = _by_region(mesh.vertices[triangles], found, small, landmarks)
    green = np.round(rough * 255).astype(np.uint8)
    return np.dstack([np.full_like(green, 255), green, np.zeros_like(green)])


def _by_region(triangles, found, color, landmarks):
    size = len(color)
    places = np.full((size * size, 3), np.nan, np.float32)
    places[found.texel] = np.einsum("nk,nkc->nc", found.weights, triangles[found.face])
    places = places.reshape(size, size, 3)
    points, place = landmarks[:, :2].astype(np.float64), head_place(landmarks)
    with np.errstate(invalid="ignore"):
        head = 1 - smooth_step(np.linalg.norm(places[..., :2] - place.ears, axis=-1) / place.unit, *HEAD)
        cheeks = (np.abs(places[..., :2] - points[L.NOSE]) < np.multiply(CHEEKS, place.unit)).all(-1) & (
            places[..., 2] > np.nanmedian(places[..., 2])
        )
        ankles = min(points[L.LEFT_ANKLE, 1], points[L.RIGHT_ANKLE, 1])
        shoes = smooth_step(ankles - places[..., 1], *ANKLE)
    lab = cv2.cvtColor(color.astype(np.float32) / 255, cv2.COLOR_RGB2LAB) * np.array([LIGHTNESS, 1, 1], np.float32)
    skin = np.zeros((size, size), np.float32)
    if cheeks.sum() >= LEAST:
        unlike = np.linalg.norm(lab - np.median(lab[cheeks], 0), axis=-1)
        skin = 1 - smooth_step(cv2.GaussianBlur(unlike.astype(np.float32), (0, 0), 1.5), *LIKE_SKIN)
    head, shoes = (np.nan_to_num(each) for each in (head, shoes))
    rough = CLOTH + shoes * (SHOES - CLOTH)
    rough += head * (HAIR - rough)
    return (rough + skin * (SKIN - rough)).astype(np.float32)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Hair in the normal map: it ends at the hairline with its own thickness, and of its locks what is brighter lies
higher, as light falls between locks less."""

import cv2
import numpy as np

from ...color.painting import Scalp, smooth_step
from ...crop_space import blurred_within
from ...srgb import LUMA
from ...surface.mesh import split_quads
from ..painted_mesh import PaintedMesh
from .sharpness import texels_per_metre
from .texels import SLACK, cover

DEEP_M = 0.003  # metres of height that a change of brightness by e stands for
LOUDEST = 0.5  # of the logarithm of brightness: more is no lock, but another colour of hair
WIDE_M = 0.006  # standard deviation of the blur that leaves no lock
EDGE_M = 0.005  # metres that hair stands off the skin at its hairline
# Where the skin of the nape rests, metres: at the first height the body's own ends, hair goes on below it, and has no
# edge before the second; ears and temples, farther to the front than these, are no nape.
NAPE_M, TEMPLES_M = (0.640, 0.670), (0.030, 0.045)
STEEP = 1.2  # slope that is approached at most
DARK = 12.0  # of 255: what darkness is no deeper for


def with_hair_relief(
    picture: np.ndarray, mesh: PaintedMesh, uv: np.ndarray, color: np.ndarray, scalp: Scalp, bare: np.ndarray
) -> np.ndarray:
    """A normal map (n, n, 3) uint8, 128 is 0, with the locks that the base colour map (m, m, 3) uint8 shows on the
    scalp, for the UVs (F, 3|4, 2) of a PaintedMesh in field space; the same where it has no scalp. bare (V,): 1 of
    the body's own skin, whose faces are small enough for a hairline; hair on others has no edge."""
    size = len(picture)
    triangles, corners = split_quads(mesh.faces)
    hairy = scalp.grown[triangles].max(1) > 0
    if not hairy.any():
        return picture
    triangles, places = triangles[hairy], uv.reshape(-1, 2)[corners][hairy]
    found = cover(places, size, SLACK)
    corners = triangles[found.face]
    share, edge = np.zeros((2, size * size), np.float32)
    for picture_of, values in ((share, scalp.grown.clip(0, 1)), (edge, _edge(scalp) * bare)):
        picture_of[found.texel] = (found.weights * values[corners]).sum(1)
    share, edge = share.reshape(size, size), edge.reshape(size, size)
    per_metre = texels_per_metre(mesh.vertices / scalp.metre, triangles, places, size)
    slopes = _slopes(cv2.resize(color, (size, size), interpolation=cv2.INTER_AREA), share, edge, per_metre)
    rows, columns = np.nonzero(share)
    local = picture[rows, columns].astype(np.float32) / 127 - 128 / 127
    local[:, :2] -= local[:, 2:] * slopes[rows, columns]
    local /= np.linalg.norm(local, axis=1, keepdims=True).clip(1e-6)
    relieved = picture.copy()
    relieved[rows, columns] = np.round(local * 127 + 128).clip(0, 255)
    return relieved


def _edge(scalp):
    """(V,) 0..1: how far hair stands off at vertices."""
    _, high, front = scalp.rest.T
    nape, temples = (smooth_step(place, *ends) for place, ends in ((high, NAPE_M), (front, TEMPLES_M)))
    return scalp.grown.clip(0, 1) * np.maximum(nape, temples)


def _slopes(color, share, edge, per_metre):
    """How steeply hair rises to the right and up, (n, n, 2), where share (n, n) 0..1 has any and edge (n, n) ends
    in one; per_metre: pixels."""
    tone = np.log(color.astype(np.float32) @ LUMA + DARK)
    there = (share > 0).astype(np.float32)
    wide = WIDE_M * per_metre
    mean = blurred_within(tone, there, wide)
    locks = DEEP_M * LOUDEST * np.tanh((tone - mean) / LOUDEST) * share
    height = per_metre * (locks + EDGE_M * edge)
    down, across = np.gradient(height)
    steep = np.hypot(down, across) + 1e-6
    most = STEEP * np.tanh(steep / STEEP) / steep
    return np.stack([across, -down], -1) * most[..., None]

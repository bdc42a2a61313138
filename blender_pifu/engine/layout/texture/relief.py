# SPDX-License-Identifier: GPL-3.0-or-later
"""Relief in the normal map, as base colours tell of it: what is darker than what is about it lies deeper, since less
light falls there (mesoscopic augmentation: Beeler et al. 2010). That is so in wrinkles of skin, in creases, seams, at
lapels and pockets of clothes, and between locks of hair, which also ends at the hairline with its own thickness. What
is much darker has another colour, as moles, prints and frames of glasses, and tells nothing, but for brows, which are
hair."""

from collections.abc import Callable

import cv2
import numpy as np

from ...color.painting import Scalp
from ...cores import beside
from ...crop_space import blurred_within
from ...smooth_step import smooth_step
from ...srgb import LUMA
from ...surface.mesh import split_quads
from ..painted_mesh import PaintedMesh
from .sharpness import texels_per_metre
from .texels import SLACK, Cover, cover

# Metres of height that a change of brightness by e stands for, and standard deviations of the blurs that leave none of
# it: of hair, of skin, and of clothes, which have fewer texels.
LOCK_M, LOCKS_M = 0.003, 0.006
WRINKLE_M, WRINKLES_M = 0.006, 0.004
CREASE_M, CREASES_M = 0.008, 0.012
LOUDEST = 0.5  # of the logarithm of brightness: more is no lock, but another colour of hair
WRINKLED = 0.15  # likewise: what differs as much makes the deepest wrinkle, what differs by far more none
# What is finer, standard deviation of a blur, of skin and of clothes, and quieter is the photo's noise.
SKIN_NOISE_M, CLOTH_NOISE_M, NOISE = 0.0009, 0.002, 0.02
GLARE = 0.1  # likewise of e: near what is brighter by it, a collar or glare, there are no wrinkles
# Where brows are on the skin at rest: heights between which, and how far to the front from which on, metres, and over
# how much of it they begin. What is darker there than all about it by as much, of the logarithm, is hair, so much
# higher.
BROW_M, BROWS_FRONT_M, BROWS_SOFT_M = (0.685, 0.718), 0.085, 0.008
BROWN, ABOUT_M, HAIRS_M = (0.12, 0.4), 0.012, 0.0012
EDGE_M, EDGES_M = 0.005, 0.003  # metres that hair stands off the skin at its hairline, and over how much, evened out
# Where the skin of the nape rests, metres: at the first height the body's own ends, hair goes on below it, and has no
# edge before the second; ears and temples, farther to the front than these, are no nape.
NAPE_M, TEMPLES_M = (0.640, 0.670), (0.030, 0.045)
STEEP = 1.2  # slope that is approached at most
DARK = 12.0  # of 255: what darkness is no deeper for


def with_relief(
    picture: np.ndarray,
    mesh: PaintedMesh,
    uv: np.ndarray,
    color: np.ndarray,
    bare: np.ndarray,
    metre: float,
    scalp: Scalp | None,
    found: Cover | None = None,
) -> np.ndarray:
    """A normal map (n, n, 3) uint8, 128 is 0, with the relief that the base colour map (m, m, 3) uint8 tells of, for
    the UVs (F, 3|4, 2) of a PaintedMesh in field space. bare (V,): 1 of the body's own skin, of head and hands, whose
    faces are small enough for a hairline; hair on others has no edge. metre: field units of one; scalp: where hair
    grows, if known; found: the texels that the UVs cover, with SLACK, if known."""
    grown = np.zeros(len(mesh.vertices)) if scalp is None else scalp.grown.clip(0, 1)
    head = {"hair": grown, "skin": bare * (1 - grown)}
    if scalp is not None:
        head |= {"edge": _edge(scalp) * bare, "brow": _at_brows(scalp) * bare}
    cloth = {"cloth": 1 - np.maximum(grown, bare)}
    size = (len(picture), len(picture))
    tone = np.log(cv2.resize(color, size, interpolation=cv2.INTER_AREA).astype(np.float32) @ LUMA + DARK)
    found = found or cover(uv.reshape(-1, 2)[split_quads(mesh.faces)[1]], len(picture), SLACK)
    for told in beside(
        lambda: _slopes_of(mesh, uv, tone, metre, head, _height_of_head, found),
        lambda: _slopes_of(mesh, uv, tone, metre, cloth, _height_of_cloth, found),
    ):
        picture = picture if told is None else _raised(picture, *told)
    return picture


def _slopes_of(
    mesh: PaintedMesh,
    uv: np.ndarray,
    tone: np.ndarray,
    metre: float,
    shares: dict[str, np.ndarray],
    height_of: Callable[[np.ndarray, dict[str, np.ndarray], float], np.ndarray],
    found: Cover,
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """How steep it is where vertices have any of the shares (V,) 0..1, by what `height_of` makes of brightness
    `tone (n, n)`, shares (n, n) and texels a metre: rows and columns (N,) of texels, and slopes (N, 2) there; None
    where no vertices have."""
    size = len(tone)
    triangles, corners = split_quads(mesh.faces)
    told = np.stack(list(shares.values())).any(0)[triangles].any(1)
    if not told.any():
        return None
    mine = told[found.face]
    texel, weights, vertices = found.texel[mine], found.weights[mine], triangles[found.face[mine]]
    pictures = {}
    for name, values in shares.items():
        flat = np.zeros(size * size, np.float32)
        flat[texel] = (weights * values[vertices]).sum(1)
        pictures[name] = flat.reshape(size, size)
    places = uv.reshape(-1, 2)[corners[told]]
    per_metre = texels_per_metre(mesh.vertices / metre, triangles[told], places, size)
    slopes = _slopes(height_of(tone, pictures, per_metre) * per_metre)
    rows, columns = np.nonzero(np.stack(list(pictures.values())).any(0))
    return rows, columns, slopes[rows, columns]


def _raised(picture: np.ndarray, rows: np.ndarray, columns: np.ndarray, slopes: np.ndarray) -> np.ndarray:
    """A normal map as in `with_relief`, by slopes (N, 2) at rows and columns (N,)."""
    local = picture[rows, columns].astype(np.float32) / 127 - 128 / 127
    local[:, :2] -= local[:, 2:] * slopes
    local /= np.linalg.norm(local, axis=1, keepdims=True).clip(1e-6)
    relieved = picture.copy()
    relieved[rows, columns] = np.round(local * 127 + 128).clip(0, 255)
    return relieved


def _edge(scalp):
    """(V,) 0..1: how far hair stands off at vertices."""
    _, high, front = scalp.rest.T
    nape, temples = (smooth_step(place, *ends) for place, ends in ((high, NAPE_M), (front, TEMPLES_M)))
    return scalp.grown.clip(0, 1) * np.maximum(nape, temples)


def _at_brows(scalp):
    """(V,) 0..1: how far vertices are where a face has its brows."""
    _, high, front = scalp.rest.T
    within = np.stack([high - BROW_M[0], BROW_M[1] - high, front - BROWS_FRONT_M])
    return (within / BROWS_SOFT_M).clip(0, 1).prod(0)


def _height_of_head(tone, shares, per_metre):
    """Metres (n, n) that what has such brightness (n, n), a logarithm, lies higher than the surface, by shares, (n, n)
    0..1 each, of hair, skin, and where known of hair's edges and the place of brows; per_metre: pixels."""
    of_hair, of_skin = ((shares[name] > 0).astype(np.float32) for name in ("hair", "skin"))
    locks = tone - blurred_within(tone, of_hair, LOCKS_M * per_metre)
    height = LOCK_M * LOUDEST * np.tanh(locks / LOUDEST) * shares["hair"]
    even, base, about = (
        blurred_within(tone, of_skin, spread * per_metre) for spread in (SKIN_NOISE_M, WRINKLES_M, ABOUT_M)
    )
    wrinkles = WRINKLE_M * _wrinkles(even - base, WRINKLES_M * per_metre) * shares["skin"]
    if "edge" not in shares:
        return height + wrinkles
    brow = smooth_step(about - even, *BROWN) * shares["brow"]
    hairs = LOCK_M * np.tanh(tone - even)
    of_both = np.maximum(of_hair, of_skin)
    edge = EDGE_M * blurred_within(shares["edge"], of_both, EDGES_M * per_metre)
    return height + edge + wrinkles * (1 - shares["brow"]) + brow * (HAIRS_M + hairs)


def _height_of_cloth(tone, shares, per_metre):
    """The same of clothes and all else."""
    of_cloth = (shares["cloth"] > 0).astype(np.float32)
    even, base = (blurred_within(tone, of_cloth, spread * per_metre) for spread in (CLOTH_NOISE_M, CREASES_M))
    return CREASE_M * _wrinkles(even - base, CREASES_M * per_metre) * shares["cloth"]


def _wrinkles(lines, wide):
    """Of lines (n, n), how much brighter pixels are than within `wide` pixels, of the logarithm: those of wrinkles."""
    glare = cv2.GaussianBlur((lines > GLARE).astype(np.float32), (0, 0), 2 * wide)
    wrinkled = np.exp(-((lines / WRINKLED) ** 2) / 2) * (1 - smooth_step(glare, 0.02, 0.1))
    return lines * lines**2 / (lines**2 + NOISE**2) * wrinkled


def _slopes(height):
    """How steeply heights (n, n), pixels, rise to the right and up, (n, n, 2)."""
    down, across = np.gradient(height)
    steep = np.hypot(down, across) + 1e-6
    most = STEEP * np.tanh(steep / STEEP) / steep
    return np.stack([across, -down], -1) * most[..., None]

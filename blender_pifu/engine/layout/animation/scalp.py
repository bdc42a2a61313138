# SPDX-License-Identifier: GPL-3.0-or-later
"""Where hair grows on the body's own skin: behind a hairline from the forehead by temple and ear to the nape."""

from functools import lru_cache

import numpy as np

from ...color.regions import REGIONS, Regions
from ...color.strands import MIDDLE, RADIUS_M
from ...smooth_step import even_step
from .template import load_template

# The hairline of the body in rest, as seen from its side: heights, and how far to the front it is there, metres. The
# ear's middle is at (0.658, 0.035), the eye's outer corner at (0.678, 0.097).
HEIGHTS = (0.600, 0.615, 0.633, 0.642, 0.657, 0.690, 0.720, 0.740, 0.755, 0.765)
FRONTS = (-0.035, -0.022, 0.000, 0.050, 0.059, 0.061, 0.066, 0.085, 0.112, 0.160)
SOFT_M = 0.006  # from the hairline to either side, over which it begins
NAPE_M = 0.600  # above which hair is told of
# Between which heights, how far back and to either side the neck is, metres; where hair ends on it, and over how much.
NECK_M, NECK_BACK_M, NECK_ASIDE_M, ENDS_M, FADES_M = (0.530, 0.680), -0.085, 0.090, 0.622, 0.015
JAW_M, CHEEK_M = 0.605, 0.650  # between which bare skin is: higher up are eyes, brows and glasses
TURNED, HARD = (0.05, 0.25), 2.0  # z of normals that begin to tell, and do; how soon of hair and skin one is sure
MOVED_M = 0.02  # that a photo moves the hairline at most: farther off what it shows as skin is white hair or glare
OVER_M, HIGH_M = 0.19, 0.30  # from the skull's middle, that hair lies at most, and above that middle


@lru_cache(maxsize=1)
def scalp() -> np.ndarray:
    """(S,) -1..1: of each vertex of the skin whether hair grows there, 1, or it is a cheek or an ear, -1;
    0 of what neither is told of, as of faces."""
    template = load_template()
    _, high, front = template.rest.T
    hair, cheek = _sides_of_hairline(high, front)
    cheek = cheek * _above(high, JAW_M) * (1 - _above(high, CHEEK_M))
    bare = np.where(template.regions == "ear", -1.0, 0.0)
    return np.where(template.regions == "skin", hair - cheek, bare)


def as_seen(
    grown: np.ndarray, rest: np.ndarray, regions: Regions, vertices: np.ndarray, normals: np.ndarray
) -> np.ndarray:
    """`scalp()`'s values (V,) of vertices (V, 3) with unit normals (V, 3), field space, whose skin rests at (V, 3)
    metres, once what the photo shows of hair and skin is known: beside the hairline, where they look to the camera, as
    it shows; elsewhere as they were. Of ears and faces, 0, nothing is told. Under a hat no hair is seen to grow."""
    told = even_step(normals[:, 2], *TURNED) * (grown != 0)
    off = np.abs(np.interp(rest[:, 1], HEIGHTS, FRONTS) - rest[:, 2])
    told *= (1 - (off - MOVED_M) / SOFT_M).clip(0, 1)
    shares = regions.at(vertices, normals)
    hair, skin = shares[:, REGIONS["hair"]], shares[:, REGIONS["skin"]]
    told *= (hair + skin).clip(0, 1)
    shown = (HARD * (hair - skin)).clip(-1, 1)
    told = grown + told * (shown - grown)
    worn = (HARD * shares[:, REGIONS["thing"]] - (HARD - 1)).clip(0, 1)
    return np.where(told > 0, told * (1 - worn), told)


def over_scalp(rest: np.ndarray) -> np.ndarray:
    """(N,) 0..1: whether hair that stands off the skull, at (N, 3) metres of the body in rest, grows behind the
    hairline; the neck below it is off the skull too."""
    away = rest - MIDDLE
    far = np.linalg.norm(away, axis=1)
    under = MIDDLE + away * (RADIUS_M / np.maximum(far, RADIUS_M))[:, None]
    near = far < np.where(away[:, 1] > 0, HIGH_M, OVER_M)
    return _sides_of_hairline(under[:, 1], under[:, 2])[0] * near * _above(rest[:, 1], NAPE_M)


def is_neck(rest: np.ndarray) -> np.ndarray:
    """(N,) bool: which of places (N, 3), metres of the body in rest, are about its neck."""
    aside, high, front = rest.T
    return (high > NECK_M[0]) & (high < NECK_M[1]) & (front > NECK_BACK_M) & (np.abs(aside) < NECK_ASIDE_M)


def ends_at_nape(rest: np.ndarray, shares: np.ndarray, normals: np.ndarray) -> bool:
    """Whether a neck, at (N, 3) metres of the body in rest, of unit normals (N, 3) and regions (N, R), has more skin
    than hair below the hairline behind, as it has not under long hair."""
    nape = (normals[:, 2] < 0) & (rest[:, 1] < ENDS_M + FADES_M)
    hair, skin = (shares[nape, REGIONS[name]].sum() for name in ("hair", "skin"))
    return bool(skin > hair)


def over_nape(rest: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """(N,) -1..1, as `scalp()`: whether hair grows on a neck, at (N, 3) metres of the body in rest, whose regions are
    (N, R): above and behind the hairline, at which it fades, and on no collar."""
    _, high, front = rest.T
    within = np.minimum(high - ENDS_M, np.interp(high, HEIGHTS, FRONTS) - front)
    collar = shares[:, REGIONS["hair"]] + shares[:, REGIONS["skin"]] < 0.5
    return np.where(collar, 0, (within / FADES_M).clip(-1, 1))


def _sides_of_hairline(high, front):
    """0..1 (N,) of places so high and so far to the front: how far they are behind the hairline, and before it."""
    behind = (np.interp(high, HEIGHTS, FRONTS) - front) / SOFT_M
    return behind.clip(0, 1) * _above(high, NAPE_M), (-behind).clip(0, 1)


def _above(high, least):
    return ((high - least) / SOFT_M).clip(0, 1)

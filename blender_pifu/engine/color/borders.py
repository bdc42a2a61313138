# SPDX-License-Identifier: GPL-3.0-or-later
"""Of which material a surface is where no picture tells: what is seen is told apart by colour and region, each material
goes on from where it is seen, and where two meet one ends and the other begins."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from ..smooth_step import even_step
from ..surface.mesh import neighbour_mean
from ..usual_colors import usual_colors
from .likeness import of_hue, unlike
from .regions import REGIONS

KINDS = 14  # asked for
OF_REGION = 28.0  # Lab difference that being of another region counts for
ONE = 9.0  # of these differences, of what is taken for one material
STRAY = 12.0  # Lab difference of what is seen from its material, from which on it is mixed with another: none goes on
SURE = 0.5  # trust from which on a place tells of its material
HELD = 0.02  # trust by which what is less sure is held to what it looks like: halos are narrow, and sleeves wide
LEAST = 0.02  # what is left of a material where the region tells of others
EVENED = 2  # rounds in which borders lose their teeth
# Lab difference, a shade none, from which on two materials are and are surely told apart, and difference of colours,
# 0..1 a channel, all three together, by which two regions are. Skin is one material, and so is hair.
TOLD_APART, TWO_REGIONS = (14.0, 24.0), (0.08, 0.2)
ALIKE, MOSTLY = ("skin", "hair"), (0.4, 0.6)
# Lab difference from its material from which on what is seen edge-on is less and less, and then not, of it; and trust
# from which on, and up to which, it is believed whatever it is.
OTHER, BELIEVED = (8.0, 16.0), (0.4, 0.8)
LINE = 0.0006  # field units, 0.6 mm on an adult, from a border, at which the other material is a quarter of the colour
HAIR = 0.3  # share of hair from which on a material is left to who draws this
AT_ONCE = 4096  # places
BESIDE = 3  # places that tell of a material's colour across its border


@dataclass(frozen=True)
class Materials:
    """Of a mesh's vertices. shares: (V, K) float32, sum 1, how far each is of each material; apart: (K, K) 0..1,
    whether two are told apart, and their border is a line; looks: (V,) of which each looks that is seen, -1 of what is
    mixed, else of which it is; believed: (V,) 0..1, what is left of trust in what is seen; hair: (K,) 0..1, how far
    each is hair."""

    shares: np.ndarray
    apart: np.ndarray
    looks: np.ndarray
    believed: np.ndarray
    hair: np.ndarray

    @property
    def most(self) -> np.ndarray:
        """(V,) of which each is most."""
        return self.shares.argmax(1)

    def asked_to_believe(self, colors: np.ndarray, trust: np.ndarray, firm: np.ndarray) -> "Materials":
        """The same with what is believed of colours (V, 3), seen with trust (V,), where their materials are of colours
        (V, 3), all sRGB 0..1."""
        other = even_step(unlike(colors, firm), *OTHER)
        mixed = self.apart[self.looks, self.most]
        mixed[self.looks < 0] = 1
        doubted = np.maximum(other, mixed) * (1 - even_step(trust, *BELIEVED)) * (trust > 0)
        return replace(self, believed=(1 - doubted).astype(np.float32))

    def sampled(self, nearest: np.ndarray, faces: np.ndarray) -> "Materials":
        """The same of another mesh, faces (F, 3|4), whose vertices are nearest to those (W,) of this one."""
        both = _evened(np.column_stack([self.shares, self.believed])[nearest], faces)
        shares, believed = both[:, :-1], both[:, -1]
        looks, believed = self.most[nearest], believed.astype(np.float32)
        return replace(self, shares=shares.astype(np.float32), looks=looks, believed=believed)


def find_materials(
    colors: np.ndarray,
    trust: np.ndarray,
    faces: np.ndarray,
    regions: np.ndarray | None,
    tells: np.ndarray | None,
    spread: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> Materials | None:
    """The Materials of a mesh of triangles (F, 3) whose vertices show colours (V, 3), sRGB 0..1, with trust (V,).

    regions: (V, R) of which region each vertex is, sum 1, and tells: (V,) 0..1 how far that tells of what is not seen;
    None where nothing is known of them. spread: values (V, K) and trust (V,) in them -> (V, K) without gaps.
    None where too little is seen.
    """
    sure, seen = trust >= SURE, trust > 0
    if sure.sum() < KINDS:
        return None
    features = of_hue(colors)
    if regions is not None:
        features = np.concatenate([features, OF_REGION * regions], 1)
    kind, off = _told(features, sure)
    mine = np.eye(kind.max() + 1, dtype=np.float32)[kind]
    shares = spread(mine * seen[:, None], np.where(sure, 1, HELD * seen)).clip(0, 1)
    shares = _evened(shares, faces)
    mine = mine[sure] / np.maximum(mine[sure].sum(0), 1)
    of_region, hair = None, np.zeros(mine.shape[1])
    if regions is not None and tells is not None:
        of_region = mine.T @ regions[sure]
        free, hair = (tells * ~sure)[:, None], of_region[:, REGIONS["hair"]]
        shares *= 1 - free + free * (regions @ of_region.T + LEAST)
    shares = _whole(shares)
    looks = np.where(seen, np.where(off > STRAY, -1, kind), shares.argmax(1))
    return Materials(shares, _apart(mine.T @ colors[sure], of_region), looks, np.ones(len(colors), np.float32), hair)


def _told(features, sure):
    """Of which material vertices look, (V,), and how far off its colours (V,) they are, by features (V, 3+), Lab and
    regions; sure: (V,) bool, by which materials are found."""
    seen = features[sure].astype(np.float64)
    centres = usual_colors(seen, KINDS)
    nearest = cKDTree(centres).query(features)[1]
    between = np.linalg.norm(centres[:, None] - centres, axis=-1)
    kind = connected_components(between < ONE)[1]
    return kind[nearest], np.linalg.norm((features - centres[nearest])[:, :3], axis=1)


def _evened(values, faces):
    """Values (V, K) or (V,) of a mesh's vertices, faces (F, 3|4), nearer to those of their neighbours."""
    mean = neighbour_mean(faces, len(values))
    for _ in range(EVENED):
        values = 0.5 * (values + mean @ values)
    return values


def _apart(tones, regions):
    """(K, K) 0..1: whether materials of tones (K, 3), sRGB 0..1, of regions (K, R), if known, are told apart."""
    one, other = np.repeat(tones, len(tones), 0), np.tile(tones, (len(tones), 1))
    least = np.minimum(unlike(one, other), unlike(other, one)).reshape(len(tones), -1)
    apart = even_step(least, *TOLD_APART)
    if regions is None:
        return apart
    differ = np.linalg.norm(tones[:, None] - tones, axis=-1)
    apart = np.maximum(apart, even_step(differ, *TWO_REGIONS) * (1 - regions @ regions.T))
    for name in ALIKE:
        mine = regions[:, REGIONS[name]]
        apart *= 1 - even_step(np.minimum(mine[:, None], mine), *MOSTLY)
    return apart


class Borders:
    """The borders between materials on a mesh: within its triangles they are lines."""

    def __init__(
        self,
        vertices: np.ndarray,
        triangles: np.ndarray,
        colors: np.ndarray,
        materials: Materials,
        scalp: np.ndarray | None = None,
    ):
        """vertices (V, 3), triangles (T, 3), colors (V, 3) of any range; scalp: (V,) bool, where hair is drawn by
        others, or None."""
        most, apart = materials.most, materials.apart
        kinds = most[triangles]
        across = np.max([apart[kinds[:, k], kinds[:, k - 1]] for k in range(3)], 0)
        others = np.zeros(len(vertices), bool)
        if scalp is not None:
            others = scalp & (np.maximum(materials.hair[most], materials.hair[materials.looks]) > HAIR)
        mixed = np.flatnonzero(across * ~others[triangles].any(1))
        self._row = np.full(len(triangles), -1)
        self._row[mixed] = np.arange(len(mixed))
        self._across = across[mixed].astype(np.float32)
        self.colors = colors.astype(np.float32)
        other = (apart[materials.looks, most] > 0) & ~others  # of the nearest on another mesh, beyond a border
        used = np.unique(np.concatenate([triangles[mixed].ravel(), np.flatnonzero(other)]))
        self._corners = np.searchsorted(used, triangles[mixed])
        self._shares = materials.shares[used]
        self._slopes = _slopes(vertices[triangles[mixed]], self._shares[self._corners])
        self._tones = np.repeat(self.colors[used, None], len(apart), 1)  # (U, K, 3)
        for kind in np.unique(most[used]):
            mine = np.flatnonzero(~other & (most == kind))
            asked = np.flatnonzero((most[used] != kind) | other[used])
            if len(mine) and len(asked):
                count = min(BESIDE, len(mine))
                _, near = cKDTree(vertices[mine]).query(vertices[used[asked]], [*range(1, count + 1)])
                self._tones[asked, kind] = self.colors[mine][near].mean(1)
        self.colors[used] = self._tones[np.arange(len(used)), most[used]]

    def draw(self, colors: np.ndarray, triangles: np.ndarray, weights: np.ndarray) -> None:
        """Draw the lines in colours (N, 3) of places in triangles, numbers (N,), with weights (N, 3) of their
        corners."""
        row = self._row[triangles]
        there = np.flatnonzero(row >= 0)
        for first in range(0, len(there), AT_ONCE):
            where = there[first : first + AT_ONCE]
            self._draw(colors, where, row[where], weights[where])

    def _draw(self, colors, where, row, weight):
        shares = np.einsum("nk,nkc->nc", weight, self._shares[self._corners[row]])
        shares = _at_line(shares, self._slopes[row])
        drawn = np.zeros((len(where), 3), np.float32)
        for k in range(3):
            drawn += weight[:, k, None] * np.einsum("nk,nkc->nc", shares, self._tones[self._corners[row, k]])
        colors[where] += self._across[row, None] * (drawn - colors[where])


def _slopes(corners, values):
    """How steeply values at corners (T, 3, 3) of triangles, (T, 3, K), rise within these: (T, K, 3) vectors, a unit."""
    one, two = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    up = np.cross(one, two)
    up /= np.maximum((up**2).sum(1, keepdims=True), 1e-30)
    along = np.stack([np.cross(two, up), np.cross(up, one)], 1)  # dual to the sides
    rise = values[:, 1:] - values[:, :1]
    return np.einsum("tsk,tsc->tkc", rise, along).astype(np.float32)


def _at_line(shares, slopes):
    """Shares (N, K) of what is drawn, by those of materials (N, K) and their slopes (N, K, 3): how far each place is
    from where another begins."""
    first = shares.argmax(1)
    rows = np.arange(len(shares))
    behind = shares[rows, first, None] - shares
    steep = np.linalg.norm(slopes[rows, first, None] - slopes, axis=-1)
    drawn = np.exp(-behind / (LINE * np.maximum(steep, 1e-3)))
    return drawn / drawn.sum(1, keepdims=True)


def _whole(shares):
    return (shares / np.maximum(shares.sum(1, keepdims=True), 1e-9)).astype(np.float32)

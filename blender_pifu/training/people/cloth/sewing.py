# SPDX-License-Identifier: GPL-3.0-or-later
"""From a description of a garment to cloth ready to hang: its mesh and where it starts on the body."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ..body import Body, skin
from ..clothes.fabric import part_weights
from ..clothes.outfit import Cut
from ..noise import smooth_noise
from ..pose import between
from ..topology import neighbour_mean
from .pattern import Pattern, Places, border, collared, cover, cut_out, joined, places, sheet
from .solver import mesh_normals
from .threads import Measure, Threads, spin

BINS = 24
FILL_ROUNDS = 24
OFF_M, LAYER_M = 0.003, 0.004  # off the body at least, and each layer higher
CHEST = 0.62  # trunk coordinate from which a loose top hangs down
TUCK = 0.045  # height of what is tucked in, in trunk units
TUCKED_OVER = 2  # layer of a tucked top above the waistband
NECK = 0.05  # a neckline lies no more than so far under its lowest point, in trunk units
LEGS = 0b11001  # bits of the parts (see `fabric.PARTS`) that a skirt lies on


@dataclass(frozen=True)
class Garment:
    """One garment. Lengths in metres on an adult, cuts as `outfit.Cut`. `layer`: higher ones lie over lower ones."""

    cloth: str
    cut: Cut | None  # of the part cut from the tights
    skirt: Cut | None = None  # of the part cut from the skirt helper; both are sewn together
    ease: float = 0.012  # how far it stands off the body where it is closest
    loft: float = 1.0  # 0: follows the body; 1: sleeves, legs and trunk run straight over hollows
    flare: float = 0.0  # how much wider it gets towards its ends
    gather: float = 1.0  # thread around the limb, in parts of what the shape needs
    length: float = 1.0  # thread along the limb, likewise
    cuff: float = 0.0  # height of ribbing that holds sleeve and leg ends close
    rib: float = 0.0  # height of ribbing at the lower hem
    collar: float = 0.0  # height of a strip of cloth on the neckline: a collar, a roll neck, a cowl
    spread: float = 0.0  # how much further out its upper edge stands
    belted: bool = False  # held at its top, or where top and skirt meet
    tucked: bool = False  # held at its lower hem, under another waistband
    buttons: tuple[float, ...] = ()  # trunk coordinates at which an open front is closed
    bend: float = 1.0  # softness against bending: 0.1 stiff, 10 silk
    crumple: float = 0.0  # how uneven thread is, which leaves folds where nothing presses
    layer: int = 0

    @property
    def top(self) -> float:
        """Trunk coordinate of the waist, or of the upper end of what has none."""
        return self.body.top if self.skirt is None else self.skirt.top

    @property
    def body(self) -> Cut:
        """The cut, of what is not a skirt alone; ValueError for that."""
        if self.cut is None:
            raise ValueError(f"a {self.cloth} has no part cut from the tights")
        return self.cut

    @property
    def hangs(self) -> bool:
        """From the shoulders."""
        return self.cut is not None and self.cut.top > 0.6


@dataclass(frozen=True)
class Sheet:
    """A garment's mesh at one fineness: `start (V, 3)` on the body in rest, `panel (V, 5)` share of each body part,
    `own (V,)` bits of those it lies on, `layer (V,)`, `pinned (V,)`: stays with the body."""

    pattern: Pattern
    start: np.ndarray
    panel: np.ndarray
    own: np.ndarray
    layer: np.ndarray
    pinned: np.ndarray
    threads: Threads


class Sewn:
    """A garment cut for one body, `rest (19158, 3)` with bone heads `heads (104, 3)`."""

    def __init__(self, body: Body, garment: Garment, rest: np.ndarray, heads: np.ndarray, rng):
        self.garment = garment
        self.pattern, from_skirt, self.up = _pattern(body, garment)
        self.at = places(body, self.pattern.to_base)
        naked = self.pattern(rest).astype(np.float32)
        axes, radius = _limb_axes(body, self.at, naked, heads)
        axes[from_skirt] = [0, 0, 1]
        faces = self.pattern.triangles()
        self.smoother = neighbour_mean(faces, len(naked))
        normals = mesh_normals(naked, faces)
        for _ in range(3):
            normals = self.smoother @ normals
        normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
        offset = self._offset(radius, np.ptp(rest[:, 2]) / 1.7)
        self.start = self._filled(naked, normals) + offset[:, None] * normals
        weights, straight = self.pattern.weights(body), _straight(body, heads)
        loose, close = (skin(points, weights, straight) for points in (self.start, naked))
        uneven = garment.crumple * crumples(self.pattern(body.mean_vertices), rng)
        self.measure = Measure(loose, close, axes, self._tightness(), uneven)
        self.panel = self.pattern(body.weights @ part_weights(body))
        self.panel[from_skirt] = [1, 0, 0, 0, 0]
        self.own = ((self.panel > 0.08) * (1 << np.arange(5))).sum(1).astype(np.uint32)
        self.own[from_skirt] |= LEGS

    def sheet(self) -> Sheet:
        """As cut."""
        one = sparse.identity(len(self.own), np.float32, "csr")
        return self._sheet(self.pattern, self.measure, one, self._pinned())

    def fine_sheet(self) -> tuple[Sheet, sparse.csr_matrix]:
        """Twice as fine, and the matrix that makes its vertices."""
        pattern, up = self.pattern.subdivided()
        pinned = up @ self._pinned().astype(np.float32) > 0.99
        return self._sheet(pattern, self.measure.finer(up), up, pinned), up

    def _sheet(self, pattern: Pattern, measure: Measure, up: sparse.csr_matrix, pinned: np.ndarray) -> Sheet:
        g = self.garment
        source = up.indices[up.indptr[:-1]]  # of each vertex one of the cut that it is made of
        threads = spin(pattern.quads, measure, g.gather, g.length, g.bend, self._tied())
        return Sheet(
            pattern, up @ self.start, up @ self.panel, self.own[source], self._layer()[source], pinned, threads
        )

    def _layer(self) -> np.ndarray:
        """(V,) int. What is tucked in lies under the waistband, and the rest of it hangs over that."""
        g = self.garment
        layer = np.full(len(self.at.trunk), g.layer)
        return np.where(self.at.trunk < g.body.bottom + TUCK, layer, TUCKED_OVER) if g.tucked else layer

    def _offset(self, radius: np.ndarray, scale: float) -> np.ndarray:
        """How far the cloth stands off the body in rest, (V,) metres."""
        g, at = self.garment, self.at
        offset = np.full(len(radius), g.ease, np.float32)
        on_arm, on_leg = at.arm > 0, (at.trunk < 0) & (at.arm <= 0)
        # A coordinate that grows towards the end, from where on it is lofted, on which vertices, share of the flare.
        limbs = [(at.arm, 0.2, on_arm, 0.35), (-at.trunk, 0.12 if g.skirt is None else 0.0, on_leg, 1.0)]
        if g.hangs:
            limbs.append((CHEST - at.trunk, 0.0, ~on_arm & ~on_leg, 1.0))
        for along, begin, on, share in limbs:
            on = on & (along > begin)
            if on.sum() > BINS:
                offset[on] += self._loft(along[on], radius[on], share * g.flare * scale)
        if g.hangs:  # collars lie close
            offset *= 1 - 0.7 * np.clip((at.trunk - g.body.top + 0.14) / 0.1, 0, 1) * (at.on_arm < 0.3)
            offset += g.spread * scale * self.up
        if g.tucked:
            offset *= np.clip((at.trunk - g.body.bottom) / 0.12, 0.2, 1)
        if g.belted:
            offset = 0.002 + (offset - 0.002) * np.clip(np.abs(g.top - at.trunk) / 0.12, 0, 1)
        for _ in range(14):
            offset = 0.5 * offset + 0.5 * (self.smoother @ offset)
        return offset + OFF_M + LAYER_M * g.layer

    def _filled(self, naked: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """Hollows bridged, as woven cloth does."""
        filled = naked.copy()
        for _ in range(int(FILL_ROUNDS * self.garment.loft)):
            ahead = np.einsum("nc,nc->n", self.smoother @ filled - filled, normals)
            filled += 0.8 * np.maximum(ahead, 0)[:, None] * normals
        return filled

    def _loft(self, along: np.ndarray, radius: np.ndarray, flare: float) -> np.ndarray:
        """What is missing to a straight line from the width at the limb's root to the flared end."""
        low, high = along.min(), along.max()
        bins = np.minimum(((along - low) / (high - low + 1e-6) * BINS).astype(int), BINS - 1)
        profile = np.bincount(bins, radius, BINS) / np.maximum(np.bincount(bins, minlength=BINS), 1)
        for _ in range(4):  # joints are no rings
            profile = np.convolve(np.pad(profile, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
        way = (np.arange(BINS) + 0.5) / BINS
        root, end = profile[:2].mean(), profile[-2:].mean() + flare
        line = root + (end - root) * way
        extra = np.maximum(self.garment.loft * np.maximum(line - profile, 0), flare * way)
        return np.interp((along - low) / (high - low + 1e-6), way, extra)

    def _tightness(self) -> np.ndarray:
        """0 free cloth .. 1 ribbing, (V,)."""
        g, at = self.garment, self.at
        tight = np.zeros(len(at.arm), bool)
        if g.cuff and g.cut is not None:
            tight |= (at.arm > 0) & (at.arm > g.cut.sleeve - g.cuff / 0.5)
            tight |= (g.cut.bottom < -0.3) & (at.trunk < g.cut.bottom + g.cuff / 0.7)
        if g.rib and g.cut is not None:
            tight |= (at.trunk < g.cut.bottom + g.rib / 0.6) & (at.arm <= 0)
        return tight.astype(np.float32)

    def _pinned(self) -> np.ndarray:
        """Which vertices stay with the body, (V,): a waistband's, the seam of a dress with a belt, a hem tucked in."""
        g, trunk = self.garment, self.at.trunk
        held = g.belted & (np.abs(trunk - g.top) < 0.012)
        if g.tucked:
            held |= trunk < g.body.bottom + 0.012
        return held & (self.at.arm <= 0)

    def _tied(self) -> np.ndarray:
        """Pairs (K, 2) of vertices left and right of an open front that buttons hold together."""
        g, pairs = self.garment, []
        edge = np.unique(border(self.pattern.quads))
        edge = edge[(self.at.front[edge] > 0.3) & (self.at.arm[edge] <= 0)]
        for height in g.buttons:
            near = edge[np.abs(self.at.trunk[edge] - height) < 0.04]
            sides = [near[sign * self.at.side[near] > 0] for sign in (1, -1)]
            if all(len(side) for side in sides):
                pairs.append([side[np.abs(self.at.trunk[side] - height).argmin()] for side in sides])
        return np.array(pairs, int).reshape(-1, 2)


def crumples(points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """0..1 (V,), bands across limbs of a few centimetres where worn cloth `points (V, 3)` keeps folds."""
    fine, broad = (smooth_noise(points.astype(np.float32), rng, frequency) for frequency in (1 / 0.05, 1 / 0.25))
    return np.clip(fine, 0, 1) * np.clip(0.5 + broad, 0, 1)


def _pattern(body: Body, garment: Garment) -> tuple[Pattern, np.ndarray, np.ndarray]:
    """The mesh, which of its vertices (V,) come from the skirt helper, and how far up a collar each lies, 0..1."""
    parts = []
    for group, cut in (("helper-tights", garment.cut), ("helper-skirt", garment.skirt)):
        if cut is not None:
            whole, at = sheet(body, group)
            parts.append(cut_out(whole, cover(cut, at, skirt=group == "helper-skirt")))
    counts = [part.to_base.shape[0] for part in parts]
    if len(parts) == 1:
        pattern, from_skirt = parts[0], np.full(counts[0], garment.cut is None)
    else:
        pattern, from_skirt = joined(body, parts[0], parts[1], garment.top), np.repeat([False, True], counts)
    if not garment.collar:
        return pattern, from_skirt, np.zeros(len(from_skirt))
    pattern, up = collared(body, pattern, garment.body.top - garment.body.vee - NECK, garment.collar)
    return pattern, np.r_[from_skirt, np.zeros(len(up) - len(from_skirt), bool)], up


def _limb_axes(body: Body, at: Places, points: np.ndarray, heads: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Unit direction of the limb (V, 3) at every vertex, and the distance from its axis (V,)."""
    axes = np.tile(np.array([0.0, 0, 1]), (len(points), 1))
    radius = np.hypot(points[:, 0], points[:, 1] - heads[body.bone["spine04"]][1])
    side = np.where(at.side > 0, "L", "R")
    for chain, on in (
        (("upperarm01", "lowerarm01", "wrist"), at.arm > 0),
        (("upperleg01", "lowerleg01", "foot"), (at.trunk < 0) & (at.arm <= 0)),
    ):
        for s in "LR":
            mine = np.flatnonzero(on & (side == s))
            a, b, c = (heads[body.bone[f"{bone}.{s}"]].astype(float) for bone in chain)
            beyond = np.einsum("nc,c->n", points[mine] - b, c - b) > 0
            axes[mine] = (b - a) / np.linalg.norm(b - a)  # lengths are measured on straight limbs
            for origin, end, half in ((a, b, mine[~beyond]), (b, c, mine[beyond])):
                line = (end - origin) / np.linalg.norm(end - origin)
                arm = points[half] - origin
                radius[half] = np.linalg.norm(arm - np.outer(arm @ line, line), axis=1)
    return axes, radius


def _straight(body: Body, heads: np.ndarray) -> np.ndarray:
    """Bone transforms (104, 3, 4) that stretch elbows and knees: sleeves and trousers are cut straight."""
    rotations = np.tile(np.eye(3), (len(body.bones), 1, 1))
    for chain in (("upperarm01", "lowerarm01", "wrist"), ("upperleg01", "lowerleg01", "foot")):
        for s in "LR":
            a, b, c = (heads[body.bone[f"{bone}.{s}"]].astype(float) for bone in chain)
            rotations[body.bone[f"{chain[1]}.{s}"]] = between(c - b, b - a)
    return body.bone_transforms(heads, rotations)

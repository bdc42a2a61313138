# SPDX-License-Identifier: GPL-3.0-or-later
"""Patterned cloth, painted where it is seen: a fabric gives the colour of any point, so prints stay sharp at any size.

A garment is unrolled into panels (trunk, arms, legs); patterns are drawn on their coordinates u (round the limb) and v
(up along it), metres.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..body import Body
from ..looks import to_linear
from ..noise import smooth_noise

PARTS = ("trunk", "arm.L", "arm.R", "leg.L", "leg.R")
RADII = np.array([0.15, 0.05, 0.05, 0.08, 0.08])  # metres, by which angles round a part become lengths
TABLE = 64
# What cloth shows and how often, by split: the test split's patterns are never seen in training.
PATTERNS = {
    "train": {
        "plain": 0.30, "weave": 0.08, "knit": 0.08, "denim": 0.10, "stripes": 0.08, "pinstripes": 0.03, "plaid": 0.07,
        "camouflage": 0.03, "gradient": 0.02, "blocks": 0.06, "print": 0.05, "text": 0.06, "flowers": 0.04,
    },
    "test": {"plain": 0.55, "dots": 0.12, "herringbone": 0.12, "argyle": 0.1, "tie_dye": 0.11},
}  # fmt: skip


@dataclass(frozen=True)
class Panels:
    """Where the parts of a body in rest lie: `origins (5, 3)` and `axes (5, 3, 3)`, rows across, forward, up along the
    limb."""

    origins: np.ndarray
    axes: np.ndarray

    def unroll(self, rest: np.ndarray, part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """u, v (P,) metres of points `rest (P, 3)` on parts `part (P,)`; u is 0 in front."""
        u, v = np.empty((2, len(rest)), np.float32)
        for k in range(len(PARTS)):
            on = part == k
            if on.any():
                local = (rest[on] - self.origins[k]) @ self.axes[k].T
                u[on] = np.arctan2(local[:, 0], local[:, 1]) * RADII[k]
                v[on] = local[:, 2]
        return u, v


def lay_panels(body: Body, heads: np.ndarray) -> Panels:
    """Of a body whose bone heads in rest are `heads: (104, 3)`."""

    def at(name: str) -> np.ndarray:
        return heads[body.bone[name]].astype(float)

    origins, axes = [at("spine03")], [np.array([[1.0, 0, 0], [0, -1, 0], [0, 0, 1]])]
    for top, end in (("upperarm01", "wrist"), ("upperleg01", "foot")):
        for side in "LR":
            up = at(f"{top}.{side}") - at(f"{end}.{side}")
            up /= np.linalg.norm(up)
            ahead = np.array([0, -1.0, 0]) + up[1] * up
            ahead /= np.linalg.norm(ahead)
            origins.append(at(f"{top}.{side}"))
            axes.append(np.stack([np.cross(ahead, up) * -1, ahead, up]))
    return Panels(np.array(origins), np.array(axes))


@lru_cache(maxsize=1)
def part_weights(body: Body) -> np.ndarray:
    """(104, 5): which part each bone belongs to."""
    found = np.zeros((len(body.bones), len(PARTS)), np.float32)
    for b, name in enumerate(body.bones):
        if name.startswith(("upperarm", "lowerarm", "wrist", "finger", "metacarpal")):
            found[b, 1 + name.endswith("R")] = 1
        elif name.startswith(("upperleg", "lowerleg", "foot", "toe")):
            found[b, 3 + name.endswith("R")] = 1
        else:
            found[b, 0] = 1
    return found


def cloth_tone(rng: np.random.Generator) -> np.ndarray:
    """A colour people wear (3,) sRGB: greys, blues, browns most, some of any hue, black and white among them."""
    if rng.random() < 0.35:
        return np.full(
            3, rng.choice([rng.uniform(0.03, 0.2), rng.uniform(0.2, 0.6), rng.uniform(0.75, 0.97)])
        ) * rng.normal(1, 0.03, 3)
    hue, saturation, value = rng.uniform(0, 1), rng.beta(2, 2.5), rng.uniform(0.1, 0.95)
    wheel = np.clip(np.abs((hue * 6 + np.array([0, 4, 2])) % 6 - 3) - 1, 0, 1)
    return value * (1 - saturation + saturation * wheel)


class Fabric:
    """One cloth. `base`: its main colour, linear (3,). Call it with points for their linear colours."""

    mapped = False

    def __init__(self, rng: np.random.Generator, panels: Panels, split: str):
        odds = PATTERNS[split]
        self.kind = str(rng.choice(list(odds), p=np.array(list(odds.values())) / sum(odds.values())))
        self.panels = panels
        self._one, self._two, self._three = cloth_tone(rng), cloth_tone(rng), cloth_tone(rng)
        if self.kind == "denim":
            self._one = np.array([0.16, 0.24, 0.40]) * rng.uniform(0.35, 1.9) * rng.normal(1, 0.05, 3)
        elif self.kind == "pinstripes":
            self._two = self._one + 0.25 * (self._two - self._one)
        self._table = rng.random((TABLE, TABLE)).astype(np.float32)
        self._draws = rng.random(8)
        self._seed = int(rng.integers(2**31))
        self._uneven = rng.uniform(0.01, 0.05)
        self.base = to_linear(self._one)

    def __call__(self, rest: np.ndarray, part: np.ndarray) -> np.ndarray:
        """Linear (P, 3) at `rest (P, 3)` of parts `part (P,)`."""
        if not len(rest):
            return np.zeros((0, 3), np.float32)
        u, v = self.panels.unroll(rest, part)
        shade, mix, third = getattr(self, "_" + self.kind)(rest, u, v, part)
        noise = smooth_noise(rest.astype(np.float32), np.random.default_rng(self._seed), 1 / 0.05)
        shade = np.asarray(shade, np.float32) * (1 + self._uneven * noise)
        color = self._one + np.asarray(mix, np.float32)[..., None] * (self._two - self._one)
        color = color + np.asarray(third, np.float32)[..., None] * (self._three - color)
        return to_linear(np.broadcast_to(color, rest.shape) * np.broadcast_to(shade, len(rest))[:, None])

    def _between(self, draw: int, low: float, high: float) -> float:
        return low + (high - low) * self._draws[draw]

    def _speck(self, u: np.ndarray, v: np.ndarray, size: float) -> np.ndarray:
        """Random 0..1, one value a cell of `size` metres."""
        return self._table[np.floor(u / size).astype(int) % TABLE, np.floor(v / size).astype(int) % TABLE]

    # Each pattern gives shade (1: none), the share of the second colour, the share of the third.

    def _plain(self, rest, u, v, part):
        return 1.0, 0.0, 0.0

    def _weave(self, rest, u, v, part):
        """Melange: threads of two tones."""
        fine = self._speck(u, v, self._between(0, 0.002, 0.006))
        return 1.0, 0.1 + self._between(1, 0.1, 0.5) * fine, 0.0

    def _knit(self, rest, u, v, part):
        """Columns of stitches, or ribs."""
        wide = self._between(0, 0.006, 0.022)
        rows = np.sin(2 * np.pi * (v / (0.8 * wide) + np.abs((u / wide) % 1 - 0.5)))
        ribs = np.cos(2 * np.pi * u / wide)
        depth = self._between(1, 0.06, 0.25)
        bands = (np.floor(v / self._between(3, 0.04, 0.15)) % 3 == 0) * (self._draws[4] < 0.4)
        return 1 - depth * (0.5 + 0.5 * (rows if self._draws[2] < 0.5 else ribs)), bands, 0.0

    def _denim(self, rest, u, v, part):
        """Twill with worn fronts and darker seams."""
        twill = self._speck(u + v, v, 0.003)
        worn = np.exp(-((u / 0.06) ** 2) - (((v + 0.22) / 0.18) ** 2)) * self._between(0, 0.0, 0.9)
        seam = np.abs(np.abs(u) - np.pi / 2 * RADII[part]) < 0.004
        return (0.88 + 0.24 * twill) * (1 + worn) * (1 - 0.3 * seam), 0.0, 0.0

    def _stripes(self, rest, u, v, part):
        along = v if self._draws[0] < 0.65 else u
        step, share = self._between(1, 0.012, 0.1), self._between(2, 0.2, 0.8)
        third = (along / step % 3 < 0.3) * (self._draws[3] < 0.3)
        return 1.0, along / step % 1 < share, third

    def _pinstripes(self, rest, u, v, part):
        return 1.0, u / self._between(0, 0.012, 0.03) % 1 < 0.15, 0.0

    def _plaid(self, rest, u, v, part):
        step = self._between(0, 0.02, 0.11)
        a, b = (u / step % 1 < self._between(1, 0.3, 0.6)), (v / step % 1 < self._between(1, 0.3, 0.6))
        thin = ((u / step + 0.3) % 1 < 0.07) | ((v / step + 0.3) % 1 < 0.07)
        return 1.0, 0.5 * a + 0.5 * b, thin * (self._draws[2] < 0.6) * 0.8

    def _camouflage(self, rest, u, v, part):
        rng = np.random.default_rng(self._seed + 1)
        field = smooth_noise(rest.astype(np.float32), rng, self._between(0, 5, 14))
        return 1.0, np.round(2 * np.clip(0.5 + field, 0, 1)) / 2, np.clip(-field * 8 - 2, 0, 1)

    def _gradient(self, rest, u, v, part):
        return 1.0, np.clip((v + 0.3) / self._between(0, 0.3, 0.9), 0, 1), 0.0

    def _blocks(self, rest, u, v, part):
        """Halves, sleeves or a yoke of another cloth."""
        if self._draws[0] < 0.4:
            return 1.0, part != 0, 0.0
        if self._draws[0] < 0.7:
            return 1.0, (v > self._between(1, 0.0, 0.3)) & (part == 0), 0.0
        return 1.0, np.abs(u) > self._between(1, 0.5, 0.9) * np.pi / 2 * RADII[part], 0.0

    def _print(self, rest, u, v, part):
        rng = np.random.default_rng(self._seed + 2)
        away = np.hypot(u - self._between(0, -0.03, 0.03), v - self._between(1, 0.02, 0.16))
        shape = away + 0.03 * smooth_noise(rest.astype(np.float32), rng, 1 / 0.06)
        size = self._between(2, 0.04, 0.11)
        front = part == 0
        return 1.0, front & (shape < size), front & (shape < 0.6 * size) & (self._speck(u, v, 0.012) > 0.5)

    def _text(self, rest, u, v, part):
        """Lines of random letter-like marks on the chest, or all over."""
        tall = self._between(0, 0.015, 0.06)
        line, column = (v - self._between(1, 0.0, 0.1)) / (1.6 * tall), u / (0.8 * tall)
        all_over = self._draws[2] < 0.2
        lines = 1 + int(3 * self._draws[3])
        row, cell = np.floor(line).astype(int), np.floor(column).astype(int)
        stroke_x, stroke_y = (column % 1 * 4).astype(int), (line % 1 * 8).astype(int)
        # Each letter is three strokes by five out of the table; a fourth column and upper rows part letters.
        ink = self._table[(7 * cell + stroke_x) % TABLE, (11 * row + stroke_y) % TABLE] > 0.45
        letter = ink & (stroke_x < 3) & (stroke_y < 5)
        wide = self._between(4, 0.05, 0.13)
        where = letter & (all_over | ((part == 0) & (row >= 0) & (row < lines) & (np.abs(u) < wide)))
        return 1.0, where, 0.0

    def _scattered(self, u, v, step: float) -> tuple[np.ndarray, np.ndarray]:
        """Distance to the jittered centre of the own cell, in cells, and the angle about it."""
        cell_u, cell_v = np.floor(u / step).astype(int) % TABLE, np.floor(v / step).astype(int) % TABLE
        x = u / step % 1 - 0.3 - 0.4 * self._table[cell_u, cell_v]
        y = v / step % 1 - 0.3 - 0.4 * self._table[cell_v, cell_u]
        return np.hypot(x, y), np.arctan2(y, x)

    def _flowers(self, rest, u, v, part):
        away, angle = self._scattered(u, v, self._between(0, 0.025, 0.09))
        petals = 0.22 + 0.08 * np.cos(5 * angle)
        return 1.0, away < petals, away < 0.09

    def _dots(self, rest, u, v, part):
        step = self._between(0, 0.012, 0.06)
        x, y = u / step % 1 - 0.5, (v / step + 0.5 * (np.floor(u / step) % 2)) % 1 - 0.5
        return 1.0, np.hypot(x, y) < self._between(1, 0.15, 0.4), 0.0

    def _herringbone(self, rest, u, v, part):
        wide = self._between(0, 0.015, 0.05)
        slope = np.abs(u / wide % 2 - 1)
        return 1.0, (v / (0.4 * wide) + slope) % 1 < 0.5, 0.0

    def _argyle(self, rest, u, v, part):
        step = self._between(0, 0.03, 0.1)
        a, b = u / step + v / (1.5 * step), u / step - v / (1.5 * step)
        lines = (np.abs(a % 1 - 0.5) < 0.04) | (np.abs(b % 1 - 0.5) < 0.04)
        return 1.0, (np.floor(a) + np.floor(b)) % 2 == 0, lines

    def _tie_dye(self, rest, u, v, part):
        rng = np.random.default_rng(self._seed + 3)
        away = np.hypot(u, v - 0.05) + 0.03 * smooth_noise(rest.astype(np.float32), rng, 1 / 0.08)
        rings = np.sin(away * self._between(0, 40, 120))
        return 1.0, np.clip(0.5 + rings, 0, 1), np.clip(-rings, 0, 1)

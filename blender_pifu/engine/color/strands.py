# SPDX-License-Identifier: GPL-3.0-or-later
"""The grain of hair where no photo shows it: locks that run down, on a scalp from the whorl, or curls, as loud and in
the colours of the hair that is seen (noise of a given spectrum: van Wijk 1991, "Spot noise")."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from scipy.fft import fftfreq, irfft2, rfft2, rfftfreq
from scipy.ndimage import map_coordinates

from .hair import Hair

LEAST = 40  # pixels that show hair, without which nothing is told of its grain
AROUND_PX = 3.0  # standard deviation, pixels, of what the direction of hair is asked about
CURLED, STRAIGHT = 0.35, 0.6  # coherence of hair's direction there, 0..1, at which it has curls, and is straight
# Metres of a 1.7 m body: the skull's middle in rest, its radius, and towards where on it the whorl lies.
MIDDLE, RADIUS_M, WHORL = np.array([0.0, 0.69, 0.03]), 0.095, np.array([0.1, 0.8, -0.59])
TILE_PX, TILE_M = 1024, 0.16  # of the grain, which repeats
WIDTHS_M, PARTS = (0.0018, 0.004, 0.009), (0.55, 0.65, 0.5)  # of strands and locks, and how loud each is
LONG = (1.3, 7.0)  # times as long as wide, with curls and straight
REPEATED = 4  # times round the skull, where that is widest: a tile is a little narrower there than the whole
TURN = 0.5  # radians about the whorl that locks turn by, on a radian of their way down
EYES_TO_MOUTH_M = 0.065
# Median of what a normal number's square is, against its mean: a brim, or a tuft beside a cap, is louder than the rest
# and no grain, so that of smooth cloth taken for hair, as of sleek hair, the median tells less.
MEDIAN_SQUARE = 0.455
DARKER = 0.35  # share of its own brightness that grain takes off or adds, at most


@dataclass(frozen=True)
class Strands:
    """color (3,): what a grain of 1 adds, sRGB 0..1; tile: (TILE_PX, TILE_PX) float32 of mean 0 and variance 1, locks
    running down it, which goes on where it ends."""

    color: np.ndarray
    tile: np.ndarray

    def on_scalp(self, rest: np.ndarray, colors: np.ndarray) -> np.ndarray:
        """What grain adds, (N, 3) sRGB 0..1, where the mean body's skin rests at (N, 3) metres, to colors (N, 3)."""
        whorl, one, two = _axes()
        way = rest - MIDDLE
        way = way / np.maximum(np.linalg.norm(way, axis=1, keepdims=True), 1e-6)
        down = np.arccos(np.clip(way @ whorl, -1, 1))
        round_ = np.arctan2(way @ two, way @ one) + TURN * down
        # As many locks to a centimetre near the whorl as far from it: half as many repeats where it is half as wide.
        octave = np.clip(-np.log2(np.maximum(np.sin(down), 1e-3)), 0, np.log2(REPEATED))
        finer = np.floor(octave)
        share = octave - finer
        grain = np.zeros(len(rest))
        for step, weight in ((finer, 1 - share), (finer + 1, share)):
            repeats = np.maximum(REPEATED / 2**step, 1)
            across = round_ / (2 * np.pi) * repeats + 0.37 * step
            grain += np.sqrt(weight) * self._grain(across, down * RADIUS_M / TILE_M)
        return self._added(grain, colors)

    def add_behind(self, hair: Hair, colors: np.ndarray) -> None:
        """Give the hidden side's colors (h, w, 3), in the part of the picture that Hair tells of, the grain of hair."""
        share = hair.behind * (1 - hair.hat_behind)
        row, column = np.nonzero(share)
        tiles = EYES_TO_MOUTH_M / hair.unit / TILE_M
        there = colors[row, column]
        added = self._added(self._grain(column * tiles, row * tiles), there)
        colors[row, column] = there + share[row, column, None] * added

    def _grain(self, across, down):
        """The tile at (N,) places, in tiles."""
        return map_coordinates(self.tile, np.stack([down, across]) * TILE_PX, order=1, mode="grid-wrap")

    def _added(self, grain, colors):
        most = DARKER * np.maximum(colors.mean(1, keepdims=True), 0.05)
        return most * np.tanh(grain[:, None] * self.color / most)


def strands_of(hair: Hair | None, band: np.ndarray) -> Strands | None:
    """The Strands of the Hair in a photo whose fine band is (n, n, 3) around 0; None where too little is seen."""
    if hair is None:
        return None
    surely = cv2.erode(hair.tells.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    if surely.sum() < LEAST:
        return None
    band = band[hair.where]
    grains = band[surely] - band[surely].mean(0)
    values, axes = np.linalg.eigh(grains.T @ grains / len(grains))
    usual = np.median((grains**2).sum(1)) / MEDIAN_SQUARE
    color = axes[:, -1] * np.sqrt(min(values.sum(), usual))
    straight = np.clip((_coherence(band.mean(2), surely) - CURLED) / (STRAIGHT - CURLED), 0, 1)
    return Strands(color * np.sign(color.sum()), _tile(round(float(straight), 1)))


def _coherence(grey, where):
    """How much one direction of slopes prevails about the pixels `where` (h, w), 0..1 (structure tensor)."""
    grey = np.ascontiguousarray(grey, np.float32)
    across, down = cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)
    xx, xy, yy = (cv2.GaussianBlur(both, (0, 0), AROUND_PX) for both in (across**2, across * down, down**2))
    prevailing = np.sqrt((xx - yy) ** 2 + 4 * xy**2)
    return float(prevailing[where].sum() / max(float((xx + yy)[where].sum()), 1e-9))


@lru_cache(maxsize=2)
def _tile(straight: float) -> np.ndarray:
    """Noise of strands and locks, from curls (0) to straight (1)."""
    long = LONG[0] * (LONG[1] / LONG[0]) ** straight
    rng = np.random.default_rng(0)
    down, across = (part.astype(np.float32) for part in (fftfreq(TILE_PX)[:, None], rfftfreq(TILE_PX)[None]))
    whole = np.zeros((TILE_PX, TILE_PX), np.float32)
    for width_m, part in zip(WIDTHS_M, PARTS, strict=True):
        width = width_m / TILE_M * TILE_PX
        # A band about one wave to a width: what is slower is left to the wider ones.
        far = np.hypot(across * width, down * width * long)
        spectrum = rfft2(rng.standard_normal(whole.shape, np.float32), overwrite_x=True)
        spectrum *= far**2 * np.exp(-(far**2))
        grain = irfft2(spectrum, s=whole.shape, overwrite_x=True)
        grain *= part / grain.std()
        whole += grain
    whole /= whole.std()
    return whole


@lru_cache(maxsize=1)
def _axes():
    whorl = WHORL / np.linalg.norm(WHORL)
    one = np.cross(whorl, (0.0, 0.0, 1.0))
    one /= np.linalg.norm(one)
    return whorl, one, np.cross(whorl, one)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints, checks, stripes and dots: a garment whose colours differ everywhere within a hand's width, and not only at a
logo, a button or a fold."""

from dataclasses import dataclass

import cv2
import numpy as np

from ..crop_space import blurred_within, smaller
from ..smooth_step import smooth_step
from ..srgb import lab_of
from ..usual_colors import usual_colors
from .regions import GARMENTS, REGIONS, Regions

WORK_PX = 256  # to a side of the crop, in which garments are looked at
MEAN = 0.03  # field units, 1 cm on an adult is 0.01: standard deviation of the blur that leaves no print
# Differences of colours, 0..1, of a print, on how much of a garment: more than folds have, and of hue, as shade has
# none; or so many, by themselves or as a share of the garment's colour, that no light makes them.
LOUD, HUED, LOUDEST, CONTRAST, EVERYWHERE = 0.05, 0.01, 0.1, 0.5, 0.75
DARKEST = 0.02  # of colours of which such a share is told
PLAIN = 0.03, 0.05  # up to which a part of a printed garment has none, and from which it has
SURE = 0.6  # share of a region from which on a pixel is its
LEAST = 300  # pixels of a garment
# Of what is no part of a print, as the strap of a bag, a book before it or a shirt under an open jacket: colours that
# are told apart, pixels of a piece of one of them, share of that colour that the two largest pieces are, without what
# is within them, and of the garment, at most: a print has its colours everywhere, and its ground has holes.
OTHER_COLORS, OTHER_PX, IN_PIECES, WHOLE, PART = 6, 80, 0.6, 0.85, 0.35


@dataclass(frozen=True)
class Prints:
    """garments: which of GARMENTS are printed; where (m, m) 0..1 that is seen, and means (m, m, 3), colours sRGB 0..1
    without it; other (m, m) bool: what lies before or under them and is plain; m: WORK_PX."""

    garments: tuple[str, ...]
    where: np.ndarray
    means: np.ndarray
    other: np.ndarray

    def without(self, photo: np.ndarray) -> np.ndarray:
        """A picture (n, n, 4) of what the photo shows, in the colours that garments have from afar."""
        return _mixed(photo, self.where, self.means)

    def behind(self, small: np.ndarray, regions: Regions) -> tuple[np.ndarray, np.ndarray]:
        """Where (m, m) 0..1 the hidden side is of these garments, and (m, m, 3) its colours without a print; small:
        (m, m, 4), its picture in few pixels."""
        where = regions.at_size(WORK_PX).back[..., [REGIONS[name] for name in self.garments]].sum(-1)
        return where, _mean(small[..., :3], np.ascontiguousarray(where * small[..., 3]))


def find_prints(photo: np.ndarray, regions: Regions) -> Prints | None:
    """The Prints in a photo (n, n, 4), sRGB 0..1 and matte, without its light; None where there are none."""
    small, regions = smaller(photo, WORK_PX), regions.at_size(WORK_PX)
    colors, matte = small[..., :3], small[..., 3]
    inner = cv2.erode((matte > 0.9).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    garments, where, means, others = [], np.zeros_like(matte), colors.copy(), np.zeros(matte.shape, bool)
    for name in GARMENTS:
        share = np.ascontiguousarray(regions.front[..., REGIONS[name]] * matte)
        surely = inner & (share > SURE)
        if surely.sum() < LEAST:
            continue
        look = _Look.of(colors, share, surely)
        if not look.everywhere:
            continue
        other = _of_no_print(colors, surely)
        if other.any():
            share[other] = 0
            look = _Look.of(colors, share, surely & ~other)
        printed = share * smooth_step(look.loud, *PLAIN)
        garments.append(name)
        others |= other
        where += printed
        means += printed[..., None] * (look.mean - means)
    return Prints(tuple(garments), where, means, others) if garments else None


@dataclass(frozen=True)
class _Look:
    """What a garment looks like: mean (n, n, 3), its colours from afar, loud (n, n), how far those nearby differ from
    that, and whether they do everywhere, and more than light makes."""

    mean: np.ndarray
    loud: np.ndarray
    everywhere: bool

    @classmethod
    def of(cls, colors: np.ndarray, share: np.ndarray, surely: np.ndarray) -> "_Look":
        """Of colours (n, n, 3), as far as a pixel is of the garment, share (n, n) 0..1, and surely (n, n) bool."""
        mean = _mean(colors, share)
        band = colors - mean
        tone = mean / np.maximum(np.linalg.norm(mean, axis=-1, keepdims=True), 1e-3)
        hues = band - (band * tone).sum(-1, keepdims=True) * tone
        loud, hued = (np.sqrt(_mean(np.square(each).mean(-1), surely.astype(np.float32))) for each in (band, hues))
        share_of_color = loud / np.maximum(mean.mean(-1), DARKEST)
        least, hue, contrast = (np.quantile(each[surely], 1 - EVERYWHERE) for each in (loud, hued, share_of_color))
        return cls(mean, loud, bool(least > LOUDEST or (least > LOUD and (hue > HUED or contrast > CONTRAST))))


def _of_no_print(colors, surely):
    """(n, n) bool: where something plain lies before or under a garment that may be printed, `surely` (n, n) bool, of
    colours (n, n, 3)."""
    lab = lab_of(colors)
    centres = usual_colors(lab[surely].astype(np.float64), OTHER_COLORS)
    tint = np.where(surely, ((lab[..., None, :] - centres) ** 2).sum(-1).argmin(-1), -1)
    other = np.zeros_like(surely)
    for one in range(len(centres)):
        mine = (tint == one).astype(np.uint8)
        _, number, about, _ = cv2.connectedComponentsWithStats(cv2.morphologyEx(mine, cv2.MORPH_OPEN, np.ones((3, 3))))
        area = about[1:, cv2.CC_STAT_AREA]
        largest = np.argsort(-area)[:2]
        if mine.sum() > PART * surely.sum() or area[largest].sum() < IN_PIECES * mine.sum():
            continue
        for piece in largest[area[largest] >= OTHER_PX]:
            there = (number == piece + 1).astype(np.uint8)
            outlines, _ = cv2.findContours(there, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
            filled = cv2.drawContours(np.zeros_like(there), outlines, -1, (1,), -1)
            if area[piece] > WHOLE * filled.sum():
                other |= there > 0
    return cv2.dilate(other.astype(np.uint8), np.ones((3, 3))) > 0


def without_prints(pictures: dict[str, np.ndarray], regions: Regions) -> dict[str, np.ndarray]:
    """Pictures "photo" and perhaps "back", (n, n, 4) each, as `painting.paint` takes them, whose printed garments have
    the colours that these have from afar; the same where none is."""
    prints = find_prints(pictures["photo"], regions)
    if prints is None:
        return pictures
    plain = {"photo": prints.without(pictures["photo"])}
    if "back" in pictures:
        plain["back"] = _mixed(pictures["back"], *prints.behind(smaller(pictures["back"], WORK_PX), regions))
    return pictures | plain


def _mixed(picture, where, colors):
    where, colors = (cv2.resize(each, picture.shape[:2]) for each in (where, colors))
    mixed = picture.copy()
    mixed[..., :3] += where[..., None] * (colors - mixed[..., :3])
    return mixed


def _mean(values, weight):
    return blurred_within(values, weight, MEAN / 2 * WORK_PX)

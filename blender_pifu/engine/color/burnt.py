# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sun burnt out beside where a garment ends: white like what is worn there, it belongs by its region to this
side of the end, and has the tone of what is about it."""

from dataclasses import dataclass

import cv2
import numpy as np

from ..crop_space import blurred_within
from ..smooth_step import smooth_step
from ..srgb import LUMA, lab_of
from .regions import GARMENTS, REGIONS, WORN, Regions
from .rim import off_head

WORK_PX = 512  # to a side of the crop
SURE, LEAST = 0.5, 0.3  # matte, and share of a region, from which on a pixel is of it, and of a region may be
HOLES_PX = 7  # in a matte, which takes what is burnt out for the sky now and then
BURNT = 0.93  # luma in the photo's own light from which on a colour tells nothing
WHITE, GREY = 70.0, 20.0  # Lab lightness from which on, and chroma up to which, a region is white as what is burnt
APART = 35.0  # Lab difference of regions that are told apart
# Lengths are in field units: 0.01 is about 1 cm on an adult.
MEETS = 0.012  # how near to the white region a patch begins
MOST = 0.03  # square field units that it covers at most
GLOW, FAR = 0.05, 0.08  # about it, up to which colours are paler than their own, and other patches are of it
PALER = (6.0, 16.0)  # Lab difference from which on, and up to which, they are
EDGE = 0.008  # of a patch, in which it is mixed with what is about it
TONES, TOLD = (
    (0.03, 0.1),
    0.05,
)  # standard deviations of what is the tone about it, the first where so much of it is near


@dataclass(frozen=True)
class Burns:
    """On the crop's pixels: `share (WORK_PX, WORK_PX)` 0..1 of what is burnt out, and `colors (WORK_PX, WORK_PX, 3)`
    sRGB 0..1 it has instead."""

    share: np.ndarray
    colors: np.ndarray

    def add(self, patch: np.ndarray, own: np.ndarray, colors: np.ndarray, lab: np.ndarray) -> None:
        """Add a patch (n, n) bool and what glows about it, by the share (n, n) 0..1 of the region it is of, and the
        photo's colours, sRGB and Lab, (n, n, 3) each."""
        about = _near(patch, GLOW) & (own > LEAST)
        rows, columns = (np.flatnonzero(about.any(axis)) for axis in (1, 0))
        beyond = round(2 * TONES[1] / 2 * WORK_PX)
        part = tuple(slice(max(each[0] - beyond, 0), each[-1] + beyond) for each in (rows, columns))
        patch, about, own, colors, lab = (each[part] for each in (patch, about, own, colors, lab))
        kept = ((own > SURE) & ~about).astype(np.float32)
        if not kept.any():
            return
        near, wide = (blurred_within(colors, kept, spread / 2 * WORK_PX) for spread in TONES)
        known = (cv2.GaussianBlur(kept, (0, 0), TONES[0] / 2 * WORK_PX) / TOLD).clip(0, 1)[..., None]
        tone = wide + known * (near - wide)
        paler = np.linalg.norm(lab_of(tone) - lab, axis=-1)
        away = cv2.distanceTransform((~patch).astype(np.uint8), cv2.DIST_L2, 5) * 2 / WORK_PX
        glows = smooth_step(paler, *PALER) * (1 - smooth_step(away / GLOW, 0.6, 1))
        burnt = np.where(_near(patch, EDGE), 1, glows * about).astype(np.float32)
        burnt = cv2.GaussianBlur(burnt, (0, 0), EDGE / 4 * WORK_PX)
        burnt *= smooth_step(own, LEAST, SURE)
        there = burnt > self.share[part]
        self.share[part][there], self.colors[part][there] = burnt[there], tone[there]

    def mended(self, photo: np.ndarray) -> np.ndarray:
        """A photo (n, n, 4), colours sRGB 0..1 and matte, without it."""
        size = (len(photo), len(photo))
        share, colors = (cv2.resize(each, size, interpolation=cv2.INTER_LINEAR) for each in (self.share, self.colors))
        there = np.nonzero(share)
        photo = photo.copy()
        photo[there + (slice(3),)] += share[there][:, None] * (colors[there] - photo[there][:, :3])
        return photo


def find_burns(
    colors: np.ndarray, lit: np.ndarray, matte: np.ndarray, regions: Regions, landmarks: np.ndarray
) -> Burns | None:
    """The Burns of a photo, colours (WORK_PX, WORK_PX, 3) sRGB 0..1 without its light and in it, and matte (WORK_PX,
    WORK_PX); landmarks: (33, 4) as `landmarks_in`: the head has none. None where nothing is."""
    if regions.ends is None or not regions.ends.any():
        return None
    size = (WORK_PX, WORK_PX)
    front = regions.at_size(WORK_PX).front
    ends = cv2.resize(regions.ends.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    whole = cv2.morphologyEx((matte > SURE).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((HOLES_PX,) * 2, np.uint8))
    solid = (whole > 0) & (off_head(landmarks) > 0.5)
    lab = lab_of(colors)
    own = {name: front[..., REGIONS[name]] for name in WORN}
    mine = {name: solid & (share > SURE) for name, share in own.items()}
    tones = {name: np.median(lab[there], 0) for name, there in mine.items() if there.any()}
    burnt, nothing = lit @ LUMA > BURNT, np.zeros(solid.shape, np.float32)
    found = Burns(nothing, colors.copy())
    for white, tone in tones.items():
        # A pale hand or a white shoe that is taken for a garment's is no sun on it.
        if white not in GARMENTS or tone[0] < WHITE or np.hypot(*tone[1:]) > GREY:
            continue
        for name, other in tones.items():
            if np.linalg.norm(other - tone) > APART:
                whiter = np.linalg.norm(lab - tone, axis=-1) < np.linalg.norm(lab - other, axis=-1)
                patch = _patch(mine[name] & whiter, ends & mine[white] & whiter, burnt)
                if patch.any():
                    found.add(patch, own[name] * solid, colors, lab)
    return found if found.share.any() else None


def _near(there, length):
    reach = 2 * round(length / 2 * WORK_PX) + 1
    return cv2.dilate(there.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))) > 0


def _patch(whiter, white, burnt):
    """Where what is whiter than its region (n, n) bool is burnt out (n, n) bool, and reaches what is white (n, n), or
    lies beside what does."""
    count, number, about, _ = cv2.connectedComponentsWithStats(whiter.astype(np.uint8))
    small = about[:, cv2.CC_STAT_AREA] * (2 / WORK_PX) ** 2 < MOST
    small[0] = False
    meant = small & (np.bincount(number[burnt], minlength=count) > 0)
    meant &= np.bincount(number[_near(white, MEETS)], minlength=count) > 0
    if meant.any():
        meant = small & (np.bincount(number[_near(meant[number], FAR)], minlength=count) > 0)
    return meant[number]

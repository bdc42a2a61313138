# SPDX-License-Identifier: GPL-3.0-or-later
"""Hair in a photo of a face, and where it goes on behind: all over the back of the head down to the nape, and as far
as long hair is seen beside the neck."""

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.ndimage import label

from ..crop_space import pixel_centres
from ..reading.landmarks import Landmark as L
from ..reading.landmarks import ears_apart, head_place
from ..smooth_step import smooth_step
from ..srgb import lab_of
from .regions import Regions

# Lengths are in distances from the eyes to the mouth: u across from the middle of the ears, v up from the eyes.
ACROSS, ABOVE, BELOW = 2.7, 3.0, 6.5  # of the part of the picture that is looked at
OVAL, OVAL_V = (1.25, 1.375), -0.125  # half axes of the face with its brow, and its middle
HEAD, TOP = 1.9, (2.0, 2.2)  # of the oval's radii: from here on no hair is looked for, and is no head or hat
CROWN, TEMPLES = 0.6, (0.9, -0.1)  # in the oval's radii: y above which hair is; x beyond which, and y above which too
CHEEKS = 0.55, -0.45, -0.02  # in the oval's radii: x within which, and y above and below which, is skin
HAIR = (0.35, 0.75)  # how unlike the skin, as a share of the most unlike, hair begins to be and is
GROWN, HAT, ON_HEAD = ("hair",), ("thing",), ("hair", "thing")  # regions
LIKELY = (0.3, 0.7)  # how likely they begin to be and are
WORN = 0.5  # share of what is above the brow behind which a hat is, from which on one is worn
NO_SKIN = (0.25, 0.6)  # as HAIR, of what is told to be hair: so that a forehead that is taken for it is none
MOST, LEAST_MOST = 93, 0.12  # percentile that is the most unlike; colour difference, 0..1.7, that this is at least
ALIKE = (0.15, 0.35)  # colour differences from the middle one of these, between which it is the glare on a brow instead
SHINES = (1.05, 1.25)  # times as light as the middle one of these, between which it is a shine
BALD = 0.005  # weight of what is like skin, which counts where there is nothing else
CELL = 1 / 8  # in which colours are averaged
PIECE = 0.1  # times as large as the largest piece of hair, beneath which one is none but the rim of glasses
LEAST = 4  # pixels of cheeks or hair, without which nothing is said
TURNED = (0.6, 1.0)  # the nose's way from the middle of the ears to one: from here on the head is seen from its side
NAPE = (-1.3, -1.05)  # v between which short hair ends behind, in the middle
ROUND, ROUNDED = 0.7, (0.45, 1.15)  # so much higher it ends beside it, u between which it goes up
EARS = (1.05, 1.2), (-1.2, 0.35)  # u beyond which, and v between which, a head is its ears, or the hair over them
JAW, BESIDE = (-1.0, -0.35), (1.05, 2.0)  # v, and u on either side, where hair that is seen is long
LONG = 0.12  # area there, from which on it is hair and no rim
SAME = 14.0  # Lab difference up to which what goes on below is hair too
NARROW = 0.12  # width of a strand that is still hair
LOWEST = -5.5  # v that hair is believed to reach in front
FURTHER = 0.7  # so much further down it reaches behind
ENDS = 0.35  # over which it ends


@dataclass(frozen=True)
class Hair:
    """On the part `where` (two slices) of a picture: `seen` 0..1, how much of a pixel is hair, with a little of
    everything above the brow, `tells` bool, where it is surely hair, and `behind` 0..1, where it is on the hidden side,
    or what is worn over it; `hat` and `hat_behind` 0..1, the same of a hat; `unit`, pixels from the eyes to the mouth;
    `from_before`, whether the head looks at the camera, so that what is not hair behind it is known to be none."""

    where: tuple[slice, slice]
    seen: np.ndarray
    tells: np.ndarray
    behind: np.ndarray
    hat: np.ndarray
    hat_behind: np.ndarray
    unit: float
    from_before: bool = True


def find_hair(photo: np.ndarray, landmarks: np.ndarray, regions: Regions | None = None) -> Hair | None:
    """The Hair of a photo (n, n, 4), colours sRGB 0..1 and matte, with landmarks (33, 4) as `landmarks_in`; regions: of
    what the photo shows, without which hair is what is unlike the cheeks. Of heads seen from the side or from behind,
    or cut off above the brow, these alone tell; None where they are unknown, or show too little of it."""
    return _from_before(photo, landmarks, regions) or _by_regions(photo, landmarks, regions)


def _from_before(photo, landmarks, regions: Regions | None) -> Hair | None:
    """The Hair of a head that looks at the camera; None of others."""
    points = landmarks[:, :2].astype(np.float64)
    head = head_place(points)
    half_ears = ears_apart(points) / 2
    if half_ears <= 0:
        return None
    facing = 1 - smooth_step(abs(float((points[L.NOSE] - head.ears) @ head.across)) / half_ears, *TURNED)
    size = len(photo)
    where = _window(head, size)
    photo = photo[where]
    place = np.stack(pixel_centres(size), -1)[where]
    u, v = (place - head.ears) @ head.across / head.unit, (place - head.eyes) @ head.up / head.unit
    x, y = u / OVAL[0], (v - OVAL_V) / OVAL[1]
    inside = cv2.erode((photo[..., 3] > 0.9).astype(np.uint8), np.ones((3, 3))) > 0
    cheeks = inside & (np.abs(x) < CHEEKS[0]) & (y > CHEEKS[1]) & (y < CHEEKS[2])
    above = inside & (np.hypot(x, y) < HEAD) & ((y > CROWN) | ((np.abs(x) > TEMPLES[0]) & (y > TEMPLES[1])))
    if facing == 0 or min(cheeks.sum(), (above & (y > CROWN)).sum()) < LEAST:
        return None
    unit = head.unit * size / 2
    plain = cv2.GaussianBlur(np.ascontiguousarray(photo[..., :3], np.float32), (0, 0), max(CELL / 2 * unit, 0.4))
    unlike = np.linalg.norm(plain - np.median(photo[..., :3][cheeks], 0), axis=-1)
    unlike /= max(float(np.percentile(unlike[above], MOST)), LEAST_MOST)
    hat = _Hat.none(u.shape)
    if regions is None:
        like_hair = smooth_step(unlike, *HAIR)
        hair = above * like_hair
    else:
        unlike = smooth_step(unlike, *NO_SKIN)
        like_hair = _labelled(regions, size, where, False) * unlike * inside
        hair = above * unlike * smooth_step(regions.share(ON_HEAD, size, where), *LIKELY)
        hat = _hat(regions, (size, where), above, np.hypot(x, y) < TOP[1])
    tone, hair = _without_glare(hair, plain)
    long, end = _long(photo[..., :3], inside & (like_hair > 0.5), (u, v), unit)
    behind = np.maximum(_behind(u, v, photo[..., 3], like_hair, long, end, unit), hat.behind)
    if hat.behind.any():  # of hair below a hat tells what is seen at the temples
        hair, above = _below_hat(hair * (1 - hat.seen), above & (hat.seen < 0.5), plain)
        tone = np.minimum(tone, hair)
    seen, tells = np.maximum(tone, long) ** 2 + BALD * above, (hair > 0.5) | long
    worn = _without_glare(hat.seen, plain)[0]
    if regions is None:
        return Hair(where, seen, tells, facing * behind, worn, facing * hat.behind, unit)
    if facing < 0.5:  # of a head that is turned so far labels tell more; half of either would be a veil
        behind, hat = _labelled(regions, size, where, True), _Hat.none(u.shape)
    return Hair(where, seen, tells, behind, worn, hat.behind, unit)


def _by_regions(photo, landmarks, regions: Regions | None) -> Hair | None:
    """The Hair of a head, whichever way it looks, by regions alone; None where these are unknown or show too little."""
    if regions is None:
        return None
    size, head = len(photo), head_place(landmarks)
    where = _window(head, size)
    near = photo[where]
    seen, behind = (_labelled(regions, size, where, each) for each in (False, True))
    seen = seen * cv2.erode((near[..., 3] > 0.9).astype(np.uint8), np.ones((3, 3)))
    if (seen > 0.5).sum() < LEAST:
        return None
    tells, no_hat = seen > 0.5, _Hat.none(seen.shape)
    seen = _without_glare(seen, near[..., :3])[0] ** 2
    return Hair(where, seen, tells, behind, no_hat.seen, no_hat.behind, head.unit * size / 2, from_before=False)


def _labelled(regions, size, where, behind):
    """(h, w) 0..1: how far what is seen in a part of a picture, or what is behind it, is hair by its regions."""
    return smooth_step(regions.share(GROWN, size, where, behind), *LIKELY)


@dataclass(frozen=True)
class _Hat:
    """Where a hat is seen, and where it is behind, (h, w) 0..1 each."""

    seen: np.ndarray
    behind: np.ndarray

    @classmethod
    def none(cls, shape: tuple[int, ...]) -> "_Hat":
        return cls(np.zeros(shape, np.float32), np.zeros(shape, np.float32))


def _hat(regions, part, above, near):
    """What regions tell of a hat in a part of a picture; above: (h, w) bool, what lies above the brow; near: the same
    of all that may be of the head."""
    behind = smooth_step(regions.share(HAT, *part, behind=True), *LIKELY) * near
    if (behind[above] > 0.5).mean() < WORN:
        return _Hat.none(above.shape)
    return _Hat(above * smooth_step(regions.share(HAT, *part), *LIKELY), behind)


def _below_hat(hair, above, plain):
    """What is seen of hair (h, w) 0..1 and above the brow (h, w) bool, without a hat, of the colour that most of it
    has."""
    if above.any():
        likely = _likely_one(plain, np.median(plain[above], 0))
        return hair * likely, above & (likely > 0.5)
    return hair, above


def _window(head, size):
    """Slices of a picture of `size` pixels in which the head and long hair lie."""
    column, row = (head.eyes * (1, -1) + 1) / 2 * size
    unit = head.unit * size / 2

    def part(first, last):
        return slice(int(np.clip(first, 0, size - 1)), int(np.clip(last, 0, size - 1)) + 1)

    return part(row - ABOVE * unit, row + BELOW * unit), part(column - ACROSS * unit, column + ACROSS * unit)


def _without_glare(hair, plain):
    """What is seen of hair (h, w) 0..1, of colours plain (h, w, 3), that tells of its tone, and that is hair at all."""
    sure = _large_pieces(hair > 0.5)
    if not sure.any():
        return hair, hair
    hair = hair * cv2.dilate(sure.astype(np.uint8), np.ones((5, 5))) * _likely_one(plain, np.median(plain[sure], 0))
    # The street shines through hair at its outline, and the sky on top of it.
    light = plain.mean(-1)
    return hair * (1 - smooth_step(light / max(float(np.median(light[sure])), 1e-3), *SHINES)), hair


def _large_pieces(sure):
    """(h, w) bool: what is surely hair (h, w) bool, without small pieces."""
    number, _ = label(sure)
    area = np.bincount(number.ravel())
    return sure & (area[number] >= PIECE * area[1:].max(initial=0))


def _likely_one(colors, middle):
    return 1 - smooth_step(np.linalg.norm(colors - middle, axis=-1), *ALIKE)


def _long(colors, other, place, unit):
    """Where long hair is seen, (h, w) bool, and v where it ends on the right and on the left; other: (h, w) bool, what
    is of the person and not like skin; place: u and v (h, w)."""
    u, v = place
    found, ends = np.zeros(other.shape, bool), [0.0, 0.0]
    lab = cv2.GaussianBlur(lab_of(colors), (0, 0), max(CELL / 2 * unit, 0.4))
    for k, side in enumerate((-1, 1)):
        jaw = other & (v > JAW[0]) & (v < JAW[1]) & (side * u > BESIDE[0]) & (side * u < BESIDE[1])
        if jaw.sum() < LONG * unit**2:
            continue
        same = np.linalg.norm(lab - np.median(lab[jaw], 0), axis=-1) < SAME
        same &= other & (v < JAW[1]) & (v > LOWEST) & (side * u > 0)
        thin = max(1, round(NARROW * unit))
        opened = cv2.morphologyEx(same.astype(np.uint8), cv2.MORPH_OPEN, np.ones((1, thin), np.uint8))
        parts, _ = label(opened)
        mine = np.isin(parts, np.unique(parts[jaw & (parts > 0)])) & (parts > 0)
        if mine.any():
            found |= mine
            ends[k] = float(v[mine].min())
    return found, ends


def _behind(u, v, matte, like_hair, long, ends, unit):
    """(h, w) 0..1: where hair is behind."""
    head = np.hypot(u / OVAL[0], np.maximum(v - OVAL_V, 0) / OVAL[1])
    nape = smooth_step(v - ROUND * smooth_step(np.abs(u), *ROUNDED), *NAPE)
    short = nape * (1 - smooth_step(head, *TOP))
    # What a head shows beside its cheeks is its ears, from before and from behind, unless there is hair over them.
    covered = cv2.GaussianBlur(
        np.ascontiguousarray(like_hair * (matte > 0.5), np.float32), (0, 0), max(0.1 * unit, 0.5)
    )
    ears = smooth_step(np.abs(u), *EARS[0]) * ((v > EARS[1][0]) & (v < EARS[1][1]))
    short = short * (1 - ears * (1 - smooth_step(covered, 0.3, 0.6)))
    if not long.any():
        return short
    left, right = (float(np.abs(u[long & (side * u > 0)]).max(initial=0)) for side in (-1, 1))
    wide = max(left, right) if min(left, right) == 0 else None
    left, right = (wide, wide) if wide else (left, right)
    # Down to where it ends on either side, a line between.
    both = [end if end < 0 else min(ends) for end in ends]
    end = both[0] + (both[1] - both[0]) * ((u + left) / max(left + right, 1e-3)).clip(0, 1) - FURTHER
    down = smooth_step(v, end, end + ENDS)
    across = (1 - smooth_step(u, right, right + 0.15)) * (1 - smooth_step(-u, left, left + 0.15))
    return np.maximum(short, down * across * (v < NAPE[1] + 0.3))

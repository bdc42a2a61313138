# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes on behind is what reaches the outline: of the materials in the photo, the hidden side wears those that the
sides of the person show, in their own tone, so that no lapel, tie, logo or open jacket's inside comes through."""

from dataclasses import dataclass

import cv2
import numpy as np

from ..crop_space import pixel_centres, smaller
from ..futures import check_wanted
from ..reading.landmarks import head_place
from ..reading.stance import PROFILE
from ..smooth_step import smooth_step
from ..srgb import lab_of
from .continuation import FineTexture
from .hair import Hair, find_hair
from .held_things import HIPS, SHOULDERS, TRUNK, find_behind
from .materials import LIGHTNESS, MATERIALS, tell_apart
from .prints import Prints
from .quilting import block_energy, quilt, without_buttons
from .regions import GARMENTS, REGIONS, WORN, Regions
from .strands import strands_of

WORK_PX = 256  # to a side of the crop, in which materials are told apart; lengths below are in its pixels, 8 mm
BLUR = 1.2
PLAIN = 0.75  # share of the pixels that are looked at: the others are borders, where two materials are mixed
PLAIN_WORN = 0.4  # of what is worn, at least: hardly anything of shoes is as plain as a shirt
# How likely skin is, and Lab differences from pixel to pixel up to which it is then looked at: there is little of it,
# and beside plain cloth none of it is plain.
SKIN, SKIN_PLAIN = 0.8, 4.0
LEAST = 60  # pixels of a material
BAND = 5.0  # beside the outline, where what goes on behind is seen
ACROSS, ALONG = 30.0, 6.0  # how far that tells about what is behind, beside it and up or down
LOCAL = 50.0  # over which a material's tone is a mean: shade on one side is no tone of it
DRAWN = 14.0  # Lab difference from the drawn colours that costs 1
DRAWN_MOST = 4.0  # that it costs at most: less than not to reach the outline, as a logo does not
REACHES = 1.3  # what it costs not to be seen beside the outline, times the logarithm of its share there
ABSENT = 0.01  # share beside the outline of what is not seen there
BEFORE = 2.5  # what it spares to be seen before the place: arms hang beside a shirt, whose back is not of skin
SURE = 9.0  # what others cost behind a thing that is held, of which nothing tells but what is above and below
GOES_ON = 0.1  # share beside the outline from which on it does: a logo is before the place too
CLOTH_BEHIND, CLOTH_BESIDE = (0.5, 0.8), (0.05, 0.25)  # how likely cloth is, and its share beside the outline
LABELLED, UNLIKELY = 4.0, 0.02  # what the logarithm counts for of how likely labels are, and what is added to this
MIRRORED, MIRRORED_MOST = 0.7, 5.0  # what the costs of a trunk's other side count for, and what of them at most
EDGE, CRISP = 1.5, 0.15  # how far costs are evened out, and by how much the least must be the least
ALONE, ROUNDS = 2.5, 5  # what it costs to be where nothing around is of the material, and how often that is asked
AROUND = 9.0, 2.5  # how far that is, across and along: hems and collars run across
NECKLINE = 0.35, 0.4  # of the shoulders' width to either side, of the trunk down from them: collars are open before
# Share of a region from which on it is known, and the powers of shares that make a line of regions' and of materials'.
KNOWN, CRISPER, LINE = 0.4, 4, 24
PRINTED, PRINTED_BEHIND = 0.5, (0.4, 0.6)  # share of a print from which on it is one, seen, and guessed behind
EVERYWHERE = 0.8  # share of a material in such a garment on which a print is, that has one
PRINT_RIM = 0.012  # field units inside the border of a print before, over which it begins to be seen behind
PRINT_BLOCKS, PRINT_PX = (0.12, 0.06), 9  # field units, in which it goes on; pixels between its parts at most
BEYOND = 0.02  # field units outside the outline where these colours are known too
HEAD = (2.0, 2.6)  # distances from the eyes to the mouth, round the ears: within, `behind_head` paints; beyond, this
CHIN = (-1.5, -1.1)  # of those, below the ears: the neck is not the head


@dataclass(frozen=True)
class Materials:
    """What a photo is made of: `tones (K, n, n, 3)` sRGB 0..1, the colour each would have at every pixel, `beside
    (K, n, n)` its share of what is seen beside the nearest outline, `before (K, n, n)` bool, where it is, `hidden
    (K, n, n)` bool, where it is behind a thing that is held, and `seen (K, n, n)` bool, where it is as it mostly is, in
    light or in shade."""

    tones: np.ndarray
    beside: np.ndarray
    before: np.ndarray
    hidden: np.ndarray
    seen: np.ndarray


def paint_behind_cloth(
    back: np.ndarray, photo: np.ndarray, landmarks: np.ndarray | None, regions: Regions | None = None
) -> np.ndarray:
    """The drawn back in the materials that go on behind, with their texture.

    back: (m, m, 4) float32, colours sRGB 0..1 of the hidden side and mask, on the crop's pixels; photo: (n, n, 4), the
    same of the side that is seen; landmarks: (33, 4) as `landmarks_in`, or None: by these the head is left out;
    regions: of both sides, if known. Returns (n, n, 4), or `back` where too little is seen.
    """
    of_pixels = regions and regions.at_size(WORK_PX)
    size = len(photo)
    fine = FineTexture(photo, landmarks, regions)  # before there are shares: both take tens of megabytes
    band, prints = fine.band, fine.prints
    plain = smaller(photo, WORK_PX)
    printed = things = None
    if prints:
        plain, printed, things = prints.without(plain), _printed_garment(prints, of_pixels), prints.other
    materials = _find_materials(plain, landmarks, of_pixels, printed, things)
    if materials is None:
        return back
    check_wanted()
    woven = fine.beside_face(np.stack(pixel_centres(WORK_PX), -1).reshape(-1, 2)) > 0.5
    del fine
    drawn, back = smaller(back, WORK_PX), _larger(back, size)
    costs = _costs(materials, drawn, landmarks, of_pixels, printed is not None)
    shares = _shares(_without_islands(costs, drawn[..., 3]), size)
    if of_pixels is not None:
        _end_with_regions(shares, of_pixels)
    painted = _mixed(shares, materials.tones)
    check_wanted()
    most = shares.argmax(0).astype(np.uint8)
    del shares
    hair = None if landmarks is None else find_hair(photo, landmarks, regions)
    kept = _kept(hair, landmarks, size)
    woven = woven.reshape(WORK_PX, WORK_PX)
    if of_pixels is not None:  # skin has no weave, and laid in blocks it is banded
        woven &= of_pixels.front[..., REGIONS["skin"]] < SKIN
    where = back[..., 3] * (1 - kept)
    _add_texture(painted, band, materials.seen & woven, most, where, _printed(prints, of_pixels, size))
    strands = strands_of(hair, band)
    if hair is not None and strands is not None:
        strands.add_behind(hair, back[hair.where][..., :3])
    back[..., :3] = painted + kept[..., None] * (back[..., :3] - painted)
    back[..., :3].clip(0, 1, out=back[..., :3])
    back[..., 3] = _beyond(back[..., 3])
    return back


def _costs(materials, drawn, landmarks, regions, printed):
    """What it costs (K, n, n) to be of each of the Materials behind, where the back is drawn (n, n, 4); regions: on
    these pixels, or None; printed: whether a garment is."""
    difference = np.linalg.norm(_lab(materials.tones) - _lab(drawn[..., :3]), axis=-1)
    before = materials.before if landmarks is None else materials.before & ~_neckline(landmarks, WORK_PX)
    told = -REACHES * np.log(materials.beside + ABSENT) - BEFORE * before * np.minimum(materials.beside / GOES_ON, 1)
    bare = 0 if regions is None else _bare_beside(materials, regions)
    costs = np.minimum((difference / DRAWN) ** 2, DRAWN_MOST) + (1 - bare) * told
    costs[:, materials.hidden.any(0)] = SURE
    costs[materials.hidden] = 0
    if regions is not None:
        merged, apart = (_as_labelled(materials.before, regions, each) for each in (printed, True))
        costs += merged + bare * (apart - merged)
    if landmarks is not None:
        costs += _as_mirrored(costs, drawn[..., 3] > 0.5, landmarks)
    return costs


def _kept(hair: Hair | None, landmarks, size):
    """(size, size) float32 0..1: where the head is, as it was painted."""
    kept = np.zeros((size, size), np.float32) if hair is None else _within_picture(hair.behind, hair, size)
    if landmarks is None or hair is not None and hair.from_before:
        return kept
    return np.maximum(kept, _head(head_place(landmarks), size))


def _within_picture(part, hair: Hair, size):
    whole = np.zeros((size, size), part.dtype if part.dtype == bool else np.float32)
    whole[hair.where] = part
    return whole


@dataclass(frozen=True)
class _Trunk:
    """Of the pixels (n, n) of a crop how far they are from the trunk's axis, in field units, and down from its
    shoulders, 1 at the hips; the column that lies as far on the other side; and how wide the shoulders are."""

    aside: np.ndarray
    down: np.ndarray
    opposite: np.ndarray
    wide: float


def _trunk(landmarks, size) -> _Trunk | None:
    """The trunk by landmarks (33, 4); None of people seen from their side."""
    shoulders, hips = (landmarks[list(pair), :2].astype(np.float64) for pair in (SHOULDERS, HIPS))
    (high, low), wide = (shoulders.mean(0), hips.mean(0)), abs(shoulders[0, 0] - shoulders[1, 0])
    height = high[1] - low[1]
    if height <= 0 or wide < PROFILE * height:
        return None
    x, y = pixel_centres(size)
    down = (high[1] - y) / height
    axis = high[0] + down * (low[0] - high[0])
    opposite = np.clip(((2 * axis - x + 1) / 2 * size).astype(int), 0, size - 1)
    return _Trunk(np.abs(x - axis), down, opposite, wide)


def _neckline(landmarks, size):
    """(size, size) bool: where a collar is open before, which shows nothing of what is behind."""
    trunk = _trunk(landmarks, size)
    if trunk is None:
        return np.zeros((size, size), bool)
    return (trunk.aside < NECKLINE[0] * trunk.wide) & (trunk.down < NECKLINE[1])


def _as_mirrored(costs, inside, landmarks):
    """What it costs (K, n, n) to be of another material than the trunk's other side; inside: (n, n) bool, the person's
    pixels. 0 of people seen from their side."""
    size = len(inside)
    trunk = _trunk(landmarks, size)
    if trunk is None:
        return np.zeros_like(costs)
    row = np.arange(size)[:, None]
    where = inside & inside[row, trunk.opposite] & (trunk.aside < trunk.wide / 2)
    where &= (trunk.down > TRUNK[0]) & (trunk.down < TRUNK[1])
    there = costs[:, row, trunk.opposite]
    return MIRRORED * where * np.minimum(there - there.min(0), MIRRORED_MOST)


def _bare_beside(materials, regions):
    """(n, n) 0..1: where the outline shows skin alone, as of bare arms that are crossed before a shirt, and cloth is
    behind by regions: of which cloth that is these tell."""
    names = [REGIONS[name] for name in GARMENTS]
    worn = regions.front[..., names].sum(-1)
    cloth = sum(worn[mine].mean() * share for mine, share in zip(materials.before, materials.beside, strict=True))
    behind = smooth_step(regions.back[..., names].sum(-1), *CLOTH_BEHIND)
    return behind * (1 - smooth_step(cloth, *CLOTH_BESIDE))


def _as_labelled(before, regions, apart):
    """What it costs (K, n, n) to be of a material that is seen in other regions than the one behind. before: (K, n, n)
    bool; regions: on these pixels; apart: whether garments are told apart. Which one is behind the outline and the
    materials tell better, but of a print, of which an outline tells little."""
    front, back = regions.front, regions.back
    if not apart:
        front, back = _garments_as_one(front), _garments_as_one(back)
    count = np.stack([front[where].sum(0) for where in before])  # (K, R)
    known = count.sum(0) > LEAST
    likely = np.where(known, count / np.maximum(count.sum(0), 1e-6), 1 / len(count))
    return -LABELLED * np.log(np.einsum("kl,ijl->kij", likely, back) + UNLIKELY)


def _garments_as_one(shares):
    upper, lower = REGIONS["upper"], REGIONS["lower"]
    merged = np.delete(shares, lower, -1)
    merged[..., upper] += shares[..., lower]
    return merged


def _without_islands(costs, matte):
    """Costs (K, n, n) with what it costs to be alone, of a person (n, n): mean field steps of a field in which
    neighbours are of one material (Kraehenbuehl and Koltun 2011, their smoothness kernel)."""
    matte = np.ascontiguousarray(matte, np.float32)
    around = _blur(matte, *AROUND) + 1e-3
    least = evened = np.stack([_blur(cost, EDGE) for cost in costs])
    for _ in range(ROUNDS):
        shares = np.exp((least.min(0) - least) / CRISP)
        shares /= shares.sum(0)
        least = np.stack(
            [
                one + ALONE * (1 - _blur(share * matte, *AROUND) / around)
                for one, share in zip(evened, shares, strict=True)
            ]
        )
    return least


def _shares(costs, size):
    """(K, size, size) float32 shares of materials, out of their costs (K, n, n); worked out in place."""
    shares = np.empty((len(costs), size, size), np.float32)
    for share, cost in zip(shares, costs, strict=True):
        share[:] = _larger(cost, size, cv2.INTER_CUBIC)
    np.subtract(shares.min(0), shares, out=shares)
    np.exp(np.divide(shares, CRISP, out=shares), out=shares)
    return np.divide(shares, shares.sum(0), out=shares)


def _end_with_regions(shares, regions: Regions):
    """Let shares (K, n, n) of materials, in place, end where garments do by regions on pixels of WORK_PX, beside where
    these are known to: each region has the material that it mostly has nearby."""
    if regions.ends is None or not regions.ends.any():
        return
    beside = _larger(regions.ends, WORK_PX) > 0.5
    of_region = np.zeros((*beside.shape, len(WORN)), np.uint8)
    small = [_larger(share, WORK_PX, cv2.INTER_AREA) for share in shares]
    for i, name in enumerate(WORN):
        mine = np.square(regions.back[..., REGIONS[name]])
        of_region[..., i] = np.argmax([_blur(share * mine, *AROUND) for share in small], 0)
    size = shares.shape[1]
    row, column = np.nonzero(_larger(beside, size) > 0.5)
    told = [_larger(regions.back[..., REGIONS[name]], size)[row, column] for name in WORN]
    told = np.power(told, CRISPER)
    known = told.max(0) > KNOWN**CRISPER
    row, column, told = row[known], column[known], told[:, known] / told[:, known].sum(0)
    made = np.zeros((len(shares), len(row)), np.float32)
    for i, share in enumerate(told):  # of materials as lines, too: pixels of WORK_PX are stairs
        mine = [_larger(_blur(of_region[..., i] == k, EDGE), size)[row, column] for k in range(len(shares))]
        mine = np.power(mine / np.max(mine, 0), LINE)
        made += share * mine / mine.sum(0)
    shares[:, row, column] = made


def _mixed(shares, tones):
    """(n, n, 3) float32: tones (K, m, m, 3) by their shares (K, n, n)."""
    mixed = np.zeros((*shares.shape[1:], 3), np.float32)
    for share, tone in zip(shares, tones, strict=True):
        part = _larger(tone, len(share))
        part *= share[..., None]
        mixed += part
    return mixed


def _beyond(mask):
    """A mask (n, n) as far beyond the outline as colours are asked for: a material has no rim with others mixed in."""
    reach = round(BEYOND / 2 * len(mask))
    return cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2))


def _find_materials(photo, landmarks, regions: Regions | None, printed=None, things=None) -> Materials | None:
    """Those of a photo (n, n, 4) that may be behind; regions: on its pixels, or None; printed: as `tell_apart` takes
    it; things: (n, n) bool, where something is that is not, if known. None where too little is seen."""
    matte = photo[..., 3]
    inner = cv2.erode((matte > 0.9).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    if things is not None:
        inner &= ~things
    if inner.sum() < MATERIALS * LEAST:
        return None
    colors = _blur(photo[..., :3] * matte[..., None], BLUR) / np.maximum(_blur(matte, BLUR), 1e-3)[..., None]
    features = _lab(colors)
    steep = np.linalg.norm(np.gradient(features, axis=(0, 1)), axis=-1).sum(0)
    plain = inner & (steep <= np.quantile(steep[inner], PLAIN))
    if regions is not None:
        plain |= inner & (steep < SKIN_PLAIN) & (regions.front[..., REGIONS["skin"]] > SKIN)
        plain |= _plainest_of_worn(steep, inner, regions)
    near = inner & (cv2.distanceTransform((matte > 0.5).astype(np.uint8), cv2.DIST_L2, 5) < BAND)
    of = None if regions is None else regions.front.argmax(-1)
    weave, cloth, gloss = tell_apart(features, plain, near, of, printed)
    material = np.where(inner, cloth, -1)
    found = {one: (cloth == one) & plain for one in np.unique(cloth[plain])}
    cloth_alone = material
    if regions is not None:  # a face above a shirt, and hands below it, make no box of it
        skin = regions.front[..., REGIONS["skin"]] > 0.5
        bare = [one for one, mine in found.items() if skin[mine].mean() > 0.5]
        cloth_alone = np.where(np.isin(material, bare), -1, material)
    held = {} if landmarks is None else {one: find_behind(found[one], cloth_alone, landmarks) for one in found}
    tones, beside, before, hidden, where = [], [], [], [], []
    for one, mine in found.items():
        if mine.sum() < LEAST or held.get(one):
            continue
        weight = (mine & ~gloss).astype(np.float32)  # a sheen is no tone
        share = _blur(weight, LOCAL)[..., None] + 1e-3
        tones.append((_blur(colors * weight[..., None], LOCAL) + 1e-3 * colors[mine].mean(0)) / share)
        beside.append(_blur(mine & near, ACROSS, ALONG))
        before.append(material == one)
        hidden.append(np.any([np.zeros_like(mine), *(each[1] for each in held.values() if each and each[0] == one)], 0))
        # Where it goes over into shade is no texture.
        where.append((weave == np.bincount(weave[mine]).argmax()) & inner)
    if not tones:
        return None
    total = np.sum(beside, 0) + 1e-6
    return Materials(np.array(tones), np.array(beside) / total, np.array(before), np.array(hidden), np.array(where))


def _plainest_of_worn(steep, inner, regions):
    """(n, n) bool: where garments and shoes are least steep (n, n), each by itself; inner: (n, n) bool, the person."""
    most = np.where(inner, regions.front.argmax(-1), -1)
    plainest = np.zeros_like(inner)
    for name in (*GARMENTS, "shoes"):
        mine = most == REGIONS[name]
        if mine.any():
            plainest |= mine & (steep <= np.quantile(steep[mine], PLAIN_WORN))
    return plainest


def _printed_garment(prints: Prints, regions):
    """(WORK_PX, WORK_PX) number of the printed garment that is seen there, from 1 on, 0 of none."""
    there = _larger(prints.where, WORK_PX) > PRINTED
    most = regions.front.argmax(-1)
    return there * np.select([most == REGIONS[name] for name in prints.garments], range(1, len(prints.garments) + 1), 0)


@dataclass(frozen=True)
class _Printed:
    """Which pixels seen are of printed `garments` (m, m) bool, on which of these a print is, `seen` (m, m) bool, and
    where what is `behind` is of such a garment, (n, n) 0..1."""

    garments: np.ndarray
    seen: np.ndarray
    behind: np.ndarray


def _printed(prints: Prints | None, regions: Regions | None, size) -> _Printed | None:
    if prints is None or regions is None:
        return None
    names = [REGIONS[name] for name in prints.garments]
    front, back = (each[..., names].sum(-1) for each in (regions.front, regions.back))
    return _Printed(front > PRINTED, prints.where > PRINTED, smooth_step(_larger(back, size), *PRINTED_BEHIND))


def _add_texture(painted, band, seen, most, where, printed: _Printed | None):
    """Add the photo's fine band (n, n, 3) to colours (n, n, 3): of each material (K, ...) `seen`, where it is the `most
    (n, n)`; where: (n, n) 0..1. A print behind is the one before, as if seen through the body, so that it meets itself
    at the outline. Where none is before it goes on in blocks, cut where they meet, and where one is too narrow for
    these, as a sleeve is, in smaller ones."""
    energy = block_energy(band)
    for k, mine in enumerate(seen):
        wanted = where * (most == k)
        if printed and _share(printed.seen, mine & printed.garments) > EVERYWHERE:
            # Dots may be told from their ground: a print is all of it.
            whole = (
                cv2.morphologyEx(mine.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((PRINT_PX, PRINT_PX), np.uint8)) > 0
            )
            there, of_print = _at_size(whole & printed.seen, len(band)), wanted * printed.behind
            wanted, mine = wanted - of_print, mine & ~printed.seen
            through = _within(there, PRINT_RIM) * of_print
            painted += through[..., None] * band
            of_print = of_print - through
            for wide in PRINT_BLOCKS:
                texture = quilt(band, there, of_print, wide=wide, cut=True)
                painted += texture
                of_print = of_print * ~texture.any(-1)
        painted += quilt(band, without_buttons(_at_size(mine, len(band)), band), wanted, energy)


def _within(there, rim):
    """(n, n) float32 0..1: what lies within `there` (n, n) bool, from its border on over so many field units."""
    off = cv2.distanceTransform(there.astype(np.uint8), cv2.DIST_L2, 5) * 2 / len(there)
    return smooth_step(off, rim / 2, rim).astype(np.float32)


def _share(there, of):
    """How much of pixels `of` (n, n) bool is there."""
    return there[of].sum() / max(of.sum(), 1)


def _at_size(where, size):
    return cv2.resize(where.astype(np.uint8), (size, size), interpolation=cv2.INTER_NEAREST) > 0


def _head(head, size):
    """(size, size) 0..1 of a HeadPlace: 1 on the head, which is above the chin."""
    places = np.stack(pixel_centres(size), -1, dtype=np.float32, casting="same_kind")
    place = (places - head.ears.astype(np.float32)) / np.float32(head.unit)
    near = 1 - smooth_step(np.linalg.norm(place, axis=-1), *HEAD)
    return (near * smooth_step(place @ head.up.astype(np.float32), *CHIN)).astype(np.float32)


def _lab(colors):
    """sRGB (..., 3) 0..1 -> Lab, with lightness counting less."""
    return lab_of(colors) * np.array([LIGHTNESS, 1, 1], np.float32)


def _blur(image, across, along=0.0):
    return cv2.GaussianBlur(np.ascontiguousarray(image, np.float32), (0, 0), across, sigmaY=along)


def _larger(image, size, how=cv2.INTER_LINEAR):
    return cv2.resize(np.ascontiguousarray(image, np.float32), (size, size), interpolation=how)

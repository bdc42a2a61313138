# SPDX-License-Identifier: GPL-3.0-or-later
"""Where garments end: one closed, smooth curve round each limb, which runs before as the photo shows it and goes on
behind, and wherever the photo cannot tell, as smoothly as that allows.

At each angle round a limb a garment ends where what is above is mostly of it and what is below is not (`sheet.py`).
Through these ends, each as sure as it is seen, goes a periodic smoothing spline; and by that labels above and below it
are told, of what is seen and of what is behind, so that whatever follows from them ends in the same line.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from ..crop_space import to_pixels
from ..labels import LABELS
from ..reading.landmarks import Landmark as L
from ..reading.landmarks import metre_of
from .hem_by_colors import hem_by_colors
from .sheet import HALF, STEP_M, WINDOW_M, Sheet


def _numbers(*names):
    """Of labels, without the background."""
    return [LABELS[name] - 1 for name in names]


UPPER, LOWER = _numbers("upper_garment", "outer_garment"), _numbers("lower_garment")
SKIN, SHOES = _numbers("other_skin"), _numbers("shoes")
BLEND_M = 0.03  # metres in which one bone's directions go over into the next one's
# Metres that an arm surely goes from its axis, and may go where something lies behind it, by which it may lie off that,
# and that fingers go on beyond a hand.
FLESH_M, UNSURE_M, AXIS_M, ON_M = 0.035, 0.07, 0.02, 0.1
THICK, FREE_M = 3.0, 0.03  # times half a limb's width, and metres, up to which what is behind it is its own
SURE = 0.2  # from how much on an end is surely seen
# Metres above and below a curve in which pixels, told from how much on, must be on its right side, and how many.
BESIDE_M, TOLD, RIGHT = 0.08, 0.3, (0.85, 0.15)
FADES = 0.7  # share of how far from a curve labels are told by it, from which on they are less and less
SOFT_M = 0.004  # metres in which labels go over into one another
ISLAND_M2 = 0.0015  # square metres, at most, of what else lies within a garment beside its end: light, not a hand
OUT_M = 0.03  # metres: nearer to the picture's lower border nothing ends


@dataclass(frozen=True)
class Limb:
    """What something ends on. bones: its joints, each the mean of some landmarks; wide: metres from its axis that its
    flesh goes, reach: up to which it may go, None without bound; beyond: metres past the last joint; over, under:
    labels of what ends on it, and of what is then seen; least: share of the angles before at which it must be seen to
    end; strays: metres by which an end is off the others' from which on it is doubted; finest: metres, wavelength of
    what is left of surely seen ends by half; far: metres from the curve up to which labels are told by it."""

    bones: tuple[tuple[int, ...], ...]
    wide: float
    reach: float | None
    beyond: float
    over: list[int]
    under: list[int]
    least: float
    strays: float
    finest: float
    far: float


def _arm(*joints):
    bones = (*((joint,) for joint in joints[:3]), joints[3:])
    return Limb(bones, 0.05, 0.09, -0.05, UPPER, SKIN, least=0.5, strays=0.03, finest=0.08, far=0.4)


def _leg(*joints):
    bones, under = tuple((joint,) for joint in joints), SKIN + SHOES
    return Limb(bones, 0.07, None, 0.1, UPPER + LOWER, under, least=0.25, strays=0.03, finest=0.08, far=0.08)


ARMS = (
    _arm(L.LEFT_SHOULDER, L.LEFT_ELBOW, L.LEFT_WRIST, L.LEFT_INDEX, L.LEFT_PINKY),
    _arm(L.RIGHT_SHOULDER, L.RIGHT_ELBOW, L.RIGHT_WRIST, L.RIGHT_INDEX, L.RIGHT_PINKY),
)
LEGS = (_leg(L.LEFT_HIP, L.LEFT_KNEE, L.LEFT_ANKLE), _leg(L.RIGHT_HIP, L.RIGHT_KNEE, L.RIGHT_ANKLE))
MIDDLE = (
    (L.LEFT_SHOULDER, L.RIGHT_SHOULDER),
    (L.LEFT_HIP, L.RIGHT_HIP),
    (L.LEFT_KNEE, L.RIGHT_KNEE),
    (L.LEFT_ANKLE, L.RIGHT_ANKLE),
)
TRUNK = Limb(MIDDLE, 0.15, None, 0.0, UPPER, LOWER, least=0.25, strays=0.06, finest=0.05, far=0.15)
SKIRT = Limb(MIDDLE, 0.15, None, 0.1, UPPER + LOWER, SKIN + SHOES, least=0.25, strays=0.05, finest=0.08, far=0.08)


def close_ends(
    front: np.ndarray,
    back: np.ndarray,
    photo: np.ndarray,
    thickness: np.ndarray,
    solid: np.ndarray,
    landmarks: np.ndarray,
) -> np.ndarray:
    """Tell labels' shares front and back (N, WORN) anew, in place, of what a person's pixels show and of what is behind
    them, by where garments end. photo: (N, 3) sRGB 0..1; thickness: (N,) field units between both sides; solid: (n, n)
    bool, which pixels these are; landmarks: (33, 4) as `landmarks_in`. Returns (N,) bool: beside which something is
    seen to end."""
    pixel_m = 2 / (metre_of(landmarks) * len(solid))
    at = np.nonzero(solid)
    marks = np.stack(to_pixels(landmarks[:, 0], landmarks[:, 1], len(solid)), -1) * pixel_m
    places = np.stack(at[::-1], -1) * pixel_m
    beside = np.zeros(len(front), bool)
    seen = _Seen((front, back), photo, thickness / metre_of(landmarks), places, solid, marks, pixel_m, beside)
    owner, legs = seen.owners((*ARMS, TRUNK)), seen.owners(LEGS)
    trunk = owner == len(ARMS)
    # In the light of a red shirt a forearm is taken for its sleeve: one that ends on the other arm ends on both.
    sleeves = [seen.ending(limb, owner == number) for number, limb in enumerate(ARMS)]
    for one, other in ((0, 1), (1, 0)):
        like = sleeves[other]
        if sleeves[one] is None and like is not None:
            sleeves[one] = seen.ending(ARMS[one], owner == one, like.level)
    seen.close(sleeves)
    waist = seen.ending(TRUNK, trunk)
    if seen.part_garments(TRUNK, trunk, waist.level if waist is not None and waist.found else None):
        waist = seen.ending(TRUNK, trunk)
    seen.close([waist])
    skirt = seen.ending(SKIRT, trunk)
    if skirt is not None and not skirt.sheet.gap(skirt.level):
        seen.close([skirt])
    else:
        seen.close([seen.ending(limb, trunk & (legs == number)) for number, limb in enumerate(LEGS)])
    return beside


@dataclass(frozen=True)
class _Seen:
    """What is known of a person's pixels: shares of labels of both sides (N, WORN), the photo (N, 3), metres between
    both sides (N,), and places (N, 2), metres to the right and down; which they are, (n, n) bool; landmarks' places
    (33, 2); metres of a pixel; and (N,) bool, beside which something is found to end."""

    sides: tuple[np.ndarray, np.ndarray]
    photo: np.ndarray
    thickness: np.ndarray
    places: np.ndarray
    solid: np.ndarray
    landmarks: np.ndarray
    pixel_m: float
    beside: np.ndarray

    def owners(self, limbs: tuple[Limb, ...]) -> np.ndarray:
        """(N,) the number of the limb that each pixel is of, -1 where an arm may or may not lie before something."""
        away, unsure = [], np.zeros(len(self.places), bool)
        for limb in limbs:
            along, aside, off = self._laid(limb, self.places)
            away.append(off - limb.wide)
            if limb.reach is not None:
                room = _room(along, aside, max(STEP_M, 1.5 * self.pixel_m), limb.reach)
                away[-1][off > room] = np.inf
                unsure |= (off > room) & (off < UNSURE_M) & (room == FLESH_M)
        return np.where(unsure, -1, np.argmin(away, 0))

    def _joints(self, limb):
        return np.stack([self.landmarks[list(names)].mean(0) for names in limb.bones])

    def _laid(self, limb, places):
        """Of places (N, 2) metres along a limb, metres aside, one bone's going over into the next one's, and metres
        from the nearest bone, (N,) each."""
        begin, joints, found = 0.0, self._joints(limb), []
        for first, last in zip(joints, joints[1:], strict=False):
            length = max(float(np.hypot(*(last - first))), 1e-3)
            right, down = (last - first) / length
            along, aside = (places - first) @ (right, down), (places - first) @ (down, -right)
            last_one = ON_M * (len(found) == len(joints) - 2)
            found.append((begin + along, aside, np.hypot(aside, along - along.clip(0, length + last_one))))
            begin += length
        along, aside, off = np.stack(found, 1)
        near = np.exp((off.min(0) - off) / BLEND_M)
        near /= near.sum(0)
        return (near * along).sum(0), (near * aside).sum(0), off.min(0)

    def ending(self, limb: Limb, mine: np.ndarray, level: float | None = None) -> "_Ending | None":
        """Where what is worn ends on a limb, of pixels `mine (N,)` bool; None where nothing is seen to end. level:
        metres along, where it must end, as on the other arm."""
        mine = np.flatnonzero(mine)
        along, aside, _ = self._laid(limb, self.places[mine])
        worn = self.sides[0][mine][:, limb.over + limb.under].sum(1) > 0.5
        length = np.hypot(*np.diff(self._joints(limb), axis=0).T).sum() + limb.beyond
        sheet = Sheet.of(along, aside, length, worn)
        if sheet is None:
            return None
        mine = mine[sheet.there]
        alone = self.thickness[mine] < THICK * sheet.half[sheet.row] + FREE_M
        of_sides = (shares[mine] for shares in self.sides)
        before, behind = (of[:, limb.over].sum(1) - of[:, limb.under].sum(1) for of in of_sides)
        if level is not None:
            return _Ending(limb, mine, alone, sheet, np.full(2 * HALF, level), np.ones(2 * HALF), before, told=True)
        ends, sure = sheet.ends(before, behind * alone)
        last_m = (len(self.solid) - 1) * self.pixel_m
        sure[sheet.lowest(self.places[mine, 1], ends) > last_m - OUT_M] = 0
        if (sure[:HALF] > SURE).mean() < limb.least:
            return None
        sure[:HALF] *= sheet.sharp(self.photo[mine], ends[:HALF])
        return _Ending(limb, mine, alone, sheet, ends, sure, before)

    def part_garments(self, limb: Limb, mine: np.ndarray, labelled: float | None) -> bool:
        """Tell what is worn on a limb, pixels `mine (N,)` bool, to be of what lies over above a hem, and of what lies
        under below it, if there is one by colours, and labels have none, or one that colours know nothing of, so many
        metres along. Returns whether there is."""
        along, names = self._laid(limb, self.places)[0], limb.over + limb.under
        worn = mine & (self.sides[0][:, names].sum(1) > 0.5)
        hem = hem_by_colors(along[worn], self.photo[worn], labelled)
        if hem is None:
            return False
        for shares in self.sides:
            for there, goal in ((mine & (along < hem), limb.over), (mine & (along >= hem), limb.under)):
                told = shares[np.ix_(there, goal)] + 1e-3 * np.eye(len(goal))[0]
                told *= (shares[there][:, names].sum(1) / told.sum(1))[:, None]
                shares[np.ix_(there, names)] = 0
                shares[np.ix_(there, goal)] = told
        return True

    def close(self, endings: "list[_Ending | None]") -> None:
        """Tell labels by where what is worn ends on limbs that are alike."""
        found = [each for each in endings if each is not None]
        if not found:
            return
        by = [each for each in found if not each.told]
        level = _median(*(np.concatenate([getattr(each, of) for each in by]) for of in ("ends", "sure")))
        for each in found:
            curve = each.curve(level)
            if not each.likely(curve):
                continue
            for shares, behind in zip(self.sides, (False, True), strict=True):
                off = each.sheet.off(curve, behind)
                self.beside[each.mine] |= np.abs(off) < WINDOW_M
                change = ((1 - np.abs(off) / each.limb.far) / (1 - FADES)).clip(0, 1)
                if behind or each.told:
                    change *= each.alone
                told = shares[each.mine]
                _retell(told, each.limb, off, change, self._islands(each, told, off))
                shares[each.mine] = told

    def _islands(self, ending, shares, off):
        """(N,) bool: pixels of shares (N, WORN) beside an end that are of neither garment, but within these."""
        other = (shares[:, ending.limb.over + ending.limb.under].sum(1) < 0.5) & (np.abs(off) < WINDOW_M)
        if not other.any():
            return other
        picture, at = np.ones(self.solid.shape, np.uint8), np.nonzero(self.solid)
        row, column = (each[ending.mine] for each in at)
        picture[row[~other], column[~other]] = 0
        _, number, about, _ = cv2.connectedComponentsWithStats(picture)
        small = about[:, cv2.CC_STAT_AREA] * self.pixel_m**2 < ISLAND_M2
        return other & small[number[row, column].astype(int)]


@dataclass(frozen=True)
class _Ending:
    """Where what is worn ends on a limb. mine: numbers (N,) of its pixels; alone: (N,) bool, behind which ones nothing
    else is; ends, sure: see `Sheet.ends`; over: (N,) -1..1, how far pixels are seen to be of what lies over; told:
    it is not seen there, but on the other arm."""

    limb: Limb
    mine: np.ndarray
    alone: np.ndarray
    sheet: Sheet
    ends: np.ndarray
    sure: np.ndarray
    over: np.ndarray
    told: bool = False

    @property
    def level(self) -> float:
        """Metres along the limb at which it mostly does."""
        return _median(self.ends, self.sure)

    @property
    def found(self) -> bool:
        """Whether what is seen beside its own curve is what it should be."""
        return self.likely(self.curve(self.level))

    def curve(self, level: float) -> np.ndarray:
        """(ANGLES,) metres along the limb, see `Sheet.curve`."""
        return self.sheet.curve(self.ends, self.sure, level, self.limb.strays, self.limb.finest)

    def likely(self, curve: np.ndarray) -> bool:
        """Whether what is seen beside a curve is mostly what it should be, and above it nearly all."""
        if self.told:
            return True
        off, told = self.sheet.off(curve, False), np.abs(self.over) > TOLD
        right, near = (off < 0) == (self.over > 0), np.abs(off) < BESIDE_M
        beside = (right[told & near & side] for side in (off < 0, off > 0))
        return all(len(each) and each.mean() > least for each, least in zip(beside, RIGHT, strict=True))


def _median(values, weight):
    """That of values (N,), by weight (N,)."""
    order = np.argsort(values)
    return float(values[order][np.searchsorted(weight[order].cumsum(), weight.sum() / 2)])


def _room(along, aside, step, reach):
    """(N,) metres that a limb goes to either side at pixels so many metres along and aside: up to where the person
    ends, or where that is beyond reach, as something else lies behind it, its flesh."""
    row, column = (np.floor((each - each.min()) / step).astype(int) + 1 for each in (along, aside))
    middle, most = int(np.floor(-aside.min() / step)) + 1, round(reach / step)
    axis = round(AXIS_M / step)
    there = np.zeros((row.max() + 2, max(column.max(), middle, 0) + most + 2), np.uint8)
    there[row, column] = 1
    there[:, max(middle - axis, 0) : max(middle + axis + 1, 0)] = 1
    there = cv2.dilate(there, np.ones((3, 1), np.uint8))
    room = []
    for side in (there[:, max(middle, 0) :: -1], there[:, max(middle, 0) :]):
        beyond = side[:, : most + 1] == 0
        room.append(np.where(beyond.any(1), beyond.argmax(1) * step, FLESH_M))
    return np.stack(room)[(aside > 0).astype(int), row]


def _retell(shares, limb, off, change, islands):
    """Tell shares (N, WORN) anew, in place, as far as `change (N,)` says, metres `off (N,)` below the end of what lies
    over; islands: (N,) bool, which have none of both and should."""
    over, under = (shares[:, names] for names in (limb.over, limb.under))
    shares[islands] *= 1 - change[islands, None]
    both = np.where(islands, change, over.sum(1) + under.sum(1))
    above = (0.5 - off / SOFT_M).clip(0, 1)
    for names, mine, goal, side in ((limb.over, over, above, off < 0), (limb.under, under, 1 - above, off > 0)):
        usual = mine[side & (np.abs(off) < WINDOW_M)].sum(0) + 1e-6
        told = mine + 1e-3 * usual / usual.sum()
        told *= (both * goal / told.sum(1))[:, None]
        shares[:, names] += np.where(islands, 1, change)[:, None] * (told - np.where(islands[:, None], 0, mine))

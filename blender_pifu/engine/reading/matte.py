# SPDX-License-Identifier: GPL-3.0-or-later
"""Cut the person out of the photo: how much of each pixel is the person, and in which colour."""

import math
import weakref
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from ..cores import divided
from ..errors import NoPersonError
from ..memory import give_back_memory
from .border_matte import answer_with_borders
from .crop import crop_around
from .disputes import settle
from .instances import share_of, trunk_of
from .landmarks import BodyLandmarks
from .limb_matte import fill_limbs
from .photo import Photo
from .rvm import GuidedFilter, load_rvm
from .unexplained import drop_above_head

OVERVIEW_SIDE = 1280  # longer side of the photo in which it is decided where to look closer
# Longer side of what the network looks at. A close view needs it small, or insides of bodies go missing; a whole figure
# covers less of the picture and shows its feet and fingers when it is larger.
CLOSE_SIDE, FIGURE_SIDE = 512, 768
FIGURE_SHARE = 0.4  # of the picture round a person that it covers at most when all of it is seen
CONTEXT = 1.5  # side of that picture, in sides of the crop
SURE = 0.9
BEYOND = 1 / 8  # of a person's longer side: how far colours of a cut-out go on about it
SURE_SHARE = 0.5  # of what is more than half there; of real people it is over 0.9, of things taken for one under 0.4
LEAST_AREA = 0.005  # of the picture that a person covers
FAINT = 0.02  # alpha below which nothing is there
SMALL_HOLE = 0.03  # of the root of the person's area: narrower holes are mistakes, wider ones gaps between limbs
ROWS = 64  # of the photo that are worked on at a time
KEY_CHROMA, KEY_STRAY, KEY_SHARE = 60, 16, 0.9  # of a green screen's colour: how bright, how even, on how much of it
HAIRLINE = 1 / 250  # of the longer side: gaps up to this do not part a hand from its arm


@dataclass(frozen=True)
class Matte:
    """alpha: (H, W) float32 0..1, one person; foreground: (H, W, 3) uint8 sRGB, the person's colours without the
    background's share where alpha > 0, whatever elsewhere; dropped: whether something behind the head was taken off."""

    alpha: np.ndarray
    foreground: np.ndarray
    dropped: bool = False


class Matting:
    """Cuts people out. The network is loaded by the first photo that needs it."""

    def __init__(self, device: torch.device | str):
        self.device = torch.device(device)
        self._network = None
        self._seen: tuple[weakref.ref, tuple] | None = None  # a photo's pixels and its overview, until one is cut out

    def matte(self, photo: Photo, people: Sequence[BodyLandmarks] = (), chosen: int = 0) -> Matte:
        """The photo's own alpha where it has one, else the network's; of these the chosen person's part.

        people: all that were found in the photo; chosen: index into them. When nobody was found, the largest of
        unconnected people is kept. Raises NoPersonError when next to nothing stands out.
        """

        def divide(alpha):
            return share_of(people[chosen], people, photo.rgb, alpha) if people else 1.0

        if photo.alpha is not None:
            alpha = photo.alpha * divide(photo.alpha)
            alpha = _one_person(alpha, f'The transparency of "{photo.name}" leaves no person visible.')
            return Matte(alpha, _spread_core(photo.rgb, alpha, photo.alpha))
        alpha, foreground, mine = self._run(photo.rgb, divide)
        if people:  # the network cuts out what is held before the body
            hole = trunk_of(people[chosen], alpha.shape) & mine & (alpha < SURE)
            alpha[hole], foreground[hole] = 1, photo.rgb[hole]
            fill_limbs(alpha, foreground, photo.rgb, people[chosen], mine)
            settle(alpha, foreground, photo.rgb, people[chosen], mine)
        alpha = _one_person(alpha, f'No person was found in "{photo.name}".')
        if not people or not drop_above_head(alpha, people[chosen]):
            return Matte(alpha, foreground)
        return Matte(_one_person(alpha, f'No person was found in "{photo.name}".'), foreground, dropped=True)

    def everybody(self, photo: Photo) -> np.ndarray:
        """(h, w) float32 0..1: all people of the photo, in a picture of at most OVERVIEW_SIDE."""
        if photo.alpha is not None:
            overview = _reduced(photo.rgb, OVERVIEW_SIDE)
            return cv2.resize(photo.alpha, overview.shape[1::-1], interpolation=cv2.INTER_AREA)
        found = self._overview(photo.rgb)
        self._seen = weakref.ref(photo.rgb), found
        return found[2]

    def _run(self, rgb, divide):
        """(H, W, 3) uint8 -> alpha (H, W) float32 0..1, foreground (H, W, 3) uint8, as the network has them, and which
        pixels are the wanted person's or nobody's, (H, W) bool.

        divide: takes everybody's alpha, (h, w) of any size, and returns the share in it of the person who is wanted,
        (h, w) or one number.
        """
        height, width = rgb.shape[:2]
        overview, answer, alpha, foreground = self._overview(rgb)
        self._seen = None
        share = np.array(np.broadcast_to(divide(alpha), alpha.shape), np.float32)
        alpha = alpha * share
        near, side = self._closer(alpha, rgb.shape) if (alpha > 0.5).any() else (None, 0)
        if near is None and overview is rgb:
            return alpha, foreground, share > 0.5
        inside = alpha > SURE
        # Photos are large: the share in bytes, everything else in place.
        share = cv2.resize(np.rint(255 * share).astype(np.uint8), (width, height), interpolation=cv2.INTER_LINEAR)
        if near is None:
            alpha, foreground = answer.develop(rgb)
        else:  # a second look at the person; what was surely inside before stays so
            rim = 2 * round(4 / _factor(alpha.shape, CLOSE_SIDE)) + 1
            inside = cv2.erode(inside.astype(np.uint8), np.ones((rim, rim), np.uint8))
            answer = self._look(rgb[near], side)
            alpha, foreground = np.zeros((height, width), np.float32), np.zeros_like(rgb)
            answer.develop(rgb[near], alpha[near], foreground[near])
        alpha *= share
        alpha /= 255
        if near is not None:
            inside = cv2.resize(inside.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
            np.maximum(alpha[near], inside[near], out=alpha[near])
        return alpha, foreground, share > 127

    def _overview(self, rgb):
        """A picture of at most OVERVIEW_SIDE of rgb, (H, W, 3) uint8, what the network said about it, and its alpha and
        foreground; those that `everybody` saw last, if it was asked about the same."""
        if self._seen and self._seen[0]() is rgb:
            return self._seen[1]
        overview = _reduced(rgb, OVERVIEW_SIDE)
        answer = self._look(overview, CLOSE_SIDE)
        return overview, answer, *answer.develop(overview)

    def _closer(self, alpha, shape):
        """Where in the photo, (height, width, 3), to look again, and in which size; None where that shows no more.

        alpha: (h, w), an overview of the photo.
        """
        scale = max(shape) / max(alpha.shape)
        crop = crop_around(alpha)
        x, y, half = (scale * length for length in (crop.center_x, crop.center_y, crop.side * CONTEXT / 2))
        left, top = max(0, round(x - half)), max(0, round(y - half))
        near = np.s_[top : min(shape[0], round(y + half)), left : min(shape[1], round(x + half))]
        seen = alpha[tuple(slice(int(part.start / scale), math.ceil(part.stop / scale)) for part in near)]
        side = FIGURE_SIDE if seen.mean() < FIGURE_SHARE else CLOSE_SIDE
        size = (near[0].stop - near[0].start, near[1].stop - near[1].start)
        return (near, side) if _factor(size, side) >= 1.1 * _factor(shape, CLOSE_SIDE) else (None, 0)

    @torch.inference_mode()
    def _look(self, rgb, side):
        """One run of the network on a picture reduced to at most `side`."""
        if self._network is None:
            self._network = load_rvm(self.device)
        small = _reduced(rgb, side)
        small = torch.from_numpy(np.ascontiguousarray(small)).to(self.device).permute(2, 0, 1)[None].float() / 255
        answer = _Answer(small, answer_with_borders(self._network, small), side)
        give_back_memory(always=False)
        return answer


class _Answer:
    """What the network said about a reduced picture, for that picture in any larger size."""

    def __init__(self, small, target, side):
        self._target, self._side = target, side
        self._sharpen = GuidedFilter(small, target)

    def develop(self, rgb, alpha=None, foreground=None):
        """(H, W, 3) uint8 -> alpha (H, W) float32 0..1 and foreground (H, W, 3) uint8, in these where given."""
        height, width = rgb.shape[:2]
        alpha = np.empty((height, width), np.float32) if alpha is None else alpha
        foreground = np.empty((height, width, 3), np.uint8) if foreground is None else foreground
        sharpen = _factor(rgb.shape, self._side) < 1

        @torch.inference_mode()  # which is a thread's own
        def of_rows(first):
            rows = np.s_[first : first + ROWS]
            picture = torch.from_numpy(np.ascontiguousarray(rgb[rows])).to(self._target.device)
            picture = picture.permute(2, 0, 1)[None].float() / 255
            guide = torch.cat([picture, picture.mean(1, keepdim=True)], 1)
            found = self._sharpen.rows(guide, first, height) if sharpen else self._target[:, :, rows]
            colors = (picture + found[:, :3]).clamp_(0, 1).mul_(255).round_()
            foreground[rows] = colors[0].permute(1, 2, 0).byte().cpu().numpy()
            alpha[rows] = found[0, 3].clamp(0, 1).cpu().numpy()

        divided(of_rows, range(0, height, ROWS), device=self._target.device)  # photos are large
        return alpha, foreground


def _reduced(rgb, side):
    factor = _factor(rgb.shape, side)
    size = [max(1, round(length * factor)) for length in rgb.shape[1::-1]]
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA) if factor < 1 else rgb


def _factor(shape, side):
    return min(1.0, side / max(shape[:2]))


def _one_person(alpha, complaint):
    """alpha (H, W), of which only the largest connected part with its soft edges is left, small holes filled; in place.
    Raises NoPersonError."""
    solid = (alpha > 0.5).astype(np.uint8)
    if not solid.any():
        raise NoPersonError(complaint)
    gap = 2 * round(max(alpha.shape) * HAIRLINE / 2) + 1
    joined = cv2.morphologyEx(solid, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (gap, gap)))
    _, parts = cv2.connectedComponents(joined, connectivity=8)
    areas = np.bincount(parts[solid > 0], minlength=2)
    person = parts == (np.argmax(areas[1:]) + 1)
    place = np.unravel_index(person.argmax(), person.shape)
    del parts  # of large photos they are large: one set of them at a time
    if len(areas) > 2:  # each soft pixel belongs to the part next to it
        alpha[_nearer_to_another(joined, person)] = 0
    # What hangs together with the person only by nothing is haze.
    parts = cv2.connectedComponents(((alpha > FAINT) | person).astype(np.uint8), connectivity=8)[1]
    alpha[parts != parts[place]] = 0
    del parts
    x, y, width, height = cv2.boundingRect((alpha > 0).astype(np.uint8))
    _fill_small_holes(alpha[max(0, y - 1) : y + height + 1, max(0, x - 1) : x + width + 1])
    if alpha.mean() < LEAST_AREA or (alpha > SURE).sum() < SURE_SHARE * (alpha > 0.5).sum():
        raise NoPersonError(complaint)
    return alpha


def _nearer_to_another(joined, person):
    """(H, W) bool: which pixels lie nearer to another part of joined, (H, W) 0 or 1, than to the part person. Of large
    pictures by every second pixel or fewer."""
    step = math.ceil(max(joined.shape) / OVERVIEW_SIDE)
    some, mine = joined[::step, ::step], person[::step, ::step]
    if not mine.any():
        return np.zeros(joined.shape, bool)
    nearest = cv2.distanceTransformWithLabels(1 - some, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_CCOMP)[1]
    other = (nearest != nearest[np.unravel_index(mine.argmax(), mine.shape)]) & ~mine
    other = other.astype(np.uint8).repeat(step, 0).repeat(step, 1)[: joined.shape[0], : joined.shape[1]]
    return (other > 0) & ~person


def _fill_small_holes(alpha):
    """Raise what is less than half there, small, and wholly inside to the height of its surroundings; in place."""
    reach = round(SMALL_HOLE * np.sqrt((alpha > 0.5).sum())) | 1
    _, holes, statistics, _ = cv2.connectedComponentsWithStats((alpha <= 0.5).astype(np.uint8), connectivity=4)
    small = statistics[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1) <= reach
    small[0] = False  # the solid part itself
    small[np.concatenate([holes[0], holes[-1], holes[:, 0], holes[:, -1]])] = False
    if small.any():
        here = cv2.dilate(small[holes].astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        alpha[here] = cv2.morphologyEx(alpha, cv2.MORPH_CLOSE, np.ones((reach + 2, reach + 2), np.uint8))[here]


def _spread_core(rgb, alpha, given):
    """Colours (H, W, 3) of a cut-out where the person is sure; towards the transparent and BEYOND it the nearest sure
    pixel's. Before one bright colour the outermost pixels are mixed with that and count for nothing. alpha, given
    (H, W): the person's, and the file's."""
    keyed, colors = _is_keyed(rgb, given), rgb.copy()
    x, y, width, height = cv2.boundingRect((alpha > 0).astype(np.uint8))
    beyond = round(BEYOND * max(width, height))
    part = np.s_[max(0, y - beyond) : y + height + beyond, max(0, x - beyond) : x + width + beyond]
    rgb, alpha, shown = rgb[part], np.minimum(alpha[part], given[part]), colors[part]
    sure = (alpha > SURE).astype(np.uint8)
    inner = cv2.erode(sure, np.ones((3, 3), np.uint8)) if keyed else sure
    unsure = 1 - (inner if inner.any() else sure)
    if unsure.all():
        return colors
    nearest = cv2.distanceTransformWithLabels(unsure, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)[1]
    nearest = nearest.astype(np.int32, copy=False)
    known = np.zeros((nearest.max() + 1, 3), np.uint8)
    chunks = [np.s_[first : first + ROWS] for first in range(0, len(rgb), ROWS)]
    for rows in chunks:
        known[nearest[rows][unsure[rows] == 0]] = rgb[rows][unsure[rows] == 0]
    for rows in chunks:
        share = np.where(unsure[rows], 0 if keyed else alpha[rows], 1)[..., None]
        shown[rows] = np.rint(share * rgb[rows] + (1 - share) * known[nearest[rows]])
    return colors


def _is_keyed(rgb, alpha):
    """Whether one bright colour, as of a green screen, lies where a cut-out, alpha (H, W), is transparent."""
    step = max(1, max(alpha.shape) // CLOSE_SIDE)
    behind = rgb[::step, ::step][alpha[::step, ::step] < FAINT].astype(np.int16)
    if not len(behind):
        return False
    key = np.median(behind, axis=0)
    return np.ptp(key) > KEY_CHROMA and (np.abs(behind - key).max(1) < KEY_STRAY).mean() > KEY_SHARE

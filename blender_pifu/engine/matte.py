# SPDX-License-Identifier: GPL-3.0-or-later
"""Cut the person out of the photo: how much of each pixel is the person, and in which colour."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from .crop import crop_around
from .errors import NoPersonError
from .landmarks import Person
from .photo import Photo
from .rvm import GuidedFilter, load_rvm
from .separate import share_of, trunk_of

# Longer side of what the network looks at. A close view needs it small, or insides of bodies go missing; a whole figure
# covers less of the picture and shows its feet and fingers when it is larger.
CLOSE_SIDE, FIGURE_SIDE = 512, 768
FIGURE_SHARE = 0.4  # of the picture round a person that it covers at most when all of it is seen
CONTEXT = 1.5  # side of that picture, in sides of the crop
SURE = 0.9
SURE_SHARE = 0.5  # of what is more than half there; of real people it is over 0.9, of things taken for one under 0.4
LEAST_AREA = 0.005  # of the picture that a person covers
FAINT = 0.02  # alpha below which nothing is there
SMALL_HOLE = 0.03  # of the root of the person's area: narrower holes are mistakes, wider ones gaps between limbs
HAIRLINE = 1 / 250  # of the longer side: gaps up to this do not part a hand from its arm


@dataclass(frozen=True)
class Matte:
    """alpha: (H, W) float32 0..1, one person; foreground: (H, W, 3) uint8 sRGB, the person's colours without the
    background's share where alpha > 0, whatever elsewhere."""

    alpha: np.ndarray
    foreground: np.ndarray


class Matting:
    """Cuts people out. The network is loaded by the first photo that needs it."""

    def __init__(self, device: torch.device | str):
        self.device = torch.device(device)
        self._network = None

    def matte(self, photo: Photo, people: Sequence[Person] = (), chosen: int = 0) -> Matte:
        """The photo's own alpha where it has one, else the network's; of these the chosen person's part.

        people: all that were found in the photo; chosen: index into them. When nobody was found, the largest of
        unconnected people is kept. Raises NoPersonError when next to nothing stands out.
        """

        def divide(alpha):
            return share_of(people[chosen], people, photo.rgb, alpha) if people else np.ones_like(alpha)

        if photo.alpha is not None:
            alpha = photo.alpha * divide(photo.alpha)
            alpha = _one_person(alpha, f'The transparency of "{photo.name}" leaves no person visible.')
            return Matte(alpha, _spread_core(photo.rgb, alpha))
        alpha, foreground, share = self._run(photo.rgb, divide)
        if people:  # the network cuts out what is held before the body
            hole = trunk_of(people[chosen], alpha.shape) & (share > 0.5) & (alpha < SURE)
            alpha[hole], foreground[hole] = 1, photo.rgb[hole]
        return Matte(_one_person(alpha, f'No person was found in "{photo.name}".'), foreground)

    def _run(self, rgb, divide):
        """(H, W, 3) uint8 -> alpha (H, W) float32 0..1, foreground (H, W, 3) uint8, as the network has them, and share.

        divide: takes everybody's alpha and returns the share (H, W) in it of the person who is wanted.
        """
        alpha, foreground = self._look(rgb, CLOSE_SIDE)
        share = divide(alpha)
        alpha = alpha * share
        if not (alpha > 0.5).any():
            return alpha, foreground, share
        # A second, closer look at the person where that shows more.
        crop = crop_around(alpha)
        half = crop.side * CONTEXT / 2
        left, top = max(0, round(crop.center_x - half)), max(0, round(crop.center_y - half))
        near = np.s_[top : round(crop.center_y + half), left : round(crop.center_x + half)]
        side = FIGURE_SIDE if alpha[near].mean() < FIGURE_SHARE else CLOSE_SIDE
        if _factor(alpha[near].shape, side) < 1.1 * _factor(alpha.shape, CLOSE_SIDE):
            return alpha, foreground, share
        closer, foreground[near] = self._look(np.ascontiguousarray(rgb[near]), side)
        # What was surely inside before stays so.
        rim = 2 * round(4 / _factor(alpha.shape, CLOSE_SIDE)) + 1
        inside = cv2.erode((alpha[near] > SURE).astype(np.uint8), np.ones((rim, rim), np.uint8))
        alpha[:] = 0
        alpha[near] = np.maximum(closer * share[near], inside)
        return alpha, foreground, share

    @torch.inference_mode()
    def _look(self, rgb, side):
        """One run of the network on a picture reduced to at most `side`; takes and returns what `_run` does."""
        if self._network is None:
            self._network = load_rvm(self.device)
        height, width = rgb.shape[:2]
        factor = _factor(rgb.shape, side)
        size = max(1, round(width * factor)), max(1, round(height * factor))
        small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA) if factor < 1 else rgb
        small = torch.from_numpy(small).to(self.device).permute(2, 0, 1)[None].float() / 255
        target = self._network(small)
        sharpen = GuidedFilter(small, target) if factor < 1 else None
        # One channel at a time: photos are large.
        foreground = np.empty_like(rgb)
        mean = torch.zeros((1, 1, height, width), device=self.device)
        for index in range(3):
            channel = torch.from_numpy(rgb[..., index].astype(np.float32) / 255).to(self.device)[None, None]
            mean += channel / 3
            residual = sharpen.channel(index, channel) if sharpen else target[:, index : index + 1]
            foreground[..., index] = ((channel + residual).clamp_(0, 1) * 255).round_()[0, 0].cpu().numpy()
        alpha = sharpen.channel(3, mean) if sharpen else target[:, 3:]
        return alpha.clamp(0, 1)[0, 0].cpu().numpy(), foreground


def _factor(shape, side):
    return min(1.0, side / max(shape[:2]))


def _one_person(alpha, complaint):
    """The largest connected part of alpha (H, W) with its soft edges, small holes filled. Raises NoPersonError."""
    alpha = alpha.copy()
    solid = (alpha > 0.5).astype(np.uint8)
    if not solid.any():
        raise NoPersonError(complaint)
    gap = 2 * round(max(alpha.shape) * HAIRLINE / 2) + 1
    joined = cv2.morphologyEx(solid, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (gap, gap)))
    _, parts = cv2.connectedComponents(joined, connectivity=8)
    areas = np.bincount(parts[solid > 0], minlength=2)
    person = parts == (np.argmax(areas[1:]) + 1)
    # Each soft pixel belongs to the part next to it.
    _, nearest = cv2.distanceTransformWithLabels(1 - joined, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_CCOMP)
    alpha[nearest != nearest[person][0]] = 0
    # What hangs together with the person only by nothing is haze.
    _, visible = cv2.connectedComponents(((alpha > FAINT) | person).astype(np.uint8), connectivity=8)
    alpha[visible != visible[person][0]] = 0
    _fill_small_holes(alpha)
    if alpha.mean() < LEAST_AREA or (alpha > SURE).sum() < SURE_SHARE * (alpha > 0.5).sum():
        raise NoPersonError(complaint)
    return alpha


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


def _spread_core(rgb, alpha):
    """Colours (H, W, 3) where the person is sure; towards the transparent the nearest sure pixel's."""
    unsure = (alpha <= SURE).astype(np.uint8)
    if unsure.all():
        return rgb
    _, nearest = cv2.distanceTransformWithLabels(unsure, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    sure = np.zeros((nearest.max() + 1, 3), np.float32)
    sure[nearest[unsure == 0]] = rgb[unsure == 0]
    share = np.where(unsure, alpha, 1)[..., None]
    return np.rint(share * rgb + (1 - share) * sure[nearest]).astype(np.uint8)

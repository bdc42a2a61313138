# SPDX-License-Identifier: GPL-3.0-or-later
"""A second photo that shows the back of the same person in the same pose: mirrored, laid over the front one."""

from dataclasses import dataclass

import cv2
import numpy as np

from .errors import InputError, NoPersonError
from .figure import Figure, Figures
from .person_cut import PersonCut
from .photo import Photo
from .registration import Registration, register
from .stance import Facing, facing

COMPARE_PX = 256
# Overlap of the outlines from which they are one person in one pose. Of 22 synthetic people photographed twice, the
# second time up to 6 degrees off the opposite, the worst had 0.83; of other people's backs 96 of 100 had less.
LEAST_OVERLAP = 0.80
# Both photos see what lies along the outline: there, so many pixels of COMPARE_PX inside, their light is compared.
SEAM_PX = (1, 4)
DARKEST = 0.005  # linear; keeps the dark out of ratios
MOST_GAIN, MOST_TINT = 2.0, 1.25  # beyond it is no other light but other cloth: of all channels, of one against them
FIX = "Choose a photo of the back in the same pose, taken from the same height and distance, or leave it out."


@dataclass(frozen=True)
class BackCut:
    """What the front's pixels would show of the back; called with a size as `PersonCut`, without its outer centres.

    cut: the person in the back photo; registration: of its mirror image over the front's cut; gain: (3,) linear, from
    its light to the front's; notes: sentences for the artist about the back photo.
    """

    cut: PersonCut
    registration: Registration
    gain: np.ndarray
    notes: tuple[str, ...]

    def __call__(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Colours (size, size, 3) float32 0..1 sRGB, seen through the body from the front, and matte (size, size)."""
        rgb, alpha = laid(self.cut, self.registration, size)
        return _srgb((_linear(rgb) + DARKEST) * self.gain - DARKEST).astype(np.float32), alpha


def find_back(figures: Figures, photo: Photo, front: Figure) -> BackCut:
    """The person in the back photo, laid over the front photo's. Raises NoPersonError, and InputError as `lay_back`."""
    try:
        back = figures.cut_out(photo)
    except NoPersonError as error:
        raise NoPersonError(f'The photo of the back, "{photo.name}", cannot be used: {error}', fix=error.fix) from error
    return lay_back(front, back)


def lay_back(front: Figure, back: Figure) -> BackCut:
    """Lay the back photo's person over the front photo's. Raises InputError when they cannot be one person's."""
    if back.person is not None and facing(back.person) is Facing.FRONT:
        swapped = front.person is not None and facing(front.person) is Facing.BACK
        raise InputError(
            f'"{back.photo.name}" shows the person from the front, but a second photo must show the back.',
            fix="Swap the two photos." if swapped else FIX,
        )
    front_cut, back_cut = (PersonCut(figure.matte, figure.crop) for figure in (front, back))
    rgb, alpha = front_cut(COMPARE_PX)
    registration = register(alpha, back_cut(COMPARE_PX)[1][:, ::-1])
    if registration.overlap < LEAST_OVERLAP:
        raise InputError(
            f'The outline of the person in "{back.photo.name}", mirrored, does not fit the one in '
            f'"{front.photo.name}": they share {registration.overlap:.0%}, at least {LEAST_OVERLAP:.0%} are needed.',
            fix=FIX,
        )
    gain = _gain(rgb, alpha, *laid(back_cut, registration, COMPARE_PX))
    said = [*back.photo.notes, *(advice.sentence for advice in back.advice if advice.kind != "back")]
    return BackCut(back_cut, registration, gain, tuple(f"Photo of the back: {sentence}" for sentence in said))


def laid(cut: PersonCut, registration: Registration, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The mirrored cut on the front's pixels: colours (size, size, 3) float32 0..1 sRGB, matte (size, size)."""
    rgb, alpha = cut(size)
    both = np.ascontiguousarray(np.dstack([rgb * alpha[..., None], alpha])[:, ::-1], np.float32)
    both = registration.lay(both, size)
    alpha = both[..., 3]
    return np.clip(both[..., :3] / np.maximum(alpha, 1e-6)[..., None], 0, 1), alpha


def _gain(front_rgb, front_alpha, back_rgb, back_alpha):
    """(3,) by which the back's linear colours are to be multiplied to meet the front's along the outline."""
    solid = ((front_alpha > 0.95) & (back_alpha > 0.95)).astype(np.uint8)
    depth = cv2.distanceTransform(solid, cv2.DIST_L2, 3)
    seam = (depth >= SEAM_PX[0]) & (depth < SEAM_PX[1])
    if not seam.any():
        return np.ones(3)
    ratio = np.log(_linear(front_rgb[seam]) + DARKEST) - np.log(_linear(back_rgb[seam]) + DARKEST)
    gain = np.exp(np.median(ratio, axis=0))
    grey = np.median(gain)
    return grey.clip(1 / MOST_GAIN, MOST_GAIN) * (gain / grey).clip(1 / MOST_TINT, MOST_TINT)


def _linear(srgb):
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


def _srgb(linear):
    linear = linear.clip(0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)

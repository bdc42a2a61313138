# SPDX-License-Identifier: GPL-3.0-or-later
"""A second photo that shows the back of the same person in the same pose: mirrored, laid over the front one."""

from dataclasses import dataclass

import numpy as np

from .errors import InputError, NoPersonError
from .figure import Figure, Figures
from .person_cut import PersonCut
from .photo import Photo
from .registration import Registration, register
from .relight import lit, match_light
from .stance import Facing, facing

COMPARE_PX = 256
# Overlap of the outlines from which they are one person in one pose. Of 22 synthetic people photographed twice, the
# second time up to 6 degrees off the opposite, the worst had 0.83; of other people's backs 96 of 100 had less.
LEAST_OVERLAP = 0.80
FIX = "Choose a photo of the back in the same pose, taken from the same height and distance, or leave it out."


@dataclass(frozen=True)
class BackCut:
    """What the front's pixels would show of the back; called with a size as `PersonCut`, without its outer centres.

    cut: the person in the back photo; registration: of its mirror image over the front's cut; gain: see
    relight.match_light; notes: sentences for the artist about the back photo.
    """

    cut: PersonCut
    registration: Registration
    gain: np.ndarray
    notes: tuple[str, ...]
    landmarks = None  # those of the back photo are not laid over the front's

    def __call__(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Colours (size, size, 3) float32 0..1 sRGB, seen through the body from the front, and matte (size, size)."""
        rgb, alpha = laid(self.cut, self.registration, size)
        return lit(rgb, self.gain), alpha


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
    front_cut, back_cut = front.cut, back.cut
    rgb, alpha = front_cut(COMPARE_PX)
    registration = register(alpha, back_cut(COMPARE_PX)[1][:, ::-1])
    if registration.overlap < LEAST_OVERLAP:
        raise InputError(
            f'The outline of the person in "{back.photo.name}", mirrored, does not fit the one in '
            f'"{front.photo.name}": they share {registration.overlap:.0%}, at least {LEAST_OVERLAP:.0%} are needed.',
            fix=FIX,
        )
    gain = match_light((rgb, alpha), laid(back_cut, registration, COMPARE_PX))
    said = [*back.photo.notes, *(advice.sentence for advice in back.advice if advice.kind != "back")]
    return BackCut(back_cut, registration, gain, tuple(f"Photo of the back: {sentence}" for sentence in said))


def laid(cut: PersonCut, registration: Registration, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The mirrored cut on the front's pixels: colours (size, size, 3) float32 0..1 sRGB, matte (size, size)."""
    rgb, alpha = cut(size)
    both = np.ascontiguousarray(np.dstack([rgb * alpha[..., None], alpha])[:, ::-1], np.float32)
    both = registration.lay(both, size)
    alpha = both[..., 3]
    return np.clip(both[..., :3] / np.maximum(alpha, 1e-6)[..., None], 0, 1), alpha

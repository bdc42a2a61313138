# SPDX-License-Identifier: GPL-3.0-or-later
"""A second photo that shows the back of the same person in the same pose: mirrored, laid over the front one."""

from dataclasses import dataclass

import cv2
import numpy as np

from ...protocol import ErrorKind
from ..errors import InputError, NoPersonError
from ..reading.person_cut import PersonCut
from ..reading.photo import Photo
from ..reading.stance import Facing, facing
from ..srgb import lit
from ..subject.figure import Figure, Figures
from .registration import Registration, register, resample
from .relief import RELIEF_PX, Relief, inflated_relief
from .relight import match_light
from .resection import resect

# Overlap of the outlines from which they are one person in one pose. Of 22 synthetic people photographed twice, the
# second time up to 6 degrees off the opposite, the worst had 0.83; of other people's backs 96 of 100 had less.
LEAST_OVERLAP = 0.80
FIX = "Choose a photo of the back in the same pose, taken from the same height and distance, or leave it out."


@dataclass(frozen=True)
class BackCut:
    """What the front's pixels would show of the back; called with a size as `PersonCut`, without its outer centres.

    front, back: the person in either photo; registration: of the outlines, the back's mirrored; places: see
    resection.resect; gain: by which its linear colours are multiplied, see relight.match_light; notes: sentences for
    the artist about the back photo.
    """

    front: PersonCut
    back: PersonCut
    registration: Registration
    places: np.ndarray
    gain: np.ndarray
    notes: tuple[str, ...]
    landmarks = None  # those of the back photo are not laid over the front's

    def __call__(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Colours (size, size, 3) float32 0..1 sRGB, seen through the body from the front, and matte (size, size)."""
        rgb, alpha = _laid(self.back, self.places, size)
        return lit(rgb, self.gain), alpha

    def side_px(self, most: int) -> int:
        """Side of the picture that shows all that the back photo has, at most `most` pixels."""
        return self.back.side_px(most)

    def over(self, relief: Relief) -> "BackCut":
        """The same, laid and lit by how deep the body is and where it looks."""
        return _behind(self.front, self.back, self.registration, self.notes, relief)


def find_back(figures: Figures, photo: Photo, front: Figure) -> BackCut:
    """The person in the back photo, laid over the front photo's. Raises NoPersonError, and InputError as `lay_back`."""
    try:
        back = figures.cut_out(photo)
    except NoPersonError as error:
        message = f'The photo of the back, "{photo.name}", cannot be used: {error}'
        raise NoPersonError(message, error.fix, ErrorKind.BACK_PHOTO) from error
    return lay_back(front, back)


def lay_back(front: Figure, back: Figure) -> BackCut:
    """Lay the back photo's person over the front photo's. Raises InputError when they cannot be one person's."""
    if back.person is not None and facing(back.person) is Facing.FRONT:
        swapped = front.person is not None and facing(front.person) is Facing.BACK
        raise InputError(
            f'"{back.photo.name}" shows the person from the front, but a second photo must show the back.',
            fix="Swap the two photos." if swapped else FIX,
            kind=ErrorKind.BACK_PHOTO,
        )
    alpha = front.cut(RELIEF_PX)[1]
    registration = register(alpha, back.cut(RELIEF_PX)[1][:, ::-1])
    if registration.overlap < LEAST_OVERLAP:
        raise InputError(
            f'The outline of the person in "{back.photo.name}", mirrored, does not fit the one in '
            f'"{front.photo.name}": they share {registration.overlap:.0%}, at least {LEAST_OVERLAP:.0%} are needed.',
            fix=FIX,
            kind=ErrorKind.BACK_PHOTO,
        )
    said = [*back.photo.notes, *(advice.sentence for advice in back.advice if advice.kind != "back")]
    notes = tuple(f"Photo of the back: {sentence}" for sentence in said)
    return _behind(front.cut, back.cut, registration, notes, inflated_relief(alpha))


def _behind(front: PersonCut, back: PersonCut, registration: Registration, notes: tuple[str, ...], relief: Relief):
    seen = front(RELIEF_PX)
    places = resect(seen[1], back(RELIEF_PX)[1][:, ::-1], relief, registration.matrix)
    gain = match_light(seen, _laid(back, places, RELIEF_PX), relief)
    return BackCut(front, back, registration, places, gain, notes)


def _laid(cut: PersonCut, places: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The mirrored cut on the front's pixels: colours (size, size, 3) float32 0..1 sRGB, matte (size, size)."""
    rgb, alpha = cut(size)
    both = np.ascontiguousarray(np.dstack([rgb * alpha[..., None], alpha])[:, ::-1], np.float32)
    places = np.stack([cv2.resize(part, (size, size), interpolation=cv2.INTER_LINEAR) for part in places])
    both = resample(both, places)
    alpha = both[..., 3]
    return np.clip(both[..., :3] / np.maximum(alpha, 1e-6)[..., None], 0, 1), alpha

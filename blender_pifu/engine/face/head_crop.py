# SPDX-License-Identifier: GPL-3.0-or-later
"""A second look at the head, from near: a square of the photo round head and shoulders, as portraits show them."""

from dataclasses import dataclass, replace

import numpy as np

from ..errors import NoPersonError
from ..reading.crop import crop_around
from ..reading.landmarks import Landmark as L
from ..reading.matte import Matte
from ..reading.person_cut import PersonCut

# In distances from the eyes to the mouth: how far above and below the eyes, and to either side, a portrait goes.
ABOVE, BELOW, ASIDE = 6.0, 4.0, 5.0
# That distance in pixels of maps and photo: with fewer there is nothing to see, with more the network draws the face
# itself as well as it can.
LEAST_PX, MOST_PX = 11.0, 26.0
SEEN = 0.5  # least visibility of eyes, nose and mouth
EYES, MOUTH = [L.LEFT_EYE, L.RIGHT_EYE], [L.MOUTH_LEFT, L.MOUTH_RIGHT]


@dataclass(frozen=True)
class CloseUp:
    """cut: of head and shoulders, with landmarks in its own field space; center (2,) and half: the middle and half the
    side of its square in the field space of the whole person."""

    cut: PersonCut
    center: np.ndarray
    half: float


def close_up(cut: PersonCut, maps_px: int) -> CloseUp | None:
    """Of a person's cut, of which maps of so many pixels were drawn; None where these show the head as large as a
    close-up would, where the photo shows it no larger, or no face."""
    marks, crop = cut.landmarks, cut.crop
    if marks is None or not _shows_face(marks):
        return None
    unit = _face_unit(marks) / 2
    if not LEAST_PX <= unit * maps_px <= MOST_PX or unit * crop.side < LEAST_PX:
        return None
    x, y = crop.to_photo(marks[EYES, :2].mean(0))
    unit *= crop.side
    height, width = cut.matte.alpha.shape
    rows = slice(*np.clip(np.rint([y - ABOVE * unit, y + BELOW * unit]), 0, height).astype(int).tolist())
    columns = slice(*np.clip(np.rint([x - ASIDE * unit, x + ASIDE * unit]), 0, width).astype(int).tolist())
    # A part of the photo: beyond it nothing is seen, as beyond the border of a portrait.
    part = Matte(cut.matte.alpha[rows, columns], cut.matte.foreground[rows, columns])
    if not part.alpha.size:  # the face is beyond the border
        return None
    try:
        near = crop_around(part.alpha)
    except NoPersonError:
        return None
    square = replace(near, center_x=near.center_x + columns.start, center_y=near.center_y + rows.start)
    center = crop.to_field(np.array([[square.center_x, square.center_y]]))[0]
    half = square.side / crop.side
    return CloseUp(PersonCut(part, near, _seen_from(marks, center, half)), center, half)


def _shows_face(marks):
    """Whether eyes, nose and mouth are seen, and from the front."""
    return marks[[L.NOSE, *EYES, *MOUTH], 3].min() >= SEEN and marks[L.LEFT_EYE, 0] > marks[L.RIGHT_EYE, 0]


def _face_unit(marks):
    """From the eyes to the mouth, or from eye to eye if that is longer: 6.5 cm of an adult."""
    down = marks[EYES, :2].mean(0) - marks[MOUTH, :2].mean(0)
    across = marks[L.LEFT_EYE, :2] - marks[L.RIGHT_EYE, :2]
    return float(max(np.hypot(*down), np.hypot(*across)))


def _seen_from(marks, center, half):
    """Landmarks (33, 4) in the field space of a square within theirs."""
    moved = marks.copy()
    moved[:, :2] -= center
    moved[:, :3] /= half
    return moved

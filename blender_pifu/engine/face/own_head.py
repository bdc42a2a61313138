# SPDX-License-Identifier: GPL-3.0-or-later
"""The head of the person in the photo: marks found at the photo's own resolution, a head fitted to them, or none."""

import torch

from ..body.head import Head, load_head
from ..reading.landmarks import Landmark as L
from ..subject.figure import Figure
from ..subject.lens import Lens
from .head_fit import doubt, fit_head, trust_in_marks
from .marks import face_reader

SEEN = 0.5  # least visibility of eyes and nose
WITHOUT = "The person's own face was not fitted: {why}. The face is the body's own."


def find_own_head(figure: Figure, lens: Lens, shape: torch.Tensor) -> tuple[Head | None, str | None]:
    """The head of the person in a photo, for a body of shape (20,), in field space, and a sentence where a face is seen
    whose fit is not to be believed. Raises ModelError."""
    person = figure.person
    if person is None or person.visibility[[L.NOSE, L.LEFT_EYE, L.RIGHT_EYE]].min() < SEEN:
        return None, None
    marks = face_reader().read(figure.photo.rgb, person.points)
    if marks is None:
        return None, None
    trust = load_head().mark_trust * trust_in_marks(figure.photo.rgb, marks.points)
    head = fit_head(figure.crop.to_field(marks.points), lens.nearness, shape, trust)
    why = doubt(head)
    return (None, WITHOUT.format(why=why)) if why else (head, None)

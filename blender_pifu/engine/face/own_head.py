# SPDX-License-Identifier: GPL-3.0-or-later
"""The head of the person in the photo: marks found at the photo's own resolution, a head fitted to them, or none."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

from ..body.head import Head
from ..reading.face_marks import face_reader
from ..reading.landmarks import Landmark as L
from ..reading.landmarks import Region
from ..subject.figure import Figure
from ..subject.lens import Lens
from .gaze import find_gaze
from .head_fit import doubt, fit_head, trust_in_marks
from .head_marks import head_mark_reader

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
    head = head_in_photo(figure.photo.rgb, marks.region, figure.crop.to_field, lens.nearness, shape)
    why = doubt(head)
    if why:
        return None, WITHOUT.format(why=why)
    irises = figure.crop.to_field(marks.irises.reshape(-1, 2)).reshape(marks.irises.shape)
    return replace(head, gaze=find_gaze(head, figure.crop.to_field(marks.points), irises)), None


def head_in_photo(
    rgb: np.ndarray,
    region: Region,
    to_field: Callable[[np.ndarray], np.ndarray],
    nearness: float,
    shape: torch.Tensor | None = None,
) -> Head:
    """The head whose face fills a square of a photo (H, W, 3) uint8; to_field: photo pixels (N, 2) -> field space;
    nearness: of the lens; shape: (20,) of the body, by default the mean. Raises ModelError."""
    marks = head_mark_reader().read(rgb, region)
    trust = marks.trust * trust_in_marks(rgb, marks.points)
    return fit_head(to_field(marks.points), nearness, shape, trust, marks.further)

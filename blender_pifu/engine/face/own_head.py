# SPDX-License-Identifier: GPL-3.0-or-later
"""The head of the person in the photo: fitted to marks found at the photo's own resolution, or else a mean one."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch

from ..body.fit import Fit
from ..body.head import Head
from ..reading.face_marks import face_reader
from ..reading.landmarks import Landmark as L
from ..reading.landmarks import Region, landmarks_in
from ..subject.figure import Figure
from ..subject.lens import Lens
from .gaze import find_gaze
from .head_fit import doubt, fit_head, trust_in_marks
from .head_marks import head_mark_reader
from .mean_head import mean_head

SEEN = 0.5  # least visibility of eyes and nose
WITHOUT = "The person's own face was not fitted: {why}. The face is the body's own."


@dataclass(frozen=True)
class FoundHead:
    """head: the person's own, in field space, or None; note: a sentence where a face is seen whose fit is not to be
    believed, or None; mean: what can be put on in place of one's own, None where there is that, or nobody."""

    head: Head | None = None
    note: str | None = None
    mean: Head | None = None


def find_own_head(figure: Figure, lens: Lens, fit: Fit) -> FoundHead:
    """The head of the person in a photo, under whose surface the body is fitted. Raises ModelError."""
    head, note = _fitted(figure, lens, fit.pose.shape)
    person = figure.person
    if head or person is None or fit.source == "proportions":
        return FoundHead(head, note)
    shown = face_reader().shows_face(figure.photo.rgb, person)
    return FoundHead(None, note, mean_head(fit, lens, landmarks_in(person, figure.crop) if shown else None))


def _fitted(figure, lens, shape):
    """The head, for a body of shape (20,), and why it is not to be believed; None in place of either."""
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

# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be said once the person is cut out: what is missing or too much, how the legs stand in depth, how old the
proportions are, whether anybody is photographed at all."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from ..reading.landmarks import BodyLandmarks
from ..reading.landmarks import Landmark as L
from ..reading.photo import Photo
from ..reading.stance import ANKLES, HIPS, KNEES, SHOULDERS, Framing, framing, trunk_length
from ..reading.unexplained import above_crown, off_body
from .advice import GLINTS, Advice, Severity
from .missing import missing_limbs, without_crown, without_feet
from .proportions import KNEE_AHEAD, body_length, is_child, thigh_ahead

SHORT_LEGS = 0.95  # in lengths of the trunk; 1.25 to 1.65 in a view from the front
SQUAT = 3.2  # from nose to ankles, in widths of the shoulders; 3.9 to 5 in a view from the front, 2 to 3 from high up
# One ankle higher in the photo, and farther by the landmarks, than the other, in lengths of the trunk: 0 to 0.11 of
# people who stand, 0.11 to 0.33 in strides; depths are good for a hint only, and alone only where beyond what people
# have whose ankles are within 0.2 m, up to 1.7.
STRIDE, HALF_STRIDE, FARTHER, FAR = 0.15, 0.13, 1.0, 1.9
BELOW = 0.02  # of the photo's height that is free below somebody whom it does not cut off
SHADOW = 40  # luminance 0..255 that glints on skin, eyes and cloth of a person before the light do not reach


@dataclass(frozen=True)
class CutOut:
    """photo, person: upright; alpha: (H, W) the matte; drawn: whether the picture is no photograph; height_m: as
    `proportions.suggested_height_m`; dropped: whether something behind the head was taken off."""

    photo: Photo
    person: BodyLandmarks
    alpha: np.ndarray
    drawn: bool
    height_m: float
    dropped: bool


def advise_on(cut: CutOut) -> Iterator[Advice]:
    """All that is to be said."""
    yield from _about_what_is_missing(cut)
    yield from _about_what_is_too_much(cut)
    yield from _about_legs(cut)
    if _is_silhouette(cut):
        yield Advice("dark", Severity.WARNING, "The person stands dark before the light; shape and colours will be "
                     "guessed from little. Light from the camera's side is better.")  # fmt: skip
    if is_child(cut.height_m):
        yield Advice("child", Severity.INFO, f"The proportions are a child's: {cut.height_m:.2f} m is suggested as "
                     "the height.")  # fmt: skip
    if cut.drawn:
        yield Advice("drawn", Severity.WARNING, "The picture looks drawn, not photographed; shape is read from light "
                     "and folds, which drawings lack, and will be rough.")  # fmt: skip


def unfolded(advice: Advice, cut: CutOut, roll: float) -> Advice:
    """The same, but where a photo, as taken (`roll` 0), ends below the knees of somebody whose matte ends well within
    it: then nothing is cut off, and the landmarks of folded legs lie too low."""
    rows = np.flatnonzero((cut.alpha > 0.5).any(1))
    ends_within = len(rows) and rows[-1] < (1 - BELOW) * len(cut.alpha)
    if advice.kind != "cut_off" or cut.photo.alpha is not None or roll or not ends_within:
        return advice
    sentence = "The photo shows the legs folded or hidden"
    return Advice("cut_off", Severity.WARNING, f"{sentence}; only what it shows is made. A whole figure needs the "
                  "feet.")  # fmt: skip


def _is_silhouette(cut):
    inside = cv2.erode((cut.alpha > 0.9).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    return inside.any() and np.quantile(cv2.cvtColor(cut.photo.rgb, cv2.COLOR_RGB2GRAY)[inside], GLINTS) < SHADOW


def _about_what_is_missing(cut):
    given = cut.photo.alpha is not None
    if without_feet(cut.alpha, cut.person):
        sentence = "The cut-out ends above the feet" if given else "The feet could not be told from the background"
        if (cut.alpha[-1] > 0.5).any():
            sentence = "The photo ends within the feet"
        yield Advice("cut_off", Severity.WARNING, f"{sentence}; only what it shows is made. A whole figure needs the "
                     "feet.")  # fmt: skip
    if without_crown(cut.alpha, cut.person):
        sentence = "The cut-out ends below the crown" if given else "The crown could not be told from the background"
        yield Advice("head_cut_off", Severity.WARNING, f"{sentence}; the head will lack its top.")
    if names := missing_limbs(cut.alpha, cut.person):
        yield Advice("missing_part", Severity.WARNING, _missing(names, given))


def _about_what_is_too_much(cut):
    if cut.dropped:
        yield Advice("dropped", Severity.INFO, "Something behind the head looked like a part of it and was left out.")
    if cut.photo.alpha is None and above_crown(cut.alpha, cut.person):
        yield Advice("above_head", Severity.INFO, "What reaches above the head counts in the height: a hat, or "
                     "something behind it that was taken for one.")  # fmt: skip
    if off_body(cut.alpha, cut.person):
        yield Advice("off_body", Severity.INFO, "Something beside the body was cut out with it, held, worn or standing "
                     "there; it will be a part of the body.")  # fmt: skip


def _about_legs(cut):
    person, shape = cut.person, cut.alpha.shape
    kind = framing(person, shape)
    if kind not in (Framing.FULL, Framing.KNEES) or is_child(cut.height_m):
        return
    legs = np.hypot(*(person.between(*HIPS) - person.between(*KNEES)))
    legs += np.hypot(*(person.between(*KNEES) - person.between(*ANKLES)))
    shoulders = np.hypot(*np.subtract(*person.points[list(SHOULDERS), :2]))
    if kind is Framing.FULL and (legs < SHORT_LEGS * trunk_length(person) or body_length(person) < SQUAT * shoulders):
        yield Advice("short_legs", Severity.WARNING, "The legs look short: the person sits or crouches, or the camera "
                     "was high. Depth is unsure there; hip height is best for the camera.")  # fmt: skip
    elif thigh_ahead(person) > KNEE_AHEAD:
        yield Advice("bent_legs", Severity.WARNING, "The person sits or bends the knees; how far these come forward is "
                     "guessed. Straight legs come out best.")  # fmt: skip
    elif kind is Framing.FULL and strides(person):
        yield Advice("stride", Severity.WARNING, "One foot is before the other; how far is guessed. Feet side by side "
                     "come out best.")  # fmt: skip


def strides(person: BodyLandmarks) -> bool:
    """Whether one foot is before the other, as far as landmarks tell."""
    left, right = person.points[[L.LEFT_ANKLE, L.RIGHT_ANKLE]] / trunk_length(person)
    higher, farther = abs(left[1] - right[1]), abs(left[2] - right[2])
    return bool(higher > STRIDE or farther > FAR or (higher > HALF_STRIDE and farther > FARTHER))


def _missing(names, given):
    """In whole sentences, which other languages turn round."""
    if len(names) == 1:
        if given:
            return f"The {names[0]} is missing: the cut-out lacks it."
        return f"The {names[0]} is missing: the background looks too much like it."
    listed = " and ".join([", ".join(names[:-1]), names[-1]])
    if given:
        return f"The {listed} are missing: the cut-out lacks them."
    return f"The {listed} are missing: the background looks too much like them."

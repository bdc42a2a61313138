# SPDX-License-Identifier: GPL-3.0-or-later
"""What an artist should know about a photo before a person is made of it, in plain sentences."""

import math
from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np

from ..reading.landmarks import BodyLandmarks
from ..reading.landmarks import Landmark as L
from ..reading.people import box_of
from ..reading.photo import Photo
from ..reading.stance import (
    HIPS,
    SEEN,
    SHOULDERS,
    Facing,
    Framing,
    body_height,
    facing,
    framing,
    inside,
    roll,
    trunk_length,
)

FEW_PIXELS, LEAST_PIXELS = 400, 100  # of the whole body's height
SHARP_PX = 512  # longer side to which the person is reduced before sharpness is judged
BLURRED, SMEARED = 0.68, 0.85  # of `blur_of`; sharp photos have 0.3 to 0.4, blurred by 2 pixels of SHARP_PX 0.7
DARK, BRIGHT = 90, 252  # luminance 0..255 that the highlights of a lit photo reach, and that tells nothing any more
HIGHLIGHTS, GLINTS = 0.99, 0.995  # quantiles of the whole photo and of the person: eyes, nails, glare on skin and cloth
BRIGHT_SHARE = 0.25
UNSURE = 0.8  # score below which a person may be none
EYES_TO_MOUTH_M = 0.064  # as the landmarks have it; a tenth more or less in grown-ups, whichever way they look
# Distance of the camera, metres: the networks saw heads from 0.85 on, whole bodies from 2 on, most from farther.
NEAR_CAMERA, NEAR_CAMERA_WHOLE = 0.8, 1.2
BORDER_SHARE = 0.08  # of the body's height along a side of the photo that tells that it goes on beyond
BESIDE = 0.03  # what a body reaches beyond its landmarks, in sides of its region
TOUCHING = 0.05  # of the smaller box
# Of a forearm, in lengths of the trunk: in the photo, and how much nearer the wrist is than the elbow, by landmarks.
SHORT_FOREARM, FOREARM_AHEAD = 0.28, 1.0
HEAD_ABOVE_NOSE = 0.55  # top of the head, in distances from nose to shoulders


class Severity(StrEnum):
    INFO = "info"  # good to know
    WARNING = "warning"  # the result will be worse for it
    BLOCK = "block"  # nothing sensible can come of it


@dataclass(frozen=True)
class Advice:
    """kind: short snake_case id; sentence: for the artist."""

    kind: str
    severity: Severity
    sentence: str


def advise(photo: Photo, people: list[BodyLandmarks], chosen: int) -> list[Advice]:
    """All that is to be said, the gravest first. photo: as read, not levelled; people: at least one."""
    person = people[chosen]
    found = [
        *_about_people(photo, people, chosen),
        *_about_size(person, photo.rgb.shape[:2]),
        *_about_quality(photo, person),
        *_about_framing(person, photo.rgb.shape[:2]),
        *_about_stance(person, photo.rgb.shape[:2]),
        *_about_camera(person, photo),
    ]
    return gravest_first(found)


def gravest_first(found: list[Advice]) -> list[Advice]:
    order = list(Severity)
    return sorted(found, key=lambda advice: -order.index(advice.severity))


def no_person(sentence: str, severity: Severity) -> Advice:
    return Advice("no_person", severity, sentence)


def _about_people(photo, people, chosen):
    person, shape = people[chosen], photo.rgb.shape[:2]
    if len(people) > 1:
        edge = BESIDE * person.region.side  # bodies are wider than their joints
        boxes = [(x0 - edge, y0 - edge, x1 + edge, y1 + edge) for x0, y0, x1, y1 in (box_of(p, shape) for p in people)]
        touching = [index + 1 for index in range(len(people))
                    if index != chosen and _overlap(boxes[index], boxes[chosen]) > TOUCHING]  # fmt: skip
        yield Advice("several_people", Severity.INFO,
                     f"{len(people)} people were found; number {chosen + 1} from the left is taken.")  # fmt: skip
        if touching:
            yield Advice("touching_people", Severity.WARNING,
                         "Somebody else touches or covers the person; where they meet, parts may be mixed up. "
                         "A photo of the person alone is better.")  # fmt: skip
    if person.score < UNSURE:
        yield Advice("unsure", Severity.WARNING,
                     "It is not certain that this is a person; look closely at the result.")  # fmt: skip


def _about_size(person, shape):
    height = min(body_height(person), 1.5 * max(shape))
    if height < LEAST_PIXELS:
        yield Advice("small", Severity.BLOCK, f"The person is only {height:.0f} pixels tall, too small to make "
                     "anything of. Choose a photo taken from nearer.")  # fmt: skip
    elif height < FEW_PIXELS:
        yield Advice("small", Severity.WARNING, f"The person is only {height:.0f} pixels tall; face and hands will "
                     f"lack detail. {2 * FEW_PIXELS} pixels or more are good.")  # fmt: skip


def _about_quality(photo, person):
    shape = photo.rgb.shape[:2]
    mask = person.mask_on(shape) > 0.5
    if not mask.any():
        return
    x0, y0, x1, y1 = (round(edge) for edge in box_of(person, shape))
    part = np.s_[y0 : y1 + 1, x0 : x1 + 1]
    grey = cv2.cvtColor(photo.rgb, cv2.COLOR_RGB2GRAY)
    blur = blur_of(grey[part], mask[part])
    if blur > BLURRED:
        very = "strongly blurred" if blur > SMEARED else "blurred or out of focus"
        yield Advice("blurred", Severity.WARNING, f"The person is {very}; edges, face and folds will be soft.")
    # By highlights, never by skin or clothes, which may be dark in any light.
    if max(np.quantile(grey[mask], GLINTS), np.quantile(grey, HIGHLIGHTS)) < DARK:
        yield Advice("dark", Severity.WARNING, "The photo is very dark; shape and colours will be guessed from little."
                     " Brighten the photo or use more light.")  # fmt: skip
    if (np.sort(photo.rgb[mask], axis=1)[:, 1] >= BRIGHT).mean() > BRIGHT_SHARE:  # two of three channels
        yield Advice("overexposed", Severity.WARNING, "Large parts of the person are burnt out to white; they carry "
                     "no shape and no colour.")  # fmt: skip


def _about_framing(person, shape):
    kind = framing(person, shape)
    ends = {
        Framing.KNEES: "The photo ends below the knees",
        Framing.HALF: "The photo ends above the knees",
        Framing.PORTRAIT: "Only the upper body is in the photo",
    }
    if kind in ends:
        yield Advice("cut_off", Severity.WARNING, f"{ends[kind]}; only what it shows is made. A whole figure needs the "
                     "feet in the photo.")  # fmt: skip
    nose, shoulders = person.points[L.NOSE, :2], person.between(*SHOULDERS)
    top = nose + HEAD_ABOVE_NOSE * (nose - shoulders)
    if (top < 0).any() or (top >= shape[::-1]).any():
        yield Advice("head_cut_off", Severity.WARNING, "The head is cut off by the photo's border.")
    if kind in (Framing.FULL, Framing.KNEES) and _side_cut(person, shape):
        yield Advice("side_cut_off", Severity.WARNING, "One side of the person is cut off by the photo's border; only "
                     "what it shows is made.")  # fmt: skip


def _side_cut(person, shape):
    """Whether an arm ends outside the photo, or the body runs into its left or right border."""
    if not all(inside(person, shape, *arm[1:]) for _, arm in _arms()):
        return True
    mask = person.mask_on(shape) > 0.5
    return max(mask[:, 0].sum(), mask[:, -1].sum()) > BORDER_SHARE * body_height(person)


def _about_stance(person, shape):
    turn = roll(person, shape)
    if turn:
        yield Advice("turned", Severity.INFO, "The person does not stand upright in the photo; it is turned by "
                     f"{abs(math.degrees(turn)):.0f} degrees.")  # fmt: skip
    side = facing(person)
    if side is Facing.PROFILE:
        yield Advice("profile", Severity.WARNING, "The person is seen from the side; what is hidden is guessed. A view "
                     "from the front is better.")  # fmt: skip
    if side is Facing.BACK:
        yield Advice("back", Severity.WARNING, "The person is seen from the back; the face is guessed.")
    if framing(person, shape) is not Framing.PORTRAIT:
        yield from _about_arms(person, shape, side)


def _about_arms(person, shape, side):
    hidden = [name for name, arm in _arms() if inside(person, shape, arm[2]) and person.seen(arm[2]) < SEEN]
    if hidden:
        yield Advice("hidden_arm", Severity.WARNING, f"{_both(hidden, 'hand')} hidden; it is best to see both arms "
                     "hang a little away from the body.")  # fmt: skip
    elif side is not Facing.PROFILE and _crossed(person):
        yield Advice("crossed_arms", Severity.WARNING, "The arms are crossed before the body; they will grow together "
                     "with it. Arms a little away from the body are better.")  # fmt: skip
    if ahead := [name for name, arm in _arms() if inside(person, shape, *arm) and _points_at_camera(person, *arm[1:])]:
        yield Advice("arm_ahead", Severity.WARNING, f"{_both(ahead, 'forearm')} pointing at the camera; how far is "
                     "guessed, mostly too short. Arms beside the body come out best.")  # fmt: skip


def _about_camera(person, photo):
    """How near it was is known only where the file tells the focal length: the landmarks are placed on any face as on
    one seen from afar."""
    if photo.focal_px is None or facing(person) is Facing.BACK:
        return
    face = math.dist(person.between(L.LEFT_EYE, L.RIGHT_EYE), person.between(L.MOUTH_LEFT, L.MOUTH_RIGHT))
    distance = photo.focal_px * EYES_TO_MOUTH_M / max(face, 1e-3)
    whole = framing(person, photo.rgb.shape[:2]) in (Framing.FULL, Framing.KNEES)
    if distance < (NEAR_CAMERA_WHOLE if whole else NEAR_CAMERA):
        yield Advice("near_camera", Severity.WARNING, f"The camera was very near, by the photo's EXIF data about "
                     f"{distance:.1f} m: what is nearest to it, mostly the face, will come out too large. Step back "
                     "and zoom in.")  # fmt: skip


def blur_of(grey: np.ndarray, mask: np.ndarray) -> float:
    """How little further blurring changes the picture within the mask: 0 sharp, 1 smeared.

    grey, mask: (h, w) uint8 and bool. After Crété and others, "The blur effect" (2007), on the person's size.
    """
    scale = min(1.0, SHARP_PX / max(grey.shape))
    size = tuple(max(1, round(side * scale)) for side in grey.shape[::-1])
    grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    mask = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    shares = []
    for axis, kernel in ((0, (1, 9)), (1, (9, 1))):
        there = np.abs(np.diff(grey, axis=axis))
        left = np.abs(np.diff(cv2.blur(grey, kernel), axis=axis))
        within = mask[1:] if axis == 0 else mask[:, 1:]
        lost = np.maximum(there - left, 0)[within].sum()
        shares.append(1 - lost / max(there[within].sum(), 1e-6))
    return float(max(shares))


def _arms():
    yield "left", (L.LEFT_SHOULDER, L.LEFT_ELBOW, L.LEFT_WRIST)
    yield "right", (L.RIGHT_SHOULDER, L.RIGHT_ELBOW, L.RIGHT_WRIST)


def _both(sides, part):
    return f"Both {part}s are" if len(sides) == 2 else f"The {sides[0]} {part} is"


def _crossed(person):
    """Whether each hand is at the trunk's height beyond its middle, on the other arm's side."""
    shoulders, hips = person.between(*SHOULDERS), person.between(*HIPS)
    along = (hips - shoulders) / trunk_length(person)
    across = person.points[L.LEFT_SHOULDER, :2] - person.points[L.RIGHT_SHOULDER, :2]
    across = across / max(1e-6, float(np.hypot(*across)))
    left, right = (person.points[wrist, :2] - shoulders for wrist in (L.LEFT_WRIST, L.RIGHT_WRIST))
    level = all(0 < wrist @ along < 1.1 * trunk_length(person) for wrist in (left, right))
    return level and left @ across < right @ across


def _points_at_camera(person, elbow, wrist):
    """Whether a forearm does: short in the photo, and the hand nearer than the elbow."""
    along = (person.points[wrist] - person.points[elbow]) / trunk_length(person)
    return bool(
        np.hypot(*along[:2]) < SHORT_FOREARM and -along[2] > FOREARM_AHEAD and person.seen(elbow, wrist) >= SEEN
    )


def _overlap(one, other):
    """Common area of two boxes in that of the smaller."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    smaller = min((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return max(0.0, width) * max(0.0, height) / max(smaller, 1e-6)

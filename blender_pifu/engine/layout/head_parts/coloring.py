# SPDX-License-Identifier: GPL-3.0-or-later
"""Colours and roughness of eyes, teeth and tongue; those of irises and of the white as the photo shows them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...body.head import Head
from ...smooth_step import smooth_step
from ...srgb import LUMA
from .eyeballs import SIDES

# Degrees from the gaze: pupil, iris, and up to where the white is white.
PUPIL, IRIS, WHITE = 9.5, 27.0, (55.0, 100.0)
EDGE = 1.5
# Luminance 0..255 of irises and whites as they are in even light; what lies outside was not seen well.
IRIS_RANGE, WHITE_RANGE = (35.0, 95.0), (160.0, 215.0)
USUAL_IRIS = np.array([88.0, 62.0, 44.0])
WHITE_COLOR, RED, DARK = np.array([1.0, 0.985, 0.97]), np.array([212.0, 165, 155]), np.array([14.0, 12, 12])
LID_SHADE, FROM_ABOVE = 0.5, (0.0, 0.4)  # how dark the white is under the upper lid, and how high that is
GUM, CROWN, TONGUE = np.array([178.0, 104, 100]), np.array([226.0, 217, 200]), np.array([176.0, 98, 96])
BETWEEN = 0.45  # how dark it is between two crowns
ROUGH = {"left eye": 0.08, "right eye": 0.08, "upper teeth": 0.25, "lower teeth": 0.25, "tongue": 0.4}
# Places on an eye that the photo is asked at: rings of the iris, and the white to either side; degrees.
RING, BESIDE, STEPS = (13.0, 17.0, 21.0), (36.0, 42.0), 12
CHEEK = np.array([0.0, -2.3, 0.2])  # from an eye's middle, in its radii
FACING = 0.35  # least z of the direction from an eye's middle that is asked
UNSEEN = 0.45  # a white that is darker than so much of the cheek is none: dark glasses, deep shade
CLOSED = 0.6  # an eye so far closed shows no iris


@dataclass(frozen=True)
class EyeLook:
    """iris (3,), white (3,): sRGB 0..255; seen: whether the photo shows bare eyes, or nothing that speaks against
    them."""

    iris: np.ndarray
    white: np.ndarray
    seen: bool


def look_at_eyes(head: Head, colors_at: Callable[[np.ndarray], np.ndarray]) -> EyeLook:
    """What a photo shows of a person's eyes; colors_at: points (N, 3) of field space -> sRGB 0..1 (N, 3)."""
    irises, whites, cheeks = [], [], []
    for side in SIDES.values():
        middle, radius = head.eye(side)
        ring = np.concatenate([_round(angle) for angle in RING])
        beside = np.concatenate([_at(angle, [0, np.pi]) for angle in BESIDE])
        for directions, found in ((ring, irises), (beside, whites)):
            directions = directions[(directions @ head.turn.T)[:, 2] > FACING]
            if len(directions):
                found.append(255 * colors_at(head.seen(middle + radius * directions)))
        cheeks.append(255 * colors_at(head.seen((middle + radius * CHEEK)[None])))
    if not irises or not whites or _closed(head):
        return EyeLook(USUAL_IRIS, _white(WHITE_RANGE[1]), True)
    white = float(np.median(_luminance(np.concatenate(whites))))
    cheek = float(np.median(_luminance(np.concatenate(cheeks))))
    return EyeLook(_iris(np.concatenate(irises)), _white(white), white > UNSEEN * cheek)


def colors(name: str, looks: np.ndarray, eyes: EyeLook) -> np.ndarray:
    """sRGB (N, 3) uint8 of places of a piece, by its `looks (N, 3)`."""
    if name in SIDES:
        made = _eye(looks / np.linalg.norm(looks, axis=1, keepdims=True), eyes)
    elif name == "tongue":
        made = np.tile(TONGUE, (len(looks), 1))
    else:
        crown = smooth_step(looks[:, :1], 0.35, 0.6)
        made = GUM + crown * (CROWN * (1 - BETWEEN * looks[:, 1:2] ** 2) - GUM)
    return np.round(made.clip(0, 255)).astype(np.uint8)


def _eye(directions, eyes):
    angle, height = np.degrees(np.arccos(directions[:, 2].clip(-1, 1))), directions[:, 1]
    hind = smooth_step(angle, *WHITE)[:, None]
    shade = 1 - LID_SHADE * smooth_step(height, *FROM_ABOVE) - 0.4 * LID_SHADE * smooth_step(-height, *FROM_ABOVE)
    white = (eyes.white + hind * (RED - eyes.white)) * shade[:, None]
    # Darker at its rim and under the lid, lighter towards the pupil.
    along = ((angle - PUPIL) / (IRIS - PUPIL)).clip(0, 1)
    tone = (1.15 - 0.3 * along - 0.45 * smooth_step(along, 0.8, 1.0)) * (1 - 0.3 * smooth_step(height, 0.0, 0.35))
    iris = eyes.iris * tone[:, None]
    inner = smooth_step(angle, PUPIL - EDGE, PUPIL + EDGE)[:, None]
    outer = smooth_step(angle, IRIS - EDGE, IRIS + EDGE)[:, None]
    iris = DARK + inner * (iris - DARK)
    return iris + outer * (white - iris)


def _round(angle):
    return _at(angle, 2 * np.pi * np.arange(STEPS) / STEPS)


def _at(angle, places):
    """Directions (N, 3) so many degrees from the gaze."""
    sine = np.sin(np.radians(angle))
    return np.stack([sine * np.cos(places), sine * np.sin(places), np.full(len(places), np.cos(np.radians(angle)))], 1)


def _closed(head):
    """Whether both eyes are closed in the photo."""
    return all(head.strength(f"eyeBlink{side}") > CLOSED for side in ("Left", "Right"))


def _iris(found):
    """The colour of an iris among what was found where one should be: lids, lashes, gleam, or a look aside as well."""
    light = _luminance(found)
    middle = found[(light >= np.quantile(light, 0.1)) & (light <= np.quantile(light, 0.45))].mean(0)
    now = float(_luminance(middle[None])[0])
    if not 1 < now < 1.6 * IRIS_RANGE[1]:
        return USUAL_IRIS
    return (middle * np.clip(now, *IRIS_RANGE) / now).clip(0, 255)


def _white(luminance):
    return WHITE_COLOR * np.clip(luminance, *WHITE_RANGE)


def _luminance(found):
    return found @ LUMA

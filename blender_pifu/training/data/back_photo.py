# SPDX-License-Identifier: GPL-3.0-or-later
"""A synthetic person photographed once more, from behind, with a camera and a light of its own."""

from dataclasses import replace

import cv2
import numpy as np

from ...engine.reading.photo import Photo
from ..people.generations import make_person
from ..people.person import SyntheticPerson
from .backgrounds import KINDS, background
from .framing import frame
from .render import Light, draw_light, mirrored, render_person
from .sample import light_of

PERSON_PX = 768  # side of the square in which the person is rendered
PHOTO_PX = (960, 800)  # height and width of the photo it is pasted into
YAW, PITCH, ROLL = np.radians((3.0, 2.0, 1.5))  # standard deviations of how the camera misses the opposite


def photograph_back(seed: int, split: str = "test", own_light: bool = True) -> Photo:
    """The photo from behind that belongs to `sample.make_sample` of a seed.

    The person keeps the pose; the camera's place and tilt, perspective, light, exposure and noise, the person's place
    and size in the photo and its roll are drawn anew. own_light: else it has the light that `back_rgb` is shown in.
    """
    rng = np.random.default_rng([seed, 11])
    person = make_person(seed, split)
    vertices = tipped(person.vertices, np.pi + YAW * rng.normal(), PITCH * rng.normal())
    light = None if own_light else mirrored(light_of(seed, split, person.vertices))
    return photograph(person, vertices, rng, f"back {seed}", light)


def photograph(
    person: SyntheticPerson, vertices: np.ndarray, rng: np.random.Generator, name: str, light: Light | None = None
) -> Photo:
    """A photo of a person whole, before some background. vertices: (V, 3) metres, z up, where the person's lie for the
    camera, which looks along +y; light: drawn when none is given."""
    framing = frame(vertices, rng)
    while np.isfinite(framing.visible).any():  # cut off by the photo
        framing = frame(vertices, rng)
    light = draw_light(rng) if light is None else light
    views = render_person(replace(person, vertices=framing(vertices)), rng, PERSON_PX, light)
    height, width = PHOTO_PX
    middle = PERSON_PX / 2
    place = cv2.getRotationMatrix2D((middle, middle), np.degrees(ROLL * rng.normal()), rng.uniform(0.8, 1.15))
    low = 0.03 * height - place[1] @ (middle, 0, 1), 0.97 * height - place[1] @ (middle, PERSON_PX, 1)
    place[:, 2] += width / 2 - middle + rng.uniform(-0.08, 0.08) * width, rng.uniform(*low)
    cut = np.dstack([views.rgb_front.astype(np.float32) / 255 * views.mask[..., None], views.mask])
    placed = cv2.warpAffine(cut.astype(np.float32), place, (width, height)).clip(0, 1)
    rgb = background(str(rng.choice(list(KINDS))), rng, height, width) * (1 - placed[..., 3:]) + placed[..., :3]
    rgb = rgb * 255 + rng.normal(0, rng.uniform(1, 4), rgb.shape)
    return Photo(np.clip(np.round(rgb), 0, 255).astype(np.uint8), None, (), name)


def tipped(vertices: np.ndarray, yaw: float, pitch: float) -> np.ndarray:
    """Metres (V, 3), z up, turned about the vertical and then tipped towards the camera, which looks along +y."""
    c, s = np.cos(yaw), np.sin(yaw)
    turned = vertices @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
    c, s = np.cos(pitch), np.sin(pitch)
    return (turned @ np.array([[1, 0, 0], [0, c, s], [0, -s, c]])).astype(np.float32)

# SPDX-License-Identifier: GPL-3.0-or-later
"""A film of a synthetic person who turns once before a camera, swaying as people do, a part of it blurred."""

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from ..people.person import SyntheticPerson
from .back_photo import tipped
from .backgrounds import KINDS, background
from .daylight import draw_daylight
from .film_file import write_film
from .framing import FILL, Framing, project
from .render import draw_light, render_photo
from .sample import GENERATION, person_of
from .several_photos import draw_turns, make_moved

KEYS = 5  # poses that the film goes through
ARMS = ("upperarm01.L", "upperarm01.R", "lowerarm01.L", "lowerarm01.R")
MOVING_DEG = 18.0  # standard deviation of how arms stand otherwise where they move
PERSON_PX, FRAME_PX = 512, (640, 512)  # side of the square that is rendered; height and width of the film
BLURRED, SMEAR_PX = 0.2, 15  # share of the frames that the camera smears, and how far
HELD_PX, HELD_DEG = 4.0, 0.7  # standard deviations of how the camera is held
FPS = 12.0


@dataclass(frozen=True)
class Film:
    """frames (N, H, W, 3) uint8 sRGB; yaws (N,): of the camera towards the person's left, radians, 0 first; smeared
    (N,) bool: frames that are blurred."""

    frames: np.ndarray
    yaws: np.ndarray
    smeared: np.ndarray

    def write(self, path: Path) -> None:
        """As `write_film`."""
        write_film(path, self.frames, FPS)


def film_turning(
    seed: int,
    count: int = 32,
    split: str = "test",
    *,
    moving_arms: bool = False,
    turn: float = 2 * np.pi,
    generation: int = GENERATION,
    assets: Path | None = None,
) -> Film:
    """The person of `sample.make_scene` of a seed, whole, turning by `turn` radians in `count` frames; the first pose
    is that of the scene. moving_arms: they do not keep still. generation, assets: as `make_scene`."""
    rng = np.random.default_rng([seed, 13])
    keys = [_posed(seed, split, generation, assets, rng, 0.0 if k == 0 else 1.0, moving_arms) for k in range(KEYS)]
    framing = _framing([key.vertices for key in keys], rng)
    light = draw_light(rng) if generation == 3 else draw_daylight(rng)
    behind = background(str(rng.choice(list(KINDS))), rng, *FRAME_PX)
    held = _smooth(rng, count)
    smeared = np.zeros(count, bool)
    start = int(rng.integers(1, max(2, count - round(BLURRED * count))))
    smeared[start : start + round(BLURRED * count)] = True
    yaws = np.linspace(0, turn, count, endpoint=turn < 2 * np.pi)
    frames = []
    for index, yaw in enumerate(yaws):
        # The keys are gone through and back, so that the turn may end as it began.
        shown = _between(keys, (KEYS - 1) * (1 - abs(1 - 2 * index / count)))
        mesh = replace(shown, vertices=framing(tipped(shown.vertices, -float(yaw), 0.0)))
        rgb, mask = render_photo(mesh, PERSON_PX, light)
        frames.append(_taken(rgb, mask, behind, held[index], bool(smeared[index]), rng))
    return Film(np.stack(frames), yaws, smeared)


def _posed(seed, split, generation, assets, rng, sway, moving_arms) -> SyntheticPerson:
    who, turn = person_of(seed, split, generation)
    turns = draw_turns(rng, sway)
    if moving_arms:
        turns |= {bone: sway * np.radians(MOVING_DEG) * rng.normal(size=3) for bone in ARMS}
    person = make_moved(turns, who, split, generation, assets)
    return replace(person, vertices=tipped(person.vertices, turn, 0.0)) if turn else person


def _between(keys: list[SyntheticPerson], along: float) -> SyntheticPerson:
    """The person between two poses; draped cloth hides other skin in each, so that meshes may differ: then the nearer
    pose."""
    low = min(int(along), len(keys) - 2)
    one, other = keys[low], keys[low + 1]
    if one.vertices.shape != other.vertices.shape:
        return one if along - low < 0.5 else other
    return replace(one, vertices=one.vertices + np.float32(along - low) * (other.vertices - one.vertices))


def _framing(vertices: list[np.ndarray], rng: np.random.Generator) -> Framing:
    """A camera that has the person whole in it all the way round."""
    everywhere = np.concatenate([tipped(each, yaw, 0.0) for each in vertices for yaw in np.arange(0, 2 * np.pi, 0.5)])
    turned = np.stack([everywhere[:, 0], everywhere[:, 2], -everywhere[:, 1]], 1)
    centre = np.array([0.0, 0.5 * (turned[:, 1].min() + turned[:, 1].max()), 0.0])
    distance = float(np.ptp(turned[:, 1]) * rng.uniform(2.0, 4.0))
    seen = project(turned - centre, distance)
    low, high = seen[:, :2].min(0), seen[:, :2].max(0)
    scale = 2 * FILL / max(high - low)
    offset = np.append(-0.5 * (low + high) * scale, 0.0)
    return Framing(float(scale), offset, np.array([-np.inf, -np.inf, np.inf, np.inf]), distance, centre)


def _smooth(rng: np.random.Generator, count: int) -> np.ndarray:
    """(count, 3): shifts and roll of a camera in a hand, pixels and degrees."""
    knots = rng.normal(size=(max(2, count // 8), 3)) * (HELD_PX, HELD_PX, HELD_DEG)
    return cv2.resize(knots, (3, count), interpolation=cv2.INTER_LINEAR)


def _taken(rgb, mask, behind, held, smeared: bool, rng) -> np.ndarray:
    height, width = FRAME_PX
    place = cv2.getRotationMatrix2D((PERSON_PX / 2, PERSON_PX / 2), float(held[2]), 1.0)
    place[:, 2] += (width - PERSON_PX) / 2 + held[0], (height - PERSON_PX) / 2 + held[1]
    cut = np.dstack([rgb.astype(np.float32) / 255 * mask[..., None], mask]).astype(np.float32)
    placed = cv2.warpAffine(cut, place, (width, height)).clip(0, 1)
    taken = behind * (1 - placed[..., 3:]) + placed[..., :3]
    if smeared:
        taken = cv2.blur(taken, (SMEAR_PX, 1))
    noisy = taken * 255 + rng.normal(0, 2, taken.shape)
    return np.clip(np.round(noisy), 0, 255).astype(np.uint8)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos of synthetic heads from any side, near or far, and where their marks lie in them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from ...engine.surface.mesh import vertex_normals
from ..data.backgrounds import KINDS, background
from ..data.daylight import draw_daylight
from ..data.render import render_photo
from ..people.person import SyntheticPerson
from .head_maker import HeadMaker
from .places import FACE, MarkPlaces

SIZE = 256  # pixels of a photo's side
WIDE = 1.8  # its side, in longer sides of the box round the face's marks
SHOTS = 3  # photos of one person: making one takes as long as taking one
ASIDE, FAR_ASIDE = 0.25, 75.0  # share of heads that look anywhere between so many degrees to both sides
YAW, PITCH, ROLL = 22.0, 11.0, 7.0  # spread of the others, degrees
NEAR_M, FAR_M = 0.45, 4.0


@dataclass(frozen=True)
class HeadPhoto:
    """rgb (SIZE, SIZE, 3) uint8; marks (MARKS, 2) float32 its pixels, see `places`; facing (MARKS,) float32, the
    cosine between the skin there and the direction to the camera."""

    rgb: np.ndarray
    marks: np.ndarray
    facing: np.ndarray


def head_photos(seed: int, split: str, assets: Path, places: MarkPlaces) -> Iterator[HeadPhoto]:
    """SHOTS photos of the person of a seed; the same every time. Raises EngineError."""
    person = HeadMaker(seed, split, assets).make()
    for shot in range(SHOTS):
        rng = np.random.default_rng([seed, 9, shot, split == "test"])
        turn = _turn(rng)
        yield photograph(person, rng, places, turn, float(np.exp(rng.uniform(np.log(NEAR_M), np.log(FAR_M)))))


def photograph(
    person: SyntheticPerson, rng: np.random.Generator, places: MarkPlaces, turn: np.ndarray, distance: float
) -> HeadPhoto:
    """A photo of a head turned by a matrix (3, 3) from so many metres, light and background as they are drawn."""
    on_head = places(person.base)
    centre = on_head[:FACE].mean(0)

    def bent(points: np.ndarray) -> np.ndarray:
        """Metres, z up -> camera axes about the face's middle, bent so that rays are parallel."""
        moved = points - centre
        straight = np.stack([moved[:, 0], moved[:, 2], -moved[:, 1]], 1) @ turn.T
        straight[:, :2] *= distance / (distance - straight[:, 2:]).clip(0.1)
        return straight.astype(np.float32)

    seen = bent(on_head)
    low, high = seen[:FACE, :2].min(0), seen[:FACE, :2].max(0)
    scale = 2 / (WIDE * (high - low).max())
    shift = np.append(-0.5 * (low + high), 0).astype(np.float32)
    mesh = person.seen_through(lambda points: ((bent(points) + shift) * scale).astype(np.float32))
    front, mask = render_photo(mesh, SIZE, draw_daylight(rng))
    behind = 255 * background(str(rng.choice(list(KINDS))), rng, SIZE, SIZE)
    share = mask[..., None]
    rgb = np.round(share * front + (1 - share) * behind).astype(np.uint8)
    marks = (seen[:, :2] + shift[:2]) * scale
    normals = places(vertex_normals(bent(person.base), places.skin))
    facing = normals[:, 2] / np.linalg.norm(normals, axis=1).clip(1e-6)
    pixels = np.stack([(marks[:, 0] + 1) / 2 * SIZE, (1 - marks[:, 1]) / 2 * SIZE], 1)
    return HeadPhoto(rgb, pixels.astype(np.float32), facing.astype(np.float32))


def _turn(rng: np.random.Generator) -> np.ndarray:
    yaw = rng.uniform(-FAR_ASIDE, FAR_ASIDE) if rng.random() < ASIDE else np.clip(rng.normal(0, YAW), -60, 60)
    pitch, roll = np.clip(rng.normal(0, PITCH), -30, 30), np.clip(rng.normal(0, ROLL), -20, 20)
    return Rotation.from_euler("zxy", [roll, pitch, yaw], degrees=True).as_matrix()

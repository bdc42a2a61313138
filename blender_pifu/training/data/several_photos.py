# SPDX-License-Identifier: GPL-3.0-or-later
"""A synthetic person photographed again from any side, the pose a little different, in a light of its own."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from ...engine.reading.photo import Photo
from ..people.generation4 import Maker4
from ..people.person import Maker, SyntheticPerson
from ..people.pose import Pose
from .back_photo import photograph, tipped
from .daylight import draw_daylight
from .sample import GENERATION

SWAY_DEG = {  # standard deviations of how joints stand otherwise in another photo
    "spine03": 1.0,
    "neck01": 3.0,
    "upperarm01.L": 4.0,
    "upperarm01.R": 4.0,
    "lowerarm01.L": 5.0,
    "lowerarm01.R": 5.0,
    "upperleg01.L": 1.5,
    "upperleg01.R": 1.5,
}
YAW_DEG = 6.0  # standard deviation of how the camera misses the side it is meant for
SIDES_DEG = {  # of the camera, towards the person's left; the order gives each its random numbers
    **{"front": 0.0, "left": 90.0, "back": 180.0, "right": -90.0},
    **{"front left": 45.0, "back left": 135.0, "back right": -135.0, "front right": -45.0},
}


def make_moved(
    turns: dict[str, np.ndarray], seed: int, split: str, generation: int, assets: Path | None
) -> SyntheticPerson:
    """The person of `make_person`, whose joints are turned by some more: rotation vectors (3,) by their bones. Draped
    cloth falls anew."""
    return (_Moved(turns, seed, split) if generation == 3 else _Moved4(turns, seed, split, assets)).make()


class _Moved(Maker):
    def __init__(self, turns: dict[str, np.ndarray], seed: int, split: str):
        self._turns = turns
        super().__init__(seed, split)

    def _pose(self) -> Pose:
        return _turned(self.body.bone, super()._pose(), self._turns)


class _Moved4(Maker4):
    def __init__(self, turns: dict[str, np.ndarray], seed: int, split: str, assets: Path | None):
        self._turns = turns
        super().__init__(seed, split, assets)

    def _pose(self) -> Pose:
        return _turned(self.body.bone, super()._pose(), self._turns)


def _turned(bone: dict[str, int], pose: Pose, turns: dict[str, np.ndarray]) -> Pose:
    rotations = pose.rotations.copy()
    for name, vector in turns.items():
        rotations[bone[name]] = Rotation.from_rotvec(vector).as_matrix() @ rotations[bone[name]]
    return replace(pose, rotations=rotations)


def draw_turns(rng: np.random.Generator, sway: float) -> dict[str, np.ndarray]:
    """How joints stand otherwise in another photo, for `make_moved`; sway: how much, 0 for not at all."""
    return {bone: sway * np.radians(spread) * rng.normal(size=3) for bone, spread in SWAY_DEG.items()}


def photograph_side(
    seed: int,
    side: str,
    split: str = "test",
    sway: float = 1.0,
    generation: int = GENERATION,
    assets: Path | None = None,
) -> Photo:
    """The photo from a side of SIDES_DEG of the person of `sample.make_sample` of a seed, against the first photo's
    camera. sway: how much the pose may differ, 0 for not at all; generation, assets: as `make_sample`."""
    rng = np.random.default_rng([seed, 12, list(SIDES_DEG).index(side)])
    person = make_moved(draw_turns(rng, sway), seed, split, generation, assets)
    yaw = np.radians(SIDES_DEG[side] + sway * YAW_DEG * rng.normal())
    vertices = tipped(person.vertices, -yaw, np.radians(2.0) * rng.normal())
    light = None if generation == 3 else draw_daylight(rng)
    return photograph(person, vertices, rng, f"{side} {seed}", light)

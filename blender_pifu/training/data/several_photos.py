# SPDX-License-Identifier: GPL-3.0-or-later
"""A synthetic person photographed again from any side, the pose a little different, in a light of its own."""

import numpy as np
from scipy.spatial.transform import Rotation

from ...engine.reading.photo import Photo
from ..people.person import Maker
from ..people.pose import Pose
from .back_photo import photograph, tipped

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
SIDES_DEG = {"front": 0.0, "left": 90.0, "back": 180.0, "right": -90.0}  # of the camera, towards the person's left


class _Moved(Maker):
    """Makes the person of a seed in a pose that is a little other than in the first photo."""

    def __init__(self, seed: int, split: str, rng: np.random.Generator, sway: float):
        self._sway = rng, sway
        super().__init__(seed, split)

    def _pose(self) -> Pose:
        pose, (rng, sway) = super()._pose(), self._sway
        rotations = pose.rotations.copy()
        for bone, spread in SWAY_DEG.items():
            vector = sway * np.radians(spread) * rng.normal(size=3)
            index = self.body.bone[bone]
            rotations[index] = Rotation.from_rotvec(vector).as_matrix() @ rotations[index]
        return Pose(rotations, pose.kind)


def photograph_side(seed: int, side: str, split: str = "test", sway: float = 1.0) -> Photo:
    """The photo from a side of SIDES_DEG of the person of `sample.make_sample` of a seed, against the first photo's
    camera. sway: how much the pose may differ, 0 for not at all."""
    rng = np.random.default_rng([seed, 12, list(SIDES_DEG).index(side)])
    person = _Moved(seed, split, rng, sway).make()
    yaw = np.radians(SIDES_DEG[side] + sway * YAW_DEG * rng.normal())
    return photograph(person, tipped(person.vertices, -yaw, np.radians(2.0) * rng.normal()), rng, f"{side} {seed}")

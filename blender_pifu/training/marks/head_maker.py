# SPDX-License-Identifier: GPL-3.0-or-later
"""Heads of people of generation 4, with what is worn on them and at the neck; the rest of the person is not made."""

from dataclasses import replace

import numpy as np

from ..people.clothes.pieces import Piece
from ..people.generation4 import Maker4
from ..people.person import Maker, SyntheticPerson
from ..people.pose import Pose

BELOW_M, ASIDE_M = 0.30, 0.26  # of the eyes' middle: how much of the body is kept
COLLARED = 0.7  # share of people whose neck and shoulders are dressed


class HeadMaker(Maker4):
    """Makes one head, upright and looking ahead; see `person.make_person`."""

    def _pose(self) -> Pose:
        self.hold = None
        return Pose(np.tile(np.eye(3), (len(self.body.bones), 1, 1)), "stand")

    def _dress(self) -> list[Piece]:
        """A procedural outfit that is not draped: only what lies at the neck is seen of it."""
        self.garments = "none"
        if self.rng["clothes"].random() < COLLARED:
            Maker._sew(self, self.rng["clothes"])
        return []

    def make(self) -> SyntheticPerson:
        """The person of whom only faces near the head are left."""
        person = super().make()
        balls = np.unique(np.concatenate([self.body.group_faces(f"helper-{side}-eye") for side in "lr"]))
        away = person.vertices - self.posed[balls].mean(0)
        near = (away[:, 2] > -BELOW_M) & (np.abs(away[:, 0]) < ASIDE_M)
        kept = near[person.faces].all(1)
        parts = {name: getattr(person, name)[kept] for name in ("faces", "fabric", "part", "label", "uv")}
        return replace(person, **parts, tubes=None)

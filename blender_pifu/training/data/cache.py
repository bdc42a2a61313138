# SPDX-License-Identifier: GPL-3.0-or-later
"""A set of people on disk: sample i is always the photo of seed i, so makers can fill it, stop and resume.

Lies in the cache folder (see folders.py) and may be deleted.
"""

from pathlib import Path

import numpy as np

from ...engine.reading.landmarks import POINTS
from ..native.folders import cache_folder, mapped
from .glance import glanced
from .sample import GENERATION, fields, make_sample, person_of

MADE, BAD, READ = 1, 2, 3  # made: its landmarks are still to be read


class PeopleSet:
    """`count` samples at `size` pixels. One memory-mapped file a field; `state (count,)` says which are made.
    `assets`: the folder that making people of generation 4 needs, and reading them does not."""

    def __init__(
        self,
        split: str,
        size: int,
        count: int,
        folder: Path | None = None,
        generation: int = GENERATION,
        assets: Path | None = None,
    ):
        self.split, self.size, self.count = split, size, count
        self.generation, self.assets = generation, assets
        self.folder = (folder or cache_folder()) / f"people_{split}_{size}_g{generation}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.arrays = {name: self._map(name, shape, kind) for name, (shape, kind) in fields(size, generation).items()}
        self.landmarks = self._map("landmarks", (POINTS, 4), np.float16)  # see `glance.glanced`
        self.state = self._map("state", (), np.uint8)

    def _map(self, name: str, shape: tuple[int, ...], kind: type) -> np.ndarray:
        return mapped(self.folder, name, self.count, shape, kind)

    def make(self, first: int = 0, step: int = 1) -> int:
        """Make every missing sample of persons first, first + step, ... and read its landmarks; returns how many."""
        done = 0
        for seed in range(self.count):
            theirs = person_of(seed, self.split, self.generation)[0] % step == first
            if not theirs or self.state[seed] in (BAD, READ):
                continue
            if self.state[seed] != MADE:
                try:
                    sample = make_sample(seed, self.split, self.size, self.generation, self.assets)
                except ValueError:  # nothing to be seen: the crop missed the person
                    self.state[seed] = BAD
                    continue
                for name, array in self.arrays.items():
                    array[seed] = sample[name]
                self.state[seed] = MADE
            self.landmarks[seed] = glanced(np.asarray(self.arrays["rgb"][seed]))
            self.state[seed] = READ
            done += 1
        return done

    def available(self) -> np.ndarray:
        """Seeds made and read so far, ascending."""
        return np.flatnonzero(np.asarray(self.state) == READ)

    def read(self, seeds: np.ndarray, names: tuple[str, ...] | None = None) -> dict[str, np.ndarray]:
        """Samples stacked, (len(seeds), ...): the fields named, the landmarks among them; by default all."""
        arrays = self.arrays | {"landmarks": self.landmarks}
        return {name: arrays[name][seeds] for name in names or arrays}

# SPDX-License-Identifier: GPL-3.0-or-later
"""A set of people on disk: sample i is always the person of seed i, so makers can fill it, stop and resume.

Lies in the cache folder (see folders.py) and may be deleted.
"""

import os
from pathlib import Path

import numpy as np

from .folders import cache_folder
from .sample import GENERATION, fields, make_sample

BAD, MADE = 2, 1


class PeopleSet:
    """`count` samples at `size` pixels. One memory-mapped file a field; `state (count,)` says which are made."""

    def __init__(self, split: str, size: int, count: int, folder: Path | None = None):
        self.split, self.size, self.count = split, size, count
        self.folder = (folder or cache_folder()) / f"people_{split}_{size}_g{GENERATION}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.arrays = {name: self._map(name, shape, kind) for name, (shape, kind) in fields(size).items()}
        self.state = self._map("state", (), np.uint8)

    def _map(self, name: str, shape: tuple[int, ...], kind: type) -> np.ndarray:
        path = self.folder / f"{name}.bin"
        item = int(np.prod(shape, dtype=np.int64)) * np.dtype(kind).itemsize
        path.touch()
        if path.stat().st_size < item * self.count:
            os.truncate(path, item * self.count)  # sparse: space is taken as samples are made
        return np.memmap(path, kind, "r+", shape=(self.count, *shape))

    def make(self, first: int = 0, step: int = 1) -> int:
        """Make every missing sample of seeds first, first + step, ...; returns how many were made."""
        made = 0
        for seed in range(first, self.count, step):
            if self.state[seed]:
                continue
            try:
                sample = make_sample(seed, self.split, self.size)
            except ValueError:  # nothing to be seen: the crop missed the person
                self.state[seed] = BAD
                continue
            for name, array in self.arrays.items():
                array[seed] = sample[name]
            self.state[seed] = MADE
            made += 1
        return made

    def available(self) -> np.ndarray:
        """Seeds made so far, ascending."""
        return np.flatnonzero(np.asarray(self.state) == MADE)

    def read(self, seeds: np.ndarray) -> dict[str, np.ndarray]:
        """Samples stacked: each field (len(seeds), ...)."""
        return {name: array[seeds] for name, array in self.arrays.items()}

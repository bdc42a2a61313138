# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos of heads on disk: photo i is always the same, so makers can fill the set, stop and resume.

Lies in the cache folder (see native/folders.py) and may be deleted.
"""

from pathlib import Path

import numpy as np

from ..native.folders import cache_folder, mapped
from .head_photo import SHOTS, SIZE, head_photos
from .places import MARKS, MarkPlaces

FIELDS = {
    "rgb": ((SIZE, SIZE, 3), np.uint8),  # sRGB
    "marks": ((MARKS, 2), np.float32),  # its pixels
    "facing": ((MARKS,), np.float16),  # see `HeadPhoto`
    "made": ((), np.uint8),
}


class HeadPhotos:
    """`count` photos of a split, one memory-mapped array a field of FIELDS."""

    def __init__(self, split: str, count: int, folder: Path | None = None):
        self.split, self.count = split, count
        self.folder = (folder or cache_folder()) / f"heads_{split}_{SIZE}_{MARKS}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.arrays = {name: self._map(name, *field) for name, field in FIELDS.items()}

    def _map(self, name: str, shape: tuple[int, ...], kind: type) -> np.ndarray:
        return mapped(self.folder, name, self.count, shape, kind)

    def make(self, assets: Path, first: int = 0, step: int = 1) -> int:
        """Make every missing photo of persons first, first + step, ...; returns how many. Raises EngineError."""
        places, done = MarkPlaces(), 0
        for seed in range(first, self.count // SHOTS, step):
            rows = slice(seed * SHOTS, (seed + 1) * SHOTS)
            if self.arrays["made"][rows].all():
                continue
            for row, photo in enumerate(head_photos(seed, self.split, assets, places), rows.start):
                for name, value in vars(photo).items():
                    self.arrays[name][row] = value
                self.arrays["made"][row] = 1
                done += 1
        return done

    def available(self) -> np.ndarray:
        """Rows made so far, ascending."""
        return np.flatnonzero(np.asarray(self.arrays["made"]))

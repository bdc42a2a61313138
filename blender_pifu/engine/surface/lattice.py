# SPDX-License-Identifier: GPL-3.0-or-later
"""The lattice on which a field is sampled, and a store of the points already sampled.

A lattice point (i, j, k) counts along (x, y, z) of field space from -1 to `resolution`: 0 .. resolution - 1 lie at
-1 + 2 i / resolution, the layer round them is outside and empty. It is named by one int64 key, in which z runs fastest:
sorted keys are grouped by pixel column.
"""

import numpy as np

from .marching_cubes import CORNERS


class Lattice:
    """Turns lattice points into keys and positions. Keys of neighbours differ by constant offsets."""

    def __init__(self, resolution: int):
        self.resolution = resolution
        self.spacing = 2.0 / resolution
        side = resolution + 2
        self._side = side
        self.axis_offsets = np.array([side, side * side, 1], np.int64)
        self.corner_offsets = CORNERS @ self.axis_offsets

    def keys(self, points: np.ndarray) -> np.ndarray:
        """Points (..., 3) integers from -1 to resolution -> keys (...) int64."""
        return (points.astype(np.int64) + 1) @ self.axis_offsets

    def points(self, keys: np.ndarray) -> np.ndarray:
        """Keys (N,) -> points (N, 3) int64."""
        row, z = np.divmod(keys, self._side)
        y, x = np.divmod(row, self._side)
        return np.stack([x, y, z], -1) - 1

    def positions(self, keys: np.ndarray) -> np.ndarray:
        """Keys (N,) -> positions (N, 3) float64, field space."""
        return self.points(keys) * self.spacing - 1.0

    def columns(self, keys: np.ndarray) -> np.ndarray:
        """Keys (N,) -> one int64 for each point's pixel column (row * side + column of a map with a rim of 1)."""
        return keys // self._side

    def column_map(self, inside: np.ndarray) -> np.ndarray:
        """Map (resolution, resolution) bool by (y, x) -> flat map for `columns`, False in the rim."""
        return np.pad(inside, 1).ravel()


class Samples:
    """Sorted keys with their values. Additions go to a small part that is merged now and then."""

    def __init__(self):
        self._parts = [(np.empty(0, np.int64), np.empty(0, np.float32)) for _ in range(2)]

    def __len__(self):
        return sum(len(keys) for keys, _ in self._parts)

    def add(self, keys: np.ndarray, values: np.ndarray) -> None:
        """Add sorted keys (N,) int64, none of them present, with values (N,) float32."""
        large, small = self._parts
        small = _merge(small, (keys, values))
        if len(small[0]) * 4 > len(large[0]):
            large, small = _merge(large, small), (keys[:0], values[:0])
        self._parts = [large, small]

    def has(self, keys: np.ndarray) -> np.ndarray:
        """Which keys (N,) are present, (N,) bool."""
        return np.any([_find(known, keys)[1] for known, _ in self._parts], 0)

    def missing(self, keys: np.ndarray) -> np.ndarray:
        """Of sorted keys (N,) those that are not present."""
        for known, _ in self._parts:
            keys = keys[~_find(known, keys)[1]]
        return keys

    def value_at(self, keys: np.ndarray) -> np.ndarray:
        """Keys (...) -> values (...) float32; 0 where not present: outside is empty."""
        result = np.zeros(keys.shape, np.float32)
        for known, values in self._parts:
            index, found = _find(known, keys)
            result[found] = values[index[found]]
        return result


def _find(known, keys):
    if not len(known):
        return np.zeros(keys.shape, np.int64), np.zeros(keys.shape, bool)
    index = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return index, known[index] == keys


def _merge(first, second):
    place = np.searchsorted(first[0], second[0])
    return np.insert(first[0], place, second[0]), np.insert(first[1], place, second[1])

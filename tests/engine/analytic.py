# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields with a known shape, and dense extraction as the oracle of the sparse one."""

import itertools

import numpy as np
import torch

from blender_pifu.engine.lattice import Lattice
from blender_pifu.engine.marching_cubes import LEVEL, polygonise


class CapsuleField:
    """A union of capsules: segments (N, 2, 3) with radii (N,), in field space. `reach` widens the support."""

    device = torch.device("cpu")

    def __init__(self, segments, radii, reach=0.03, sharpness=60.0):
        self.segments = torch.tensor(segments, dtype=torch.float64)
        self.radii = torch.tensor(radii, dtype=torch.float64)
        self.reach = reach
        self.sharpness = sharpness
        self.asked = 0

    def _distance(self, points, axes):
        # In float64, so that a value does not hang on its place in the batch.
        points = points.double()
        start, end = self.segments[:, 0, :axes], self.segments[:, 1, :axes]
        along = end - start
        best = torch.full((len(points),), 10.0, dtype=torch.float64)
        for a, d, radius in zip(start, along, self.radii, strict=True):
            t = (((points - a) * d).sum(-1) / ((d * d).sum() + 1e-9)).clamp(0, 1)
            best = torch.minimum(best, (points - a - t[:, None] * d).square().sum(-1).sqrt() - radius)
        return best

    def occupancy(self, points):
        """Points (N, 3) -> (N,), 0 outside the support."""
        values = torch.sigmoid(-self.sharpness * self._distance(points, 3)).float()
        return torch.where(self.support(points[:, :2]), values, torch.zeros_like(values))

    def query_columns(self, xy, column, z):
        self.asked += len(z)
        return torch.sigmoid(-self.sharpness * self._distance(torch.cat([xy[column], z[:, None]], 1), 3)).float()

    def support(self, xy):
        return self._distance(xy, 2) < self.reach


def person(**options):
    """A standing person, 1.8 of the crop's 2.0 high, arms held out a little, with fingers as thin as real ones."""
    segments, radii = [], []

    def limb(radius, *points):
        for a, b in itertools.pairwise(points):
            segments.append((a, b))
            radii.append(radius)

    limb(0.11, (0, 0.76, 0.02), (0, 0.79, 0.02))
    limb(0.06, (0, 0.6, 0), (0, 0.7, 0))
    limb(0.14, (-0.06, 0.42, 0), (0.06, 0.42, 0), (0.05, 0.05, 0.01), (-0.05, 0.05, 0.01), (-0.06, 0.42, 0))
    for side in (-1, 1):
        limb(0.065, (side * 0.16, 0.5, 0), (side * 0.3, 0.22, -0.02))
        limb(0.045, (side * 0.3, 0.22, -0.02), (side * 0.4, -0.05, 0.03))
        limb(0.03, (side * 0.41, -0.08, 0.03), (side * 0.43, -0.12, 0.04))
        for finger in range(4):
            z = 0.012 + 0.02 * finger
            limb(0.0085, (side * 0.43, -0.12, z), (side * (0.45 + 0.01 * finger), -0.235, z + 0.01))
        limb(0.0095, (side * 0.42, -0.08, 0.06), (side * 0.4, -0.17, 0.11))
        limb(0.09, (side * 0.09, -0.02, 0), (side * 0.11, -0.42, 0.02))
        limb(0.06, (side * 0.11, -0.42, 0.02), (side * 0.12, -0.84, -0.02))
        limb(0.045, (side * 0.12, -0.855, -0.02), (side * 0.14, -0.855, 0.12))
    return CapsuleField(segments, radii, **options)


class VolumeField:
    """A field that reads its values (R, R, R), by x, y, z, from an array at the lattice's own points."""

    device = torch.device("cpu")

    def __init__(self, volume):
        self.volume = torch.as_tensor(volume, dtype=torch.float32)

    def _index(self, coordinate):
        return ((coordinate + 1) / 2 * len(self.volume)).round().long()

    def query_columns(self, xy, column, z):
        x, y = self._index(xy[column]).unbind(-1)
        return self.volume[x, y, self._index(z)]

    def support(self, xy):
        return torch.ones(len(xy), dtype=torch.bool)


def dense_volume(field, resolution):
    """The field at every lattice point: (R, R, R) float32 by x, y, z, asking it only inside its support."""
    lattice = Lattice(resolution)
    steps = torch.arange(resolution, dtype=torch.float32) * lattice.spacing - 1
    x, y = (grid.reshape(-1) for grid in torch.meshgrid(steps, steps, indexing="ij"))
    columns = torch.stack([x, y], -1)
    supported = field.support(columns).nonzero()[:, 0]
    volume = torch.zeros(len(columns), resolution)
    z = torch.from_numpy((np.arange(resolution) * lattice.spacing - 1.0).astype(np.float32))
    with torch.inference_mode():
        for block in supported.split(max(1, 8192 // resolution)):
            column = torch.arange(len(block)).repeat_interleave(resolution)
            values = field.query_columns(columns[block], column, z.repeat(len(block)))
            volume[block] = values.reshape(len(block), resolution)
    return volume.reshape(resolution, resolution, resolution).numpy()


def dense_surface(volume):
    """Marching cubes over all cells of a volume (R, R, R): vertices, faces."""
    lattice = Lattice(len(volume))
    padded = np.pad(volume, 1)
    side = len(padded)
    points = np.stack(np.meshgrid(*[np.arange(-1, side - 1)] * 3, indexing="ij"), -1).reshape(-1, 3)
    keys = lattice.keys(points)
    by_key = np.zeros(side**3, np.float32)
    by_key[keys] = padded.ravel()
    cells = np.sort(keys[(points < side - 2).all(1)])
    cases = np.zeros(len(cells), np.uint8)
    for bit, offset in enumerate(lattice.corner_offsets):
        cases |= ((by_key[cells + offset] > LEVEL) << bit).astype(np.uint8)
    mixed = (cases > 0) & (cases < 255)
    return polygonise(lattice, cells[mixed], cases[mixed], lambda wanted: by_key[wanted])

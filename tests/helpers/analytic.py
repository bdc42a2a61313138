# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields with a known shape."""

import itertools

import torch

from blender_pifu.engine.interfaces import Field


class CapsuleField(Field):
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


def outline(size):
    """How far the pixels' centres of a crop lie inside the person's outline, (1, 1, size, size) field units."""
    ticks = (torch.arange(size) + 0.5) / (size / 2) - 1
    y, x = torch.meshgrid(-ticks, ticks, indexing="ij")
    away = person()._distance(torch.stack([x, y], -1).reshape(-1, 2), 2)
    return -away.float().reshape(1, 1, size, size)


class VolumeField(Field):
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

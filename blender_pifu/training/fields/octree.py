# SPDX-License-Identifier: GPL-3.0-or-later
"""The octrees by which PIFuHD and PIFu sample their fields, written from their descriptions, to compare with.

Both start with a lattice of 64 steps, take cells whose corners agree within a threshold for constant and halve the rest
(PIFuHD, and PIFu's reconstruction, first described by Mescheder et al. 2019, section 3.3). They keep the whole cube.
"""

import time
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
import torch.nn.functional as F

from ...engine.benchmark import encode, measure_field
from ...engine.published.column_field import sample

START = 64


@dataclass(frozen=True)
class Scheme:
    """threshold: of agreement; closed: whether filled blocks include their far faces; rim: whether the last plane of
    each axis is ever asked; chunk: points asked at once."""

    threshold: float
    closed: bool
    rim: bool
    chunk: int


SCHEMES = {"pifuhd": Scheme(0.05, True, False, 50_000), "pifu": Scheme(0.01, False, True, 10_000)}


def depths(photo):
    """Front and back depth and mask, (1, 1, h, w) each, that the bundled model draws of the person in a photo."""
    with torch.inference_mode():
        encoding = encode("human", photo)[1]
    return tuple(maps.clone() for maps in (encoding.front_depth, encoding.back_depth, encoding.mask))


def count_octree(scheme, resolution, ask):
    """How many points a scheme asks. ask: positions (N, 3) float32, field space, sorted by column -> (N,)."""
    values = np.zeros((resolution,) * 3, np.float32)
    known = np.zeros(values.shape, bool)
    if not scheme.rim:
        known[-1] = known[:, -1] = known[:, :, -1] = True
    asked, step = 0, max(1, resolution // START)
    while True:
        points = np.argwhere(~known[::step, ::step, ::step]) * step
        place = tuple(points.T)
        values[place] = ask((points * (2 / resolution) - 1).astype(np.float32))
        known[place] = True
        asked += len(points)
        if step == 1:
            return asked
        corners = values[::step, ::step, ::step]
        ends = [corners[tuple(slice(d, d - 1 or None) for d in move)] for move in product((0, 1), repeat=3)]
        low, high = np.minimum.reduce(ends), np.maximum.reduce(ends)
        middle = known[step // 2 :: step, step // 2 :: step, step // 2 :: step]
        flat = (high - low < scheme.threshold) & ~middle[tuple(slice(n) for n in low.shape)]
        cells = np.argwhere(flat) * step
        mean = ((low + high) / 2)[flat]
        for move in product(range(step + scheme.closed), repeat=3):
            place = tuple((cells + move).T)
            values[place], known[place] = mean, True
        step //= 2


def by_itself(field, points):
    """Occupancy (N,) of points (N, 3) as the references work it out: every layer for every point."""
    xy, depth = points[:, :2], points[:, 2:] * field.depth_scale

    def run(mlp, given):
        outputs, x = [], given.T[None]
        start = x
        for k, layer in enumerate(mlp.layers):
            x = layer(torch.cat([x, start], 1) if k and mlp.skips[k] else x)
            x = F.leaky_relu(x, 0.01) if k + 1 < len(mlp.layers) else x
            outputs.append(x)
        return outputs

    first, *more = field.mlps
    outputs = run(first, torch.cat([sample(field.maps[0], xy), depth], 1))
    if more:
        handed = outputs[field.handed_layer][0].T
        outputs = run(more[0], torch.cat([sample(field.maps[1], xy), handed], 1))
    return torch.sigmoid(outputs[-1][0, 0])


def compare(family, field, resolution, repeats):
    """Ours, float32 and as the engine chooses, beside the octree of `family` on the same network.

    The octree's points are counted on values asked column by column; its time is that of a point by itself in the
    reference's chunks, round the surface, times the count. All are timed in turn, `repeats` times. Returns medians;
    ratios of what was timed together as median, least and greatest.
    """
    scheme = SCHEMES[family]
    rough = field.lowered(torch.bfloat16)

    def ask(points):
        parts = []
        for part in np.array_split(points, max(1, len(points) // 16384)):
            xy, column = np.unique(part[:, :2], axis=0, return_inverse=True)
            given = torch.from_numpy(xy), torch.from_numpy(column.reshape(-1)), torch.from_numpy(part[:, 2].copy())
            parts.append(rough.occupancy(*given).numpy())
        return np.concatenate(parts)

    with torch.inference_mode():
        asked = count_octree(scheme, resolution, ask)
        points = torch.rand(scheme.chunk, 3, generator=torch.Generator().manual_seed(1)) * 1.8 - 0.9
        found = by_itself(field, points[:2000])
        off = (found - field.at(points[:2000])).abs().max().item()
        assert off < 1e-4, f"the plain network and ours differ by {off}"
        times = []
        for _ in range(repeats):
            start = time.process_time()
            by_itself(field, points)
            point = (time.process_time() - start) / len(points)
            exact, chosen = (measure_field(field, resolution, exact=exact) for exact in (True, False))
            times.append((point * asked, exact.pop("cpu_s"), chosen.pop("cpu_s")))
    times = np.array(times)
    octree: dict = {"evaluations": asked}
    for said, seconds in zip((octree, exact, chosen), np.median(times, 0), strict=True):
        said["cpu_s"] = round(float(seconds), 2)
        said["us_a_point"] = round(float(seconds) / said["evaluations"] * 1e6, 2)
    ratios = {"octree/ours": times[:, 0] / times[:, 1]}
    if chosen["low_precision"]:
        ratios |= {"float32/low": times[:, 1] / times[:, 2], "octree/low": times[:, 0] / times[:, 2]}
    spread = {name: [round(float(f(r)), 2) for f in (np.median, np.min, np.max)] for name, r in ratios.items()}
    return {"octree": octree, "ours_float32": exact, "ours": chosen, "ratios": spread}

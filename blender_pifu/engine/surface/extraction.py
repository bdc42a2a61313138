# SPDX-License-Identifier: GPL-3.0-or-later
"""The surface of an occupancy field, as dense marching cubes would give it, from few evaluations.

A coarse start lattice finds where the field changes sign; halving those steps leads to cells of the fine lattice that
the surface passes; from them it is followed from cell to cell over faces of mixed sign until nothing new comes. A
cell's triangles depend on its own corners only and meet those of other cells only over such faces, so every connected
piece of the surface that is met once comes out whole, fingers included. Only a separate piece that slips through the
start lattice is missed.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from ..device import empty_cache, is_out_of_memory
from ..errors import EngineError
from ..interfaces import AnswersOver, Field
from .lattice import Lattice, Samples
from .marching_cubes import FACES, LEVEL, polygonise
from .precision import SAMPLE, Mixed, choose

# Steps of the start lattice along one axis: 6 cm on a standing adult, well below the depth of any trunk.
START_STEPS = 32
# Points sent to the field at once: on a CPU few enough to stay in its cache.
CHUNK_CPU, CHUNK_GPU = 8192, 65536
# Where memory runs out, chunks are halved down to this.
LEAST_CHUNK = 1024


@dataclass(frozen=True)
class Surface:
    """vertices: (V, 3) float32, field space; faces: (F, 3) int32, outward.

    evaluations: points asked of the field, who were asked twice counted twice; lowered: the precision that most were
    asked in, None if it is the field's own; in_small_blocks: memory ran out, and smaller chunks did; samples: what the
    field is at points of the lattice, of those that were asked.
    """

    vertices: np.ndarray
    faces: np.ndarray
    evaluations: int
    lowered: str | None = None
    in_small_blocks: bool = False
    samples: Samples | None = None


class Sampler:
    """Evaluates a field at lattice points, each once. Outside the lattice and the field's support it is 0, unasked."""

    def __init__(
        self,
        field: Field,
        lattice: Lattice,
        progress: Callable[[float], None] | None = None,
        under: Samples | None = None,
    ):
        """under: of an AnswersOver, what the field under it is at points of the lattice, as far as that is known."""
        self.samples, self._under = Samples(), under
        self.lattice = lattice
        self.in_small_blocks = False
        self._asked = 0
        self._field = self._fast = self._exact = field
        self._progress = progress
        self._chunk = CHUNK_CPU if torch.device(field.device).type == "cpu" else CHUNK_GPU
        steps = torch.arange(lattice.resolution, dtype=torch.float32, device=field.device) * lattice.spacing - 1
        y, x = torch.meshgrid(steps, steps, indexing="ij")
        self.support = field.support(torch.stack([x, y], -1).reshape(-1, 2)).reshape(x.shape).cpu().numpy()
        self._column_map = lattice.column_map(self.support)
        # A person's surface takes about this many points; only the progress shown depends on it.
        self._expected = 12 * np.count_nonzero(self.support) + 1

    @property
    def evaluations(self) -> int:
        """Points asked of the field so far."""
        return self._asked + (self._field.asked_again if isinstance(self._field, Mixed) else 0)

    @property
    def unsure(self) -> float:
        """Differences of logits below this drown in the errors of the precision in use."""
        return self._field.unsure if isinstance(self._field, Mixed) else 0.0

    @property
    def lowered(self) -> str | None:
        """The name of the low precision in use, or None."""
        return self._field.precision if isinstance(self._field, Mixed) else None

    def lower_precision(self, cells: np.ndarray) -> None:
        """Ask in low precision from now on if that is faster on cells (keys (N,)) that the surface passes."""
        some = cells[:: -(-len(cells) // (SAMPLE // 8)) or 1]
        keys = np.unique(some[:, None] + self.lattice.corner_offsets)
        keys = keys[self._column_map[self.lattice.columns(keys)]]
        field = choose(self._field, *self._by_column(self.lattice.positions(keys), self.lattice.columns(keys)))
        if isinstance(field, Mixed):
            self._field, self._fast = field, field.rough

    def evaluate(self, keys: np.ndarray) -> None:
        """Make sure that the points (keys (N,) int64, any order) are sampled."""
        keys = np.unique(keys)
        keys = keys[self._column_map[self.lattice.columns(keys)]]
        z = self.lattice.points(keys)[:, 2]
        keys = self.samples.missing(keys[(z >= 0) & (z < self.lattice.resolution)])
        if self._under is not None:
            known = self._under.has(keys)
            self.samples.add(keys[known], self._over(self._under, keys[known]))
            keys = keys[~known]
        # Sorted keys put a column's points side by side, so chunks share few columns.
        self.samples.add(keys, self._ask(self._field, self.lattice.positions(keys), self.lattice.columns(keys)))

    def at(self, positions: np.ndarray, exactly: np.ndarray) -> np.ndarray:
        """Occupancy (N,) anywhere, positions (N, 3) field space; in low precision where that was found faster, but for
        those that are wanted `exactly (N,)`."""
        steps = _columns(positions)
        values = np.empty(len(positions), np.float32)
        for field, part in ((self._exact, exactly), (self._fast, ~exactly)):
            part = np.flatnonzero(part)
            part = part[np.argsort(steps[part], kind="stable")]
            values[part] = self._ask(field, positions[part], steps[part])
        return values

    def _over(self, known, keys):
        """Occupancy (N,) at keys (N,) of which Samples of the field under this one are known."""
        if not len(keys):
            return np.empty(0, np.float32)
        where = self._by_column(self.lattice.positions(keys), self.lattice.columns(keys))
        assert isinstance(self._exact, AnswersOver)
        under = torch.from_numpy(known.value_at(keys)).to(self._exact.device)
        return self._exact.over(under, *where).float().cpu().numpy()

    def _ask(self, field, positions, columns):
        """Occupancy (N,) at positions (N, 3), the points of a column (N,) side by side, in chunks."""
        values = np.empty(len(positions), np.float32)
        start = 0
        while start < len(positions):
            part = slice(start, start + self._chunk)
            found = self._query(field, positions[part], columns[part])
            if found is None:
                self._chunk, self.in_small_blocks = self._chunk // 2, True
                empty_cache(torch.device(field.device))
                continue
            values[part] = found
            start += len(found)
            self._asked += len(found)
            self._report()
        return values

    def inside(self, keys: np.ndarray) -> np.ndarray:
        """Signs (...) bool at keys (...)."""
        return self.samples.value_at(keys) > LEVEL

    def _query(self, field, positions, columns):
        """Occupancy (N,), or None if memory ran out but may last for half as many points."""
        try:
            values = field.query_columns(*self._by_column(positions, columns)).float().cpu().numpy()
        except Exception as error:
            if not is_out_of_memory(error) or self._chunk // 2 < LEAST_CHUNK:
                raise
            return None
        if not np.isfinite(values).all():
            raise EngineError(
                "The model answered with values that are not numbers.",
                fix="Repair the installation, or choose another model file.",
            )
        return values

    def _by_column(self, positions, columns):
        """What `query_columns` takes."""
        _, first, column = np.unique(columns, return_index=True, return_inverse=True)
        positions = torch.from_numpy(positions.astype(np.float32)).to(self._exact.device)
        column = torch.from_numpy(column.reshape(-1)).to(self._exact.device)
        return positions[first, :2], column, positions[:, 2].contiguous()

    def _report(self):
        if self._progress:
            self._progress(min(0.99, self._asked / self._expected))


def _columns(positions):
    """Numbers (N,) of the columns that positions (N, 3) stand in, by x, then y."""
    order = np.lexsort((positions[:, 1], positions[:, 0]))
    there = positions[order, :2]
    number = np.empty(len(order), np.int64)
    number[order] = np.cumsum(np.concatenate([[False], (there[1:] != there[:-1]).any(1)])[: len(order)])
    return number


def extract_surface(
    field: Field,
    resolution: int,
    progress: Callable[[float], None] | None = None,
    refine: bool = True,
    exact: bool = False,
    under: Samples | None = None,
) -> Surface:
    """The surface where the field's occupancy is 0.5.

    resolution: lattice points along each axis of the crop, at
    -1 + 2 i / resolution, everything outside them is empty; progress: called often with a fraction, may raise to stop;
    refine: ask the field once more at vertices between lattice points, so that a logit that bends within a cell shows
    no terraces; exact: everything in float32. Otherwise the device is tried, and where low precision is faster it is
    used for all that does not decide on which side of the surface a lattice point lies: the faces stay the same; under:
    of an AnswersOver, the samples of the field under it on the same lattice, which is not asked for these again.
    Returns a Surface, closed and 2-manifold; without vertices where the field is empty. Raises EngineError.
    """
    lattice = Lattice(resolution)
    sampler = Sampler(field, lattice, progress, under)
    with torch.inference_mode():
        seeds = find_seeds(sampler, max(1, resolution // START_STEPS))
        if not exact:
            sampler.lower_precision(seeds)
        cells, cases = follow_surface(sampler, seeds)
        closer = sampler.at if refine else None
        vertices, faces = polygonise(lattice, cells, cases, sampler.samples.value_at, closer, sampler.unsure)
    how = sampler.evaluations, sampler.lowered, sampler.in_small_blocks
    return Surface(vertices, faces, *how, sampler.samples)


def find_seeds(sampler: Sampler, step: int) -> np.ndarray:
    """Keys (N,) of cells that the surface passes, at least one for each sign change along the start lattice's lines."""
    lattice = sampler.lattice
    ticks = np.arange(0, lattice.resolution, step)
    rows, columns = np.nonzero(sampler.support[::step, ::step])
    points = np.empty((len(rows), len(ticks), 3), np.int64)
    points[..., 0], points[..., 1], points[..., 2] = ticks[columns, None], ticks[rows, None], ticks
    points = points.reshape(-1, 3)
    sampler.evaluate(lattice.keys(points))
    points = points[sampler.inside(lattice.keys(points))]

    inner, outer = [], []
    for move in np.vstack([np.eye(3, dtype=np.int64), -np.eye(3, dtype=np.int64)]) * step:
        neighbours = np.clip(points + move, -1, lattice.resolution)
        leaves = ~sampler.inside(lattice.keys(neighbours))
        inner.append(points[leaves])
        outer.append(neighbours[leaves])
    inner, outer = np.concatenate(inner), np.concatenate(outer)

    while (np.abs(outer - inner) > 1).any():
        middle = (inner + outer) // 2
        keys = lattice.keys(middle)
        sampler.evaluate(keys)
        is_inside = sampler.inside(keys)[:, None]
        inner, outer = np.where(is_inside, middle, inner), np.where(is_inside, outer, middle)

    lower, axis = lattice.keys(np.minimum(inner, outer)), np.abs(outer - inner).argmax(1)
    u, v = lattice.axis_offsets[(axis + 1) % 3], lattice.axis_offsets[(axis + 2) % 3]
    # The four cells round each edge. They exist at the lattice's border too: one end of the edge is inside, so its
    # other two coordinates are at least 0 and those of the cells at least -1.
    return np.unique(np.concatenate([lower, lower - u, lower - v, lower - u - v]))


def follow_surface(sampler: Sampler, seeds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Follow the surface from cells (keys (N,)) over faces of mixed sign.

    Returns all cells of the met pieces: keys (C,) int64 sorted, cases (C,) uint8.
    """
    lattice = sampler.lattice
    across = _face_moves(lattice)
    front, previous = seeds, seeds[:0]
    all_cells, all_cases = [], []
    while len(front):
        corners = front[:, None] + lattice.corner_offsets
        sampler.evaluate(corners.ravel())
        # Each corner's keys are sorted: looked up one corner after the other they take less time.
        cases = np.packbits(sampler.inside(np.ascontiguousarray(corners.T)), axis=0, bitorder="little")[0]
        all_cells.append(front)
        all_cases.append(cases)
        reached = np.concatenate([front[mixed[cases]] + move for mixed, move in across])
        # A breadth-first front meets no cells but its own, the one before and new ones.
        reached = np.setdiff1d(reached, np.concatenate([previous, front]))
        front, previous = reached, front
    cells = np.concatenate(all_cells) if all_cells else seeds
    cases = np.concatenate(all_cases) if all_cases else np.empty(0, np.uint8)
    order = np.argsort(cells)
    return cells[order], cases[order]


def _face_moves(lattice):
    """For each of the 6 faces: whether a case's corners on it differ (256,) bool, and the key step to the next cell."""
    cases = np.arange(256)
    moves = []
    for index, cycle in enumerate(FACES):
        signs = cases[:, None] >> np.array(cycle) & 1
        step = lattice.axis_offsets[index // 2]
        moves.append((signs.min(1) != signs.max(1), step if index % 2 else -step))
    return moves

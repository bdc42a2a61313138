# SPDX-License-Identifier: GPL-3.0-or-later
"""What was worked out for pixel columns is kept a while: the surface comes back to most of them, a step further on."""

from collections.abc import Callable

import torch
from torch import Tensor

from ..networks.field import pad

# Columns kept: some 8 kB each with the published networks, and about what a front of the surface at 512 passes twice.
CAPACITY = 24576

Shares = list[list[Tensor | None]]  # by network and layer, (C, width), None where a layer reads nothing of the column


class ShareCache:
    """The shares of the last CAPACITY columns in rings of rows, the oldest overwritten first."""

    def __init__(self, make: Callable[[Tensor], Shares]):
        """make: shares of columns `xy (C, 2)` float32, each row the same whichever columns are beside it."""
        self._make = make
        self._rings: Shares | None = None

    def __call__(self, xy: Tensor) -> tuple[Shares, Tensor]:
        """Shares, and in which of their rows (C,) the columns `xy (C, 2)` are. Good until the next call."""
        count = len(xy)
        if count > CAPACITY // 2:
            return self._make(xy), torch.arange(count, device=xy.device)
        bits = xy.contiguous().view(torch.int32).long()
        names = bits[:, 0] << 32 | bits[:, 1] & 0xFFFFFFFF
        rings = self._open(self._make(pad(xy)), names) if self._rings is None else self._rings
        place = torch.searchsorted(self._sorted, names).clamp_max(CAPACITY - 1)
        rows = self._order[place]
        # Rows that this call may overwrite are not to be relied on.
        lasting = (rows - self._next) % CAPACITY >= count
        fresh = (~((self._sorted[place] == names) & lasting)).nonzero()[:, 0]
        if len(fresh):
            rows[fresh] = self._add(rings, xy[fresh], names[fresh])
        return rings, rows

    def _open(self, shares: Shares, names: Tensor) -> Shares:
        rings = self._rings = [
            [None if part is None else part.new_empty((CAPACITY, part.shape[1])) for part in parts] for parts in shares
        ]
        self._names = torch.full((CAPACITY,), -1, dtype=torch.int64, device=names.device)  # the bits of no position
        self._next = 0
        self._sorted, self._order = self._names.sort()
        return rings

    def _add(self, kept: Shares, xy: Tensor, names: Tensor) -> Tensor:
        rows = (self._next + torch.arange(len(xy), device=xy.device)) % CAPACITY
        for rings, parts in zip(kept, self._make(pad(xy)), strict=True):
            for ring, part in zip(rings, parts, strict=True):
                if ring is not None and part is not None:
                    ring[rows] = part[: len(xy)]
        self._names[rows] = names
        self._next = (self._next + len(xy)) % CAPACITY
        self._sorted, self._order = self._names.sort()
        return rows

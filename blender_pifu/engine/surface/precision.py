# SPDX-License-Identifier: GPL-3.0-or-later
"""Asking a field in low precision where that saves time, without a point of the lattice changing sides by it.

What comes out near the level is asked again in float32. How near follows from the errors on a sample of points round
the surface, and so does whether it pays: both precisions are timed on that sample.
"""

import time

import numpy as np
import torch
from torch import Tensor

from ..interfaces import Field
from .marching_cubes import LEVEL

# So much of float32's time the low precision must save, or it is not worth its errors.
LEAST_GAIN = 0.15
# The margin in greatest errors of the sample. Errors are bell-shaped: one beyond it does not come in a million points.
SAFETY = 1.25
# On edges along which the logit changes by fewer margins than this, a vertex is found in float32.
UNSURE = 2.0
# Logits beyond this are as good as certain; errors grow with them and say nothing about the level.
CERTAIN = 4.0
SAMPLE = 2048


class Mixed(Field):
    """A field asked in low precision first, and in float32 again where `margin` (logits) does not settle the sign."""

    def __init__(self, exact: Field, rough: Field, margin: float):
        self.exact, self.rough, self.device = exact, rough, exact.device
        self.asked_again = 0
        self.unsure = UNSURE * margin
        self._reach = float(torch.sigmoid(torch.tensor(margin))) - LEVEL

    @property
    def precision(self) -> str:
        return self.rough.precision

    def support(self, xy: Tensor) -> Tensor:
        """As the field's."""
        return self.exact.support(xy)

    def query_columns(self, xy: Tensor, column: Tensor, z: Tensor) -> Tensor:
        """As the field's; what is not a number in low precision is asked again too."""
        values = self.rough.query_columns(xy, column, z)
        again = (~((values - LEVEL).abs() > self._reach)).nonzero()[:, 0]
        if len(again):
            used, index = column[again].unique(return_inverse=True)
            values[again] = self.exact.query_columns(xy[used], index, z[again])
            self.asked_again += len(again)
        return values


def choose(field: Field, xy: Tensor, column: Tensor, z: Tensor) -> Field:
    """The field itself, or a Mixed one of it where that is faster: tried on a sample as for `query_columns`, taken
    round the surface."""
    rough = field.lowered(torch.bfloat16 if field.device.type == "cpu" else torch.float16)
    if rough is None or not len(z):
        return field
    exact_time, exact = _timed(field, xy, column, z)
    rough_time, found = _timed(rough, xy, column, z)
    margin = margin_of(exact, found)
    again = float(np.mean(~(np.abs(_logit(found)) > margin)))
    pays = rough_time + again * exact_time < (1 - LEAST_GAIN) * exact_time
    return Mixed(field, rough, margin) if pays else field


def margin_of(exact: np.ndarray, found: np.ndarray) -> float:
    """How near (logits) to the level rough answers leave the sign open. Both (N,) occupancies; inf if nothing tells."""
    exact, found = _logit(exact), _logit(found)
    tells = np.abs(exact) < CERTAIN
    errors = np.abs(exact - found)[tells]
    return SAFETY * float(errors.max()) if len(errors) and np.isfinite(errors).all() else np.inf


def _timed(field, xy, column, z):
    """The shorter of two times (s), after a small call that sets things up; and the occupancies, on the CPU."""
    few = column[:64]
    field.query_columns(xy[: int(few.max()) + 1], few, z[:64]).cpu()
    times = []
    for _ in range(2):
        start = time.perf_counter()
        values = field.query_columns(xy, column, z).float().cpu()  # waits for the device
        times.append(time.perf_counter() - start)
    return min(times), values.numpy()


def _logit(occupancy):
    occupancy = np.clip(occupancy.astype(np.float64), 1e-7, 1 - 1e-7)
    return np.log(occupancy / (1 - occupancy))

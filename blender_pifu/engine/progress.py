# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a job: their names for artists, which of them a job takes, their times and how far it is."""

import time
from contextlib import contextmanager

import numpy as np

from .layout.topologies import Topology

READ, MATTE, ENCODE, CARVE, PAINT = STEPS = (
    "Reading the photo",
    "Cutting out the person",
    "Understanding the body",
    "Carving the surface",
    "Painting",
)
FIT, BIND = "Fitting the skeleton", "Binding the skin"
LAY_OUT = "Laying out the mesh"
UNWRAP, BAKE = "Unwrapping", "Baking the texture"
# All in their order, and how much of the whole they take against each other.
STEP_SHARES = {READ: 3, MATTE: 12, ENCODE: 20, CARVE: 55, FIT: 40, PAINT: 10}
STEP_SHARES |= {LAY_OUT: 80, UNWRAP: 40, BAKE: 40, BIND: 5}


def steps_of(topology: Topology, rig: bool, texture_px: int) -> list[str]:
    """The steps of a job, in their order."""
    left_out = set() if topology.lays_out else {LAY_OUT}
    left_out |= set() if rig else {FIT, BIND}
    left_out |= set() if texture_px else {UNWRAP, BAKE}
    left_out |= {UNWRAP} if topology.brings_uv else set()
    return [step for step in STEP_SHARES if step not in left_out]


class Clock:
    """Times the steps of a job and reports where the whole of it stands."""

    def __init__(self, progress, steps):
        """progress(step, fraction): called with a step and the share (0..1) of the whole job done, or None; steps: a
        list of `steps_of`."""
        self.seconds = {}
        self._progress = progress
        self._furthest = 0.0
        ends = np.cumsum([STEP_SHARES[step] for step in steps]) / sum(STEP_SHARES[step] for step in steps)
        self._spans = dict(zip(steps, zip([0.0, *ends[:-1]], ends, strict=True), strict=True))

    def report(self, step, fraction):
        """Say that `fraction` of a step is done. Raises what `progress` raises."""
        if self._progress:
            begin, end = self._spans[step]
            # A job that begins again does not go back.
            self._furthest = max(self._furthest, float(begin + fraction * (end - begin)))
            self._progress(step, self._furthest)

    def reporter(self, step):
        """A function that reports the fraction of a step that is done; without one, a sign of life."""
        return lambda fraction=0.0: self.report(step, fraction)

    @contextmanager
    def step(self, name):
        """Time a step, from its beginning to its end."""
        self.report(name, 0.0)
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 3)
        self.report(name, 1.0)

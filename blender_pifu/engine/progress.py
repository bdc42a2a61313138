# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of a job: their names for artists, which of them a job takes, their times and how far it is."""

import time
from contextlib import contextmanager

import numpy as np

from .layout.presets import QUADS
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
# Processor seconds of one core for the bundled photos: what a step always takes, and what goes with the surface, which
# is with the square of the resolution; in `square`s of 256. Of layouts by the topology's name.
LAYOUT_S = {"standard": (2.2, 2.1), "game": (1.6, 2.1), "print": (0.3, 2.7), "animation": (8.2, 0.5)}
QUADS_UNWRAP_S, DENSE_UNWRAP_S = 3.8, 38.0  # the latter grows faster than the surface
BAKE_S = 0.3, 0.8  # and that for each square of 1024 pixels
MOST_BY_TIME = 0.95  # of a step whose own end is not known, but for the time it should take


def seconds_of(topology: Topology, rig: bool, texture_px: int, resolution: int) -> dict[str, float]:
    """About how many seconds each step of a job takes, in their order: what counts is one against the other."""
    square = (resolution / 256) ** 2
    seconds = {READ: 0.3, MATTE: 3.3, ENCODE: 2.7, CARVE: 0.05 + 0.83 * square}
    if rig:
        seconds[FIT] = 3.2 + 1.4 * square
    seconds[PAINT] = 0.45 + 0.6 * square + (0.7 if topology.name in QUADS else 0)  # with what is begun beside it
    dense = topology.name in ("sculpt", "print")
    if topology.lays_out:
        always, each = LAYOUT_S[topology.name]
        seconds[LAY_OUT] = always + each * square
    if texture_px:
        if not topology.brings_uv:
            seconds[UNWRAP] = DENSE_UNWRAP_S * square**1.5 if dense else QUADS_UNWRAP_S
        seconds[BAKE] = BAKE_S[0] + BAKE_S[1] * (texture_px / 1024) ** 2
    if rig:
        seconds[BIND] = 0.1 + 0.3 * square if dense else 0.2
    return seconds


class Clock:
    """Times the steps of a job and reports where the whole of it stands."""

    def __init__(self, progress, expected, begins=None):
        """progress(step, fraction): called with a step and the share (0..1) of the whole job done, or None; expected:
        seconds of each step, as `seconds_of` gives them; begins: called as each step begins, or None."""
        self.seconds = {}
        self._progress, self._begins = progress, begins
        self._furthest = 0.0
        self._expected = expected
        self._begun = time.perf_counter()  # the step at work
        ends = np.cumsum(list(expected.values())) / sum(expected.values())
        self._spans = dict(zip(expected, zip([0.0, *ends[:-1]], ends, strict=True), strict=True))

    def report(self, step, fraction=None):
        """Say that `fraction` of a step is done; None: it is under way, and how far its time tells. Raises what
        `progress` raises."""
        if self._progress:
            begin, end = self._spans[step]
            fraction = self._by_time(step) if fraction is None else fraction
            # A job that begins again does not go back.
            self._furthest = max(self._furthest, float(begin + fraction * (end - begin)))
            self._progress(step, self._furthest)

    def reporter(self, step):
        """A function that reports the fraction of a step that is done; without one, a sign of life."""
        return lambda fraction=None: self.report(step, fraction)

    def sign_of_life(self, step):
        """The same for a step of which what tells a fraction is a part only: that is not listened to."""
        return lambda _part=None: self.report(step)

    def _by_time(self, step):
        """The share of a step that should be done by now, on a computer as fast as it was in the steps before."""
        before = sum(self._expected[name] for name in self.seconds if name in self._expected)
        pace = sum(self.seconds.values()) / before if before else 1.0
        return min(MOST_BY_TIME, (time.perf_counter() - self._begun) / max(1e-9, pace * self._expected[step]))

    @contextmanager
    def step(self, name):
        """Time a step, from its beginning to its end."""
        if self._begins:
            self._begins()
        self._begun = start = time.perf_counter()
        self.report(name, 0.0)
        yield
        self.seconds[name] = round(time.perf_counter() - start, 3)
        self.report(name, 1.0)

# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a job is, by the time that its steps should take."""

import time
from contextlib import contextmanager

import numpy as np

MOST_BY_TIME = 0.95  # of a step whose own end is not known, but for the time it should take


class Clock:
    """Times the steps of a job and reports where the whole of it stands."""

    def __init__(self, progress, expected, begins=None):
        """progress(step, fraction): called with a step and the share (0..1) of the whole job done, or None; expected:
        seconds of each step, as `steps.seconds_of` gives them; begins: called as each step begins, or None."""
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

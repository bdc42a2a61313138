# SPDX-License-Identifier: GPL-3.0-or-later
"""How long work has taken, and how long it will take yet by how far it has come. Standard library only."""

from dataclasses import dataclass

LEAST_SHARE, LEAST_S = 0.05, 3.0  # of the work that is done before anything is said of the rest
_STEPS_S = ((20, 5), (60, 10), (600, 30), (float("inf"), 60))  # below so many seconds in steps of so many


@dataclass
class Timing:
    """Of one piece of work. Times are seconds of any clock that runs on."""

    begun: float
    _from: tuple[float, float] | None = None  # when the work itself was first heard of, and its fraction then
    _last: tuple[float, float] | None = None  # when it was last seen to go on, and its fraction then

    def at(self, now: float, fraction: float) -> None:
        """At that time that fraction is done. What comes before anything is, as starting a program, is not counted."""
        if self._from is None or self._last[1] == 0.0 == fraction:
            self._from = self._last = now, fraction
        elif fraction > self._last[1]:
            self._last = now, fraction

    def elapsed_s(self, now: float) -> int:
        """Whole seconds since it was begun."""
        return int(now - self.begun)

    def remaining_s(self, now: float) -> int:
        """About how many seconds it takes yet, in coarse steps; -1 where nothing can be said."""
        if self._from is None:
            return -1
        (start, first), (end, last) = self._from, self._last
        if last - first < LEAST_SHARE or now - start < LEAST_S or end <= start:
            return -1
        whole = (end - start) * (1 - last) / (last - first)
        left = max(0.0, whole - (now - end))
        step = next(step for most, step in _STEPS_S if left < most)
        return max(step, int(-(-left // step) * step))


def words(elapsed_s: int, remaining_s: int) -> str:
    """For the panel: "0:42, about 1:30 left"."""
    elapsed = clock(elapsed_s)
    return f"{elapsed}, about {clock(remaining_s)} left" if remaining_s >= 0 else elapsed


def clock(seconds: int) -> str:
    """ "1:30" or "1:02:03"."""
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"

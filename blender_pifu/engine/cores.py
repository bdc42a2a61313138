# SPDX-License-Identifier: GPL-3.0-or-later
"""The computer's cores: how many are free, and work that is divided among them.

An artist renders while the engine works: work is divided among no more threads than cores are free, but at least two
(`priority.py` has the rest).
"""

import ctypes
import math
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Generic, TypeVar

import torch

LOOK_S, LONG_AGO_S = 0.1, 20.0  # how long others are watched; after what time they are watched anew
GIVES_WAY = 8  # niceness of others above this process's, from which on they leave it nearly all of a core
# Threads that there are where no core is free, if there are as many cores: the same seconds of the processor are taken
# from whoever is at work there, in little more than half the time.
AT_LEAST = 2
BUSY = 0.5  # cores, from which on it is looked who keeps them so
_T = TypeVar("_T")
_R = TypeVar("_R")


class FreeCores:
    """Keeps watch over the cores that are free; `divided` goes by it. Networks do not: the last bits of what torch adds
    up hang on its number of threads, and the same photo is to give the same person at any time."""

    threads: ClassVar[int] = 1  # for `divided`

    def __init__(self, since: tuple[float, float, float] = (-math.inf, 0.0, 0.0)) -> None:
        """since: a first look that there was, as LOADED."""
        self._looked_at, self._busy, self._mine = since
        self._giving_way: dict[int, float] = {}

    def use(self) -> int:
        """As many threads from now on as cores were free since the last call, or, where that is long ago, are free
        now; at least AT_LEAST, at most as many as there are cores, or as torch has (OMP_NUM_THREADS). Returns it."""
        most = min(torch.get_num_threads(), _cores())
        if most > AT_LEAST:
            if time.monotonic() - self._looked_at > LONG_AGO_S:
                self._look()
                time.sleep(LOOK_S)
            most = max(AT_LEAST, min(most, round(_cores() - self._look())))
        FreeCores.threads = most
        return most

    def _look(self) -> float:
        """Cores that other processes kept busy since the last look, without those that give way to this one."""
        now, busy, mine = time.monotonic(), _busy_s(), _mine_s()
        before, self._looked_at, self._busy, self._mine = (
            (self._looked_at, self._busy, self._mine),
            now,
            busy or 0,
            mine,
        )
        if busy is None:
            # Elsewhere a mean over the last minute, in which this process may have been at work itself.
            return max(0.0, os.getloadavg()[0] - 1) if hasattr(os, "getloadavg") else 0.0
        others, since = busy - before[1] - (mine - before[2]), max(now - before[0], 1e-3)
        if others < BUSY * since:
            self._giving_way = {}
            return max(0.0, others / since)
        last, self._giving_way = self._giving_way, _giving_way_s()
        others -= sum(spent - last[who] for who, spent in self._giving_way.items() if who in last)
        return max(0.0, others / since)


def divided(
    work: Callable[[_T], _R],
    parts: Iterable[_T],
    waiting: Callable[[], None] = lambda: None,
    device: torch.device | str = "cpu",
) -> list[_R]:
    """What `work` gives for each of the parts, in their order; on several threads where cores are free. Of use where
    the work is done by libraries that let go of the interpreter. waiting: called in this thread as each is done, may
    raise to stop; device: of a network that is asked, which several threads do on the CPU alone."""
    parts = list(parts)
    threads = min(FreeCores.threads, len(parts)) if torch.device(device).type == "cpu" else 1
    return _Division(work, parts).done(threads - 1, waiting)


class _Division(Generic[_T, _R]):
    """Work on parts that several threads take one after the other. The one that asks for it is one of them: it has what
    torch's threads and the heap need, which a new one must first be given."""

    def __init__(self, work: Callable[[_T], _R], parts: list[_T]) -> None:
        self._work, self._parts = work, parts
        self._left = iter(range(len(parts)))
        self._found: dict[int, _R] = {}
        self._errors: dict[int, BaseException] = {}

    def done(self, helpers: int, waiting: Callable[[], None]) -> list[_R]:
        """What comes of the parts, with so many further threads; waiting: see `divided`."""
        threads = [threading.Thread(target=self._help, name="divided") for _ in range(helpers)]
        for thread in threads:
            thread.start()
        told = 0
        try:
            for number in self._left:
                self._found[number] = self._work(self._parts[number])
                while told < len(self._found):
                    told += 1
                    waiting()
        finally:
            self._stop()
            for thread in threads:
                thread.join()
        if self._errors:
            raise self._errors[min(self._errors)]
        for _ in range(told, len(self._parts)):
            waiting()
        return [self._found[number] for number in range(len(self._parts))]

    def _help(self) -> None:
        for number in self._left:
            try:
                self._found[number] = self._work(self._parts[number])
            except BaseException as error:  # noqa: BLE001 (whoever asks for the result gets it)
                self._errors[number] = error
                self._stop()

    def _stop(self) -> None:
        """Let nobody begin another part."""
        for _ in self._left:
            pass


def beside(*works: Callable[[], Any], device: torch.device | str = "cpu") -> list[Any]:
    """What each of some works gives, side by side as `divided`."""
    return divided(lambda work: work(), works, device=device)


def _cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _giving_way_s() -> dict[int, float]:
    """Seconds of the processor that each process has taken that gives way to this one; Linux only."""
    if not sys.platform.startswith("linux"):
        return {}
    least, tick, found = os.getpriority(os.PRIO_PROCESS, 0) + GIVES_WAY, os.sysconf("SC_CLK_TCK"), {}
    for who in filter(str.isdecimal, os.listdir("/proc")):
        try:
            with open(f"/proc/{who}/stat", encoding="ascii", errors="replace") as file:
                told = file.read().rpartition(")")[2].split()
        except OSError:  # it has ended, or is not to be seen
            continue
        if int(told[16]) >= least:
            found[int(who)] = (int(told[11]) + int(told[12])) / tick
    return found


def _busy_s() -> float | None:
    """Seconds that all cores together have been busy since the computer was started; None where it does not tell."""
    if sys.platform == "win32":
        times = [ctypes.c_ulonglong() for _ in range(3)]  # idle, kernel (with idle), user; in 100 ns
        if not ctypes.windll.kernel32.GetSystemTimes(*(ctypes.byref(one) for one in times)):
            return None
        idle, kernel, user = (one.value for one in times)
        return (kernel + user - idle) * 1e-7
    try:
        with open("/proc/stat", encoding="ascii") as file:
            user, nice, system, _, _, irq, softirq, *_ = map(int, file.readline().split()[1:])
    except (OSError, ValueError):
        return None
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def _mine_s() -> float:
    """Seconds of the processor that this process and those that it has seen end have taken."""
    return sum(os.times()[:4])


# The look from which on the first job is told what cores are free: it need not wait and watch.
LOADED = time.monotonic(), _busy_s() or 0.0, _mine_s()

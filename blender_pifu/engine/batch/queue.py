# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the entries of a batch one after the other or in several processes; one that fails does not stop the others."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any

from ..errors import EngineError
from .entries import Entry

Answer = dict[str, Any]  # "status": "done" with "summary", or "failed" with "error", "fix", "kind"; and "seconds"
Make = Callable[[Entry], dict[str, Any]]  # makes an entry's output, gives its summary; raises EngineError
ATTEMPTS = 2  # of a photo whose process was killed, perhaps for another one's sake

_make: Make | None = None  # of this process


def run(entries: list[Entry], maker: Callable[[], Make], workers: int = 1) -> Iterator[tuple[Entry, Answer]]:
    """Each entry with what became of it, as they end. maker: called once in each process, a function of a module."""
    if workers <= 1:
        make = maker()
        for entry in entries:
            yield entry, attempt(make, entry)
        return
    left = [(entry, 1) for entry in entries]
    while left:
        left = yield from _round(left, maker, workers)


def attempt(make: Make, entry: Entry) -> Answer:
    """Make one; whatever goes wrong with it is its answer."""
    begun = time.monotonic()
    try:
        answer = {"status": "done", "summary": make(entry)}
    except EngineError as error:
        answer = {"status": "failed", "error": str(error), "fix": error.fix, "kind": str(error.kind.value)}
    except Exception as error:  # noqa: BLE001 (one photo must not end the others)
        answer = {"status": "failed", "error": f"{type(error).__name__}: {error}", "fix": "", "kind": "internal"}
    return answer | {"seconds": round(time.monotonic() - begun, 2)}


def _round(left: list[tuple[Entry, int]], maker: Callable[[], Make], workers: int) -> Iterator[tuple[Entry, Answer]]:
    """Everything until all are made or a process is killed; returns what is to be tried again."""
    again: list[tuple[Entry, int]] = []
    waiting = list(reversed(left))
    with ProcessPoolExecutor(workers, get_context("spawn"), _begin, (maker,)) as pool:
        under_way: dict[Future, tuple[Entry, int]] = {}
        while waiting or under_way:
            while waiting and len(under_way) < workers:  # no more: what is not begun is not lost with a process
                entry, tries = waiting.pop()
                try:
                    under_way[pool.submit(_answer, entry)] = entry, tries
                except BrokenProcessPool:
                    waiting.append((entry, tries))
                    break
            if not under_way:
                return again + waiting[::-1]
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                entry, tries = under_way.pop(future)
                if not isinstance(future.exception(), BrokenProcessPool):
                    yield entry, future.result()
                elif tries < ATTEMPTS:
                    again.append((entry, tries + 1))
                else:
                    yield entry, _killed()
    return again


def _begin(maker: Callable[[], Make]) -> None:
    global _make
    _make = maker()


def _answer(entry: Entry) -> Answer:
    assert _make is not None
    return attempt(_make, entry)


def _killed() -> Answer:
    return {
        "status": "failed",
        "error": "The process that made it was ended by the system, probably for want of memory.",
        "fix": "Use fewer --workers or a lower --resolution.",
        "kind": "engine_killed",
        "seconds": 0.0,
    }

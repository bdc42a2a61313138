# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the entries of a batch one after the other or in several processes; one that fails does not stop the others."""

import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import Any

from ...protocol import ErrorKind
from ..errors import EngineError
from .entries import Entry

Answer = dict[str, Any]  # "status": "done" with "summary", or "failed" with "error", "fix", "kind"; and "seconds"
Make = Callable[[Entry], dict[str, Any]]  # makes an entry's output, gives its summary; raises EngineError
_Round = Generator[tuple[Entry, Answer], None, tuple[list[Entry], list[Entry]]]
_make: Make | None = None  # of this process


def run(entries: list[Entry], maker: Callable[[], Make], workers: int = 1) -> Iterator[tuple[Entry, Answer]]:
    """Each entry with what became of it, as they end. maker: called once in each process, a function of a module."""
    if workers <= 1:
        make = maker()
        for entry in entries:
            yield entry, attempt(make, entry)
        return
    left = entries
    while left:
        lost, left = yield from _round(left, maker, workers)
        for entry in lost:  # with a process that was killed, perhaps for another's sake: alone it is known whose
            if (yield from _round([entry], maker, 1))[0]:
                yield entry, _killed()


def attempt(make: Make, entry: Entry) -> Answer:
    """Make one; whatever goes wrong with it is its answer."""
    begun = time.monotonic()
    try:
        answer = {"status": "done", "summary": make(entry)}
    except EngineError as error:
        answer = failed(str(error), error.fix, error.kind)
    except Exception as error:  # noqa: BLE001 (one photo must not end the others)
        answer = failed(f"{type(error).__name__}: {error}", "", ErrorKind.INTERNAL)
    return answer | {"seconds": round(time.monotonic() - begun, 2)}


def failed(error: str, fix: str, kind: ErrorKind) -> Answer:
    """The answer of an entry of which nothing came."""
    return {"status": "failed", "error": error, "fix": fix, "kind": str(kind.value), "seconds": 0.0}


def _round(entries: list[Entry], maker: Callable[[], Make], workers: int) -> _Round:
    """Makes entries until all are made or a process is killed; returns those under way then, and those not begun."""
    lost: list[Entry] = []
    waiting = list(reversed(entries))
    with ProcessPoolExecutor(workers, get_context("spawn"), _begin, (maker,)) as pool:
        under_way: dict[Future, Entry] = {}
        while waiting or under_way:
            while waiting and not lost and len(under_way) < workers:  # no more: what is not begun is not lost
                try:
                    under_way[pool.submit(_answer, waiting[-1])] = waiting[-1]
                except BrokenProcessPool:
                    break
                waiting.pop()
            if not under_way:
                break
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                entry = under_way.pop(future)
                if isinstance(future.exception(), BrokenProcessPool):
                    lost.append(entry)
                else:
                    yield entry, future.result()
    return lost, waiting[::-1]


def _begin(maker: Callable[[], Make]) -> None:
    global _make
    _make = maker()


def _answer(entry: Entry) -> Answer:
    assert _make is not None
    return attempt(_make, entry)


def _killed() -> Answer:
    what = "The process that made it was ended by the system, probably for want of memory."
    return failed(what, "Use fewer --workers or a lower --resolution.", ErrorKind.ENGINE_KILLED)

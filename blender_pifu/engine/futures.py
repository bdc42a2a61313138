# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of a job that another core works out before they are asked for.

A future is worked out once: by a thread beside the job where a core is free for it (`cores.FreeCores`), else by who
asks for it, when they do. So what comes does not hang on the cores, and on a single one all is done in turn, as if
there were no futures.
"""

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from .cores import FreeCores

POLL_S = 0.05
_R = TypeVar("_R")
_here = threading.local()  # `check`, in a thread that works on a future


class Stopped(Exception):
    """The job has ended: nobody wants what is being worked out."""


class Future(Generic[_R]):
    """What `work(*given)` returns or raises."""

    def __init__(self, work: Callable[..., _R], *given) -> None:
        self._work: Callable[[], _R] | None = lambda: work(*given)
        self._taken, self._done = threading.Lock(), threading.Event()
        self._error: BaseException | None = None

    def result(self, waiting: Callable[[], object] | None = None) -> _R:
        """What comes of it, at any number of calls. waiting: called often until it is there, may raise to stop."""
        self.work_out(waiting)
        while not self._done.wait(POLL_S if waiting else None):
            assert waiting is not None
            waiting()
        if self._error is not None:
            raise self._error
        return self._value

    def work_out(self, check: Callable[[], object] | None = None) -> None:
        """Do the work, unless some thread has begun it. check: what `check_wanted` is to call meanwhile; where that is
        given, what it calls already."""
        if not self._taken.acquire(blocking=False):
            return
        assert self._work is not None
        before = getattr(_here, "check", None)
        _here.check = before if check is check_wanted else check
        try:
            self._value = self._work()
        except BaseException as error:  # noqa: BLE001 (whoever asks for the result gets it)
            self._error = error
        finally:
            _here.check = before
            self._work = None  # and what it holds
            self._done.set()


Begin = Callable[..., Future]  # called with some work and what that is given


class Futures:
    """The futures of a job, for one more thread to work out in the order of their beginning. To be used `with`: at its
    end what was not asked for is let go, and what is at work waited for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Future] = deque()
        self._thread: threading.Thread | None = None
        self._stopped = False

    def __enter__(self) -> "Futures":
        self._stopped = False
        return self

    def __exit__(self, *_error) -> None:
        with self._lock:
            self._stopped, thread = True, self._thread
            self._waiting.clear()
        if thread:
            thread.join()

    def begin(self, work: Callable[..., _R], *given) -> Future[_R]:
        """What `work(*given)` will return: numbers, not changes of what others use meanwhile."""
        future = Future(work, *given)
        with self._lock:
            self._waiting.append(future)
        self.go_on()
        return future

    def go_on(self) -> None:
        """Work on what waits, if a core is free by now."""
        with self._lock:
            if self._waiting and self._thread is None and FreeCores.threads > 1 and not self._stopped:
                self._thread = threading.Thread(target=self._work, name="futures", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            with self._lock:
                if self._stopped or not self._waiting or FreeCores.threads < 2:
                    self._thread = None
                    return
                future = self._waiting.popleft()
            future.work_out(self._check)

    def _check(self) -> None:
        if self._stopped:
            raise Stopped


def check_wanted() -> None:
    """To be called now and then by work that takes long. Where it is a future's: tells who waits for that, and raises
    what they raise to stop, or Stopped where the job has ended."""
    check = getattr(_here, "check", None)
    if check is not None:
        check()

# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts, feeds, polls, cancels and kills the engine's process. No bpy, no torch, no threads, no sockets.

Nothing here waits but `close`. Whatever goes wrong with the process while a job is at work comes back from `poll` as an
event, so there is one way for all that can happen to a job.
"""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from . import child, protocol
from .protocol import (
    Cancel,
    Cancelled,
    Done,
    ErrorKind,
    Failed,
    FramesPicked,
    Job,
    Look,
    Looked,
    Ping,
    Progress,
    ProtocolError,
    Quit,
)

_ENDS = (Done, Looked, FramesPicked, Failed, Cancelled)


@dataclass(frozen=True)
class Limits:
    """How long is too long, in seconds."""

    silence_s: float = 30.0  # without an event while a job runs: ask whether the worker lives
    answer_s: float = 15.0  # without an answer to that: it hangs
    stuck_s: float = 900.0  # without progress, even if it answers: it hangs
    cancel_s: float = 8.0  # from asking for a cancel to killing


class Client:
    """One engine process, started when it is first needed, and at most one job at a time."""

    def __init__(self, python: str | Path, folder: Path, log: Path, limits: Limits | None = None) -> None:
        """python: of the engine's environment; folder (exists): for event files; log: for what the worker prints."""
        self.python, self.log, self._folder, self._limits = str(python), log, folder, limits or Limits()
        self._process: subprocess.Popen | None = None
        self._dying: list[subprocess.Popen] = []
        self._tail: child.Tail | None = None
        self._starts = 0
        self._job: Job | None = None
        self._heard = False  # whether this process said anything about the job
        self._warm = False  # whether it was there before the job
        # Seconds of patience: a pause of Blender itself or of the whole computer counts for one at most.
        self._clock, self._polled_at = 0.0, 0.0
        self._event_at = self._progress_at = 0.0
        self._asked_at: float | None = None
        self._cancel_at: float | None = None

    @property
    def _at_work(self) -> Job:
        """The job that has begun; there is one."""
        assert self._job is not None
        return self._job

    @property
    def busy(self) -> bool:
        """Whether a job has begun and not ended."""
        return self._job is not None

    @property
    def process(self) -> subprocess.Popen | None:
        """The worker's process if it is there now, warm or at work."""
        alive = self._process is not None and self._process.poll() is None
        return self._process if alive else None

    def is_at(self, job: str) -> bool:
        """Whether the job of that name is the one that has begun and not ended."""
        return self._job is not None and self._job.job == job

    def begin(self, job: Job) -> None:
        """Begin a job, starting the worker if there is none; a look at a photo makes way for it without a word.

        Raises OSError if the worker cannot be started.
        """
        if isinstance(self._job, Look):
            self.drop()
        if self._job:
            raise RuntimeError(f"job {self._job.job} is still at work")
        self._warm = self.process is not None
        if not self._warm:
            self._start()
        self._job, self._heard, self._asked_at, self._cancel_at = job, False, None, None
        self._event_at = self._progress_at = self._clock
        self._polled_at = time.monotonic()
        self._send(job)

    def cancel(self) -> None:
        """Ask the job to stop; a worker that does not heed it within `cancel_s` is killed. `poll` tells the end."""
        if self._job and self._cancel_at is None:
            self._cancel_at = self._clock
            self._send(Cancel(self._job.job))

    def drop(self) -> None:
        """Have the job stopped as `cancel` does, but do not wait for it: nothing of it comes from `poll` any more."""
        if self._job:
            self._send(Cancel(self._job.job))
            self._job = None

    def poll(self) -> list:
        """What has happened since the last call, as events of the job at work: Progress, then one of Done, Looked,
        Failed, Cancelled. Never waits."""
        if not self._job:
            return []
        now = time.monotonic()
        self._clock, self._polled_at = self._clock + min(now - self._polled_at, 1.0), now
        assert self._process is not None
        code = self._process.poll()  # looked at first: what it said before is in the file by then
        try:
            events = self._read()
        except (ProtocolError, OSError) as error:
            message = f"What the engine says cannot be read: {error}."
            return [self._give_up(Failed(self._at_work.job, ErrorKind.ENGINE_TALK, message, _LOG_FIX))]
        if not self._job:
            return events
        if code is not None:
            return events + self._after_exit(code)
        return events + self._watch()

    def abandon(self) -> None:
        """End the job now, and the process with it. Nothing of it comes from `poll` any more."""
        if self._job:
            self._give_up(Cancelled(self._job.job))

    def release(self) -> None:
        """Let the worker go, with the memory that it holds; a job at work comes back as Cancelled."""
        if self._job:
            self.cancel()
        self._send(Quit())

    def close(self) -> None:
        """End the worker now and wait until it is gone. For Blender's end: a moment at most."""
        self.abandon()
        for process in self._dying:
            process.wait(timeout=10)
        process, self._process = self._process, None
        if process is None:
            return
        self._close_pipe(process)
        try:
            process.wait(timeout=0.5)  # idle, it ends when its input closes
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=10)

    def _start(self) -> None:
        if self._process:
            self._close_pipe(self._process)
        self._dying = [process for process in self._dying if process.poll() is None]
        self._starts += 1
        events = self._folder / f"events-{self._starts}.jsonl"
        # -P and the folder as cwd: nothing that lies about is imported in place of the real thing.
        command = [self.python, "-s", "-P", "-m", "blender_pifu.engine.worker", "--events", events]
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with open(self.log, "ab") as log:
            self._process = child.start(
                command,
                cwd=self._folder,
                stdin=subprocess.PIPE,
                stderr=log,
                env=child.clean_environment(PYTHONPATH=str(child.ROOT)),
            )
        self._tail = child.Tail(events)
        if os.name == "posix" and self._process.stdin:
            os.set_blocking(self._process.stdin.fileno(), False)

    def _send(self, command) -> None:
        if not self._process or not self._process.stdin:
            return
        try:
            self._process.stdin.write(protocol.to_line(command))
            self._process.stdin.flush()
        except (OSError, ValueError):
            pass  # the worker is gone, or hangs with its pipe full: `poll` sees that and says so

    def _read(self) -> list:
        assert self._tail is not None
        events = []
        for line in self._tail.lines():
            event = protocol.read_event(line)
            self._event_at, self._asked_at = self._clock, None
            if getattr(event, "job", None) not in (self._at_work.job, ""):
                continue  # Ready, Alive; or the late end of a job that is given up
            self._heard, self._progress_at = True, self._event_at
            if isinstance(event, _ENDS):
                # Without a job's name it is the engine itself that failed, and that is about to be gone.
                return [*events, self._end(event) if event.job else self._give_up(event)]
            if isinstance(event, Progress) and self._cancel_at is None:
                events.append(event)
        return events

    def _after_exit(self, code: int) -> list:
        job = self._at_work.job
        if self._cancel_at is not None:
            return [self._end(Cancelled(job))]
        if self._warm and not self._heard:  # its idle time ran out, or it was ended, just when the job came
            again, self._job = self._at_work, None
            try:
                self.begin(again)
            except OSError as error:
                message = f"The engine cannot be started: {error}."
                return [Failed(job, ErrorKind.ENGINE_MISSING, message, "Repair the engine.")]
            return []
        return [self._end(self._crash(job, code))]

    def _crash(self, job: str, code: int) -> Failed:
        if code == protocol.EXIT_DISK_FULL:
            fix = "Free some room on it, then try again."
            return Failed(job, ErrorKind.DISK_FULL, f"The disk that holds {self._folder} is full.", fix)
        how = child.describe_exit(code)
        if code < 0 and how == "signal SIGKILL":
            message = "The engine was ended from outside (signal SIGKILL), as happens when the memory runs out."
            fix = "Close other programs or choose a lower quality, then try again."
            return Failed(job, ErrorKind.ENGINE_KILLED, message, fix)
        said = child.last_words(self.log)
        message = f"The engine stopped unexpectedly ({how})." + (f" Its last words: {said[:300]}" if said else "")
        return Failed(job, ErrorKind.ENGINE_CRASHED, message, _LOG_FIX)

    def _watch(self) -> list:
        now, limits = self._clock, self._limits
        if self._cancel_at is not None:
            if now - self._cancel_at < limits.cancel_s:
                return []
            return [self._give_up(Cancelled(self._at_work.job))]
        unanswered = self._asked_at is not None and now - self._asked_at > limits.answer_s
        if unanswered or now - self._progress_at > limits.stuck_s:
            message = f"The engine hung: no progress for {now - self._progress_at:.0f} seconds. It was ended."
            return [self._give_up(Failed(self._at_work.job, ErrorKind.ENGINE_HUNG, message, _LOG_FIX))]
        if self._asked_at is None and now - self._event_at > limits.silence_s:
            self._asked_at = now
            self._send(Ping())
        return []

    def _end(self, event):
        self._job = None
        return event

    def _give_up(self, event):
        """End the job with `event`, and the process with it; the next job starts another."""
        process, self._process = self._process, None
        if process:
            process.kill()
            self._close_pipe(process)
            self._dying.append(process)
        return self._end(event)

    @staticmethod
    def _close_pipe(process: subprocess.Popen) -> None:
        try:
            if process.stdin:
                process.stdin.close()
        except OSError:
            pass  # what was left in its buffer has no reader any more


_LOG_FIX = "Try again. If it happens again, the log tells more."

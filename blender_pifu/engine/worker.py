# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine as a process of its own: commands on standard input, events as lines of a file, logs on standard error.

`python -m blender_pifu.engine.worker [--events FILE]`; without a file the events go to standard output. It ends when
its input closes, when it is told to, or when it has been idle for as long as its last job said.
"""

import argparse
import errno
import logging
import os
import platform
import queue
import sys
import threading
import time

from .. import protocol
from ..protocol import ErrorKind
from .bytecode import keep_bytecode
from .errors import Cancelled, EngineError
from .memory import loading_libraries
from .priority import give_way

_GRACE_S = 3.0  # from the end of our input to the hard end of a job that does not stop
_PROGRESS_S = 0.1  # between two reports of the same step
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_REPAIR = "Repair the engine in the add-on's preferences."

log = logging.getLogger("blender_pifu.worker")


class Events:
    """Where events go. Every event is one write, so two threads cannot mix theirs."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self._lock = descriptor, threading.Lock()

    def send(self, event) -> None:
        """Write an event. Without room for it nothing can be said any more: the process ends and its code says why."""
        line = protocol.to_line(event)
        try:
            with self._lock:
                while line:
                    line = line[os.write(self._descriptor, line) :]
        except OSError as error:
            log.exception("an event could not be written")
            os._exit(protocol.EXIT_DISK_FULL if error.errno in _NO_ROOM else protocol.EXIT_ORPHANED)


class Inbox(threading.Thread):
    """Reads commands while the main thread works: jobs wait in `jobs`, the rest is answered at once."""

    def __init__(self, stream, events: Events) -> None:
        super().__init__(name="commands", daemon=True)
        self.jobs: queue.Queue[protocol.Job | None] = queue.Queue()
        self._stream, self._events = stream, events
        self._cancelled: set[str] = set()
        self._ending = False

    def is_cancelled(self, job: str) -> bool:
        """Whether a job is to stop."""
        return self._ending or job in self._cancelled

    def cancel(self, job: str) -> None:
        """Have a job stop at its next step."""
        self._cancelled.add(job)

    def run(self) -> None:
        for line in self._stream:
            try:
                self._take(protocol.read_command(line))
            except protocol.ProtocolError as error:
                log.error("a command cannot be read: %s", error)
                self._events.send(
                    protocol.Failed("", ErrorKind.INTERNAL, f"The engine cannot read its orders: {error}.", _REPAIR)
                )
        # Blender quit or crashed: nobody waits for the job, and it must not go on without end.
        self._end()
        time.sleep(_GRACE_S)
        log.error("the job did not stop after Blender was gone")
        os._exit(protocol.EXIT_ORPHANED)

    def _take(self, command) -> None:
        if isinstance(command, protocol.Job):
            self.jobs.put(command)
        elif isinstance(command, protocol.Cancel):
            self.cancel(command.job)
        elif isinstance(command, protocol.Ping):
            self._events.send(protocol.Alive())
        elif isinstance(command, protocol.Quit):
            self._end()

    def _end(self) -> None:
        self._ending = True
        self.jobs.put(None)


class Worker:
    """Does one job after the other, and keeps the networks loaded in between."""

    def __init__(self, events: Events, inbox: Inbox) -> None:
        self._events, self._inbox = events, inbox
        self._engine = None
        self._device: str | None = None

    def serve(self) -> None:
        """Work until told to end, or until idle for too long."""
        idle_s = None
        while True:
            try:
                job = self._inbox.jobs.get(timeout=idle_s)
            except queue.Empty:
                log.info("idle for %.0f s: ending", idle_s)
                return
            if job is None:
                return
            self._events.send(self._do(job))
            idle_s = job.keep_warm_s

    def _do(self, job: protocol.Job):
        """Do a job; return the event that ends it. Whatever goes wrong with a job ends that job, not the worker."""
        try:
            if isinstance(job, protocol.Look):
                return self._look(job)
            if isinstance(job, protocol.Capture):
                return self._capture(job)
            return self._pick(job) if isinstance(job, protocol.PickFrames) else self._reconstruct(job)
        except Cancelled:
            return protocol.Cancelled(job.job)
        except EngineError as error:
            log.warning("%s: %s", error.kind, error)
            if _is_no_room(error.__cause__):
                return _disk_full(job)
            return protocol.Failed(job.job, error.kind, str(error), error.fix)
        except Exception as error:
            log.exception("job %s", job.job)
            return _failure(job, error)

    def _reconstruct(self, job: protocol.Generate) -> protocol.Done:
        from .files.result import write_result
        from .files.writable import check_output

        check_output(job.output, inputs=(job.photo, job.choices.back, *job.choices.views, job.choices.model))
        report = _Reporter(job.job, self._events, self._inbox)
        report("Starting the engine", 0.0)
        result = self._engine_on(job.device).reconstruct(job.photo, job.choices, progress=report)
        result = result.written_to(job.output)
        write_result(result, job.output)
        report.check()
        return protocol.Done(job.job, job.output, result.summary.as_dict())

    def _look(self, job: protocol.Look) -> protocol.Looked:
        from .files.thumbnail import write_thumbnail

        report = _Reporter(job.job, self._events, self._inbox)
        report.check()
        photo, found = self._engine_on(job.device).check(job.photo, job.person or None)
        report.check()
        write_thumbnail(photo.rgb, found["people"], found["person"], job.picture)
        return protocol.Looked(job.job, found)

    def _pick(self, job: protocol.PickFrames) -> protocol.FramesPicked:
        from .video.picking import save_frames

        report = _Reporter(job.job, self._events, self._inbox)
        report("Starting the engine", 0.0)
        engine = self._engine_on(job.device)
        picked = engine.pick_frames(job.video, lambda share: report("Choosing frames", share))
        files = save_frames(picked, job.folder)
        report.check()
        told = zip(files, picked.photos, picked.sides, strict=True)
        frames = [{"file": str(file), "name": photo.name, "side": side} for file, photo, side in told]
        return protocol.FramesPicked(job.job, {"frames": frames, "notes": list(picked.notes)})

    def _capture(self, job: protocol.Capture) -> protocol.Done:
        from .files.motion import bones_of, write_motion

        report = _Reporter(job.job, self._events, self._inbox)
        report("Starting the engine", 0.0)
        rig = bones_of(job.bones)
        motion = self._engine_on(job.device).capture(
            job.video, rig, lambda share: report("Following the person", share)
        )
        write_motion(motion, rig.names, job.output)
        report.check()
        return protocol.Done(job.job, job.output, {"notes": list(motion.notes)})

    def _engine_on(self, device: str):
        from .pipeline import Engine

        if self._device != device:
            self._engine = self._device = None  # the memory of the old one goes before the new one takes its own
        if self._engine is None:
            self._engine, self._device = Engine(device), device
        return self._engine


class _Reporter:
    """progress(step, fraction) of one job: passed on, not too often; raises when the job is cancelled."""

    def __init__(self, job: str, events: Events, inbox: Inbox) -> None:
        self._job, self._events, self._inbox = job, events, inbox
        self._step, self._spoke_at = "", 0.0

    def __call__(self, step: str, fraction: float) -> None:
        self.check()
        now = time.monotonic()
        if step != self._step or now - self._spoke_at > _PROGRESS_S:
            self._step, self._spoke_at = step, now
            self._events.send(protocol.Progress(self._job, step, min(max(float(fraction), 0.0), 1.0)))

    def check(self) -> None:
        if self._inbox.is_cancelled(self._job):
            raise Cancelled


def _failure(job: protocol.Job, error: Exception) -> protocol.Failed:
    """What an error that nobody expected means to an artist. Without the job's name the whole process is of no more
    use, and the next job starts another."""
    from .device import is_lost, is_out_of_memory

    if is_out_of_memory(error):
        fix = "Choose a lower quality, or close other programs, then try again."
        return protocol.Failed(job.job, ErrorKind.OUT_OF_MEMORY, "The engine ran out of memory.", fix)
    if _is_no_room(error):
        return _disk_full(job)
    told = f"({type(error).__name__}: {str(error).partition(chr(10))[0]})"
    if is_lost(error):
        fix = "Try again. If it happens again, choose the CPU as the device in the add-on's preferences."
        return protocol.Failed("", ErrorKind.DEVICE, f"The graphics card stopped working {told}.", fix)
    if isinstance(error, ImportError):  # the environment was changed or removed under this process
        return protocol.Failed("", ErrorKind.ENGINE_BROKEN, f"A library of the engine is gone {told}.", _REPAIR)
    message = f"Something unforeseen went wrong in the engine {told}."
    return protocol.Failed(job.job, ErrorKind.INTERNAL, message, "The log tells more.")


def _is_no_room(error: BaseException | None) -> bool:
    return isinstance(error, OSError) and error.errno in _NO_ROOM


def _disk_full(job: protocol.Job) -> protocol.Failed:
    if isinstance(job, protocol.PickFrames):
        folder = job.folder
    else:
        folder = os.path.dirname(job.picture if isinstance(job, protocol.Look) else job.output)
    message = f"The disk that holds {folder} is full."
    return protocol.Failed(job.job, ErrorKind.DISK_FULL, message, "Free some room on it, then try again.")


def main(arguments: list[str] | None = None) -> int:
    """Run the worker; returns its exit code."""
    output = os.dup(1)
    os.dup2(2, 1)  # what libraries print is log, and cannot get among the events
    parser = argparse.ArgumentParser(prog="blender_pifu.engine.worker", description="Serves Blender; see the module.")
    parser.add_argument("--events", metavar="FILE", help="file to append the events to (default: standard output)")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if options.events:
        output = os.open(options.events, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o600)

    events = Events(output)
    inbox = Inbox(sys.stdin.buffer, events)
    inbox.start()
    keep_bytecode()
    give_way()
    try:
        with loading_libraries():
            import torch

            from . import pipeline  # noqa: F401 (loads all that a job needs)
    except Exception as error:
        log.exception("the engine's libraries cannot be loaded")
        message = f"The engine cannot load its libraries ({type(error).__name__}: {error})."
        events.send(protocol.Failed("", ErrorKind.ENGINE_BROKEN, message, _REPAIR))
        return 1
    log.info("ready: Python %s, torch %s", platform.python_version(), torch.__version__)
    events.send(protocol.Ready(platform.python_version(), str(torch.__version__)))
    Worker(events, inbox).serve()
    return 0


if __name__ == "__main__":
    code = main()
    logging.shutdown()
    # Not by the interpreter's own end: the reading thread holds standard input, and libraries may hang there.
    os._exit(code)

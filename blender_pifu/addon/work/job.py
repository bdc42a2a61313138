# SPDX-License-Identifier: GPL-3.0-or-later
"""The one piece of work under way, and the tick that carries it on without holding Blender.

With a window `tick` is called by a timer; in background mode, where timers do not fire, it is looped.
"""

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import bpy

from ...protocol import ErrorKind
from ..errors import UserError
from ..identity import key
from ..languages import rpt
from .timing import Timing

TICK_S = 0.1
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """How a task ended: `state` is DONE, FAILED or CANCELLED."""

    state: str
    message: str
    kind: str = ""
    fix: str = ""
    body: str = ""  # `identity.key` of the mesh object that came of it


class Task(Protocol):
    """What can be under way."""

    title: str
    first_step: str
    belongs_to_file: bool  # ends when another file is opened
    importing: bool  # its last poll built the scene

    def poll(self, show: Callable[[str, float], None]) -> Outcome | None:
        """Carry on without waiting; show(step, fraction) tells how far it is. An Outcome ends it. Raises UserError."""

    def cancel(self) -> None:
        """Stop soon; a later poll tells the end."""

    def abort(self) -> None:
        """Stop now; there is no later poll."""


@dataclass(frozen=True)
class Tick:
    """How long a tick held Blender's main thread, and whether it built the scene."""

    seconds: float
    importing: bool


# The newest ticks, for whoever wants to know how smoothly it runs.
ticks: deque[Tick] = deque(maxlen=10_000)
_task: Task | None = None
_engine_outcome: Outcome | None = None  # how the last installation ended; no file's matter
_timing = Timing(0.0)  # of the task
_drawn: tuple = ()  # what the panel showed of it when it was last told to be drawn
_SHOWN_IN = {"VIEW_3D": "UI", "PREFERENCES": "WINDOW"}  # type of area -> of its region


def is_running() -> bool:
    """Whether a task is under way."""
    return _task is not None


def begin(task: Task) -> None:
    """Make a task the one under way; from here on `tick` carries it."""
    global _task, _engine_outcome, _timing
    _task, _engine_outcome, _timing = task, None, Timing(time.monotonic())
    _show_begin(task)


def launch(operator, task: Task) -> set[str]:
    """Begin a task for an operator; return what its `execute` is to return. In background mode it runs to its end."""
    begin(task)
    if not bpy.app.background:
        if not bpy.app.timers.is_registered(tick):
            bpy.app.timers.register(tick, first_interval=TICK_S, persistent=True)
        redraw()
        return {"FINISHED"}
    try:
        while tick() is not None:
            time.sleep(TICK_S)
    finally:
        abort()  # after Ctrl-C nothing goes on
    status = _status()
    if status.state == "DONE":
        return {"FINISHED"}
    operator.report({"ERROR"}, rpt(" ".join(part for part in (status.message, status.fix) if part)))
    return {"CANCELLED"}


def refuse(operator, error: UserError) -> set[str]:
    """Tell the artist why a task does not begin."""
    _status().about_engine = error.kind in {ErrorKind.INSTALL_FAILED, ErrorKind.IMPORT_FAILED, ErrorKind.OFFLINE}
    _status().scene = key(bpy.context.scene)
    _finish(Outcome("FAILED", str(error), error.kind, error.fix))
    operator.report({"ERROR"}, rpt(f"{error} {error.fix}".strip()))
    return {"CANCELLED"}


def tick() -> float | None:
    """Carry the task on; return the seconds until the next call, or None when there is nothing left to do."""
    global _task
    if _task is None:
        return None
    start = time.perf_counter()
    task, outcome = _task, None
    try:
        outcome = task.poll(_show)
    except UserError as error:
        outcome = Outcome("FAILED", str(error), error.kind, error.fix)
    except Exception as error:
        log.exception("%s", task.title)
        task.abort()
        message = f"Something unforeseen went wrong in the add-on ({type(error).__name__}: {error})."
        outcome = Outcome("FAILED", message, ErrorKind.INTERNAL, "Blender's console tells more.")
    if outcome:
        _task = None
        _finish(outcome)
    else:
        now = time.monotonic()
        _status().elapsed_s, _status().remaining_s = _timing.elapsed_s(now), _timing.remaining_s(now)
    _redraw_if_changed()
    ticks.append(Tick(time.perf_counter() - start, task.importing))
    return TICK_S if outcome is None else None


def cancel() -> None:
    """Ask the task to stop; it ends at a later tick."""
    if _task:
        _status().step = "Cancelling"
        _task.cancel()


def abort() -> None:
    """End the task at once, without another tick."""
    global _task
    if _task:
        task, _task = _task, None
        task.abort()
        _finish(Outcome("CANCELLED", f"{task.title}: cancelled."))
    if bpy.app.timers.is_registered(tick):
        bpy.app.timers.unregister(tick)


def forget() -> None:
    """Say no more of how the last work ended; of the engine's installation it stays true."""
    status = _status()
    if status.state not in {"IDLE", "RUNNING"} and not status.about_engine:
        _finish(Outcome("IDLE", ""))


def carry_over() -> None:
    """In a file just opened, which may bring a status of its own: show what goes on here, or how installing ended."""
    if _task:
        _show_begin(_task)
        return
    _status().about_engine = _engine_outcome is not None
    _finish(_engine_outcome or Outcome("IDLE", ""))


@bpy.app.handlers.persistent
def on_load(*_arguments) -> None:
    """Another file is opened: what was begun for this one has no place there. An installation goes on."""
    if _task and _task.belongs_to_file:
        abort()


def redraw() -> None:
    """Have the panel, the preferences and the status bar drawn again, and no scene, which may take long."""
    windows = bpy.context.window_manager.windows
    for region in regions(windows):
        region.tag_redraw()
    for window in windows if not bpy.app.background else ():
        if not window.modal_operators:  # whose keys the status bar may show
            with bpy.context.temp_override(window=window):
                bpy.context.workspace.status_text_set_internal(None)  # the one way to have the status bar drawn


def regions(windows) -> list:
    """The regions of those windows that show work: open sidebars of 3D Views, and the preferences."""
    areas = [area for window in windows for area in window.screen.areas if area.type in _SHOWN_IN]
    return [region for area in areas for region in area.regions if region.type == _SHOWN_IN[area.type]
            and region.width > 1]  # fmt: skip


def _redraw_if_changed() -> None:
    """Redraw where the panel would show something else than when this last did."""
    global _drawn
    status = _status()
    now = status.state, status.step, f"{status.fraction:.0%}", status.elapsed_s, status.remaining_s
    if now != _drawn:
        _drawn = now
        redraw()


def _show(step: str, fraction: float) -> None:
    status = _status()
    status.step, status.fraction = step, fraction
    _timing.at(time.monotonic(), fraction)


def _show_begin(task: Task) -> None:
    status = _status()
    status.state, status.step, status.fraction = "RUNNING", task.first_step, 0.0
    status.elapsed_s, status.remaining_s = 0, -1
    status.about_engine = not task.belongs_to_file
    status.scene = key(bpy.context.scene)
    status.message = status.fix = status.kind = status.body = ""


def _finish(outcome: Outcome) -> None:
    global _engine_outcome
    status = _status()
    _engine_outcome = outcome if status.about_engine else None
    status.state, status.message, status.kind, status.fix = outcome.state, outcome.message, outcome.kind, outcome.fix
    status.body = outcome.body
    status.step, status.fraction = "", 0.0
    status.elapsed_s, status.remaining_s = 0, -1
    redraw()


def _status():
    return bpy.context.window_manager.pifu

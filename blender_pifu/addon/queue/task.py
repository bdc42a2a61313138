# SPDX-License-Identifier: GPL-3.0-or-later
"""The task behind Generate Queue: one photo after another becomes a human, each beside the one before."""

import bpy

from ...protocol import ErrorKind
from .. import identity
from ..errors import UserError
from ..person.human import Human, armature_of
from ..person.view import show as frame
from ..work.generate import GenerateTask, shown_in
from ..work.job import Outcome
from . import entries

# What the engine or the disk lacks, it lacks for every photo: the queue waits until that is mended.
STOPS = {
    ErrorKind.DISK,
    ErrorKind.DISK_FULL,
    ErrorKind.ENGINE_BROKEN,
    ErrorKind.ENGINE_MISSING,
    ErrorKind.ENGINE_OUTDATED,
    ErrorKind.OFFLINE,
    ErrorKind.OPTION,
}


class QueueTask:
    """Makes the photos that wait, in their order as it is when each comes. Raises UserError if none can begin."""

    title, first_step = "Generate Queue", "Starting the engine"
    belongs_to_file = True

    def __init__(self, context) -> None:
        self._scene = identity.key(context.scene)
        self._made: list[str] = []  # `identity.key` of the mesh objects, in the order of the row
        self._ended = self._failed = 0
        self._current: GenerateTask | None = None
        self._uid, self._stopped, self.importing = "", False, False
        entries.queue().stopping = False
        if not self._begin_next():
            raise UserError(ErrorKind.NO_PHOTO, "No photo waits in the queue.", "Add some.")

    def poll(self, show) -> Outcome | None:
        """Carry on with the photo at work; begin the next where it has ended."""
        current = self._current
        try:
            outcome = current.poll(lambda step, fraction: show(step, self._fraction(fraction)))
        except UserError as error:
            outcome = _failure(error)
        self.importing = current.importing
        if outcome is None:
            return None
        self._note(outcome)
        if outcome.state == "CANCELLED" or self._stopped or entries.queue().stopping:
            return self._end("CANCELLED")
        if outcome.state == "FAILED" and outcome.kind in STOPS:
            return outcome
        show("Starting the engine", self._fraction(0.0))
        return None if self._begin_next() else self._end("DONE")

    def cancel(self) -> None:
        """Stop the photo at work; it waits again, as those after it do."""
        self._stopped = True
        self._current.cancel()

    def abort(self) -> None:
        """Stop at once."""
        self._current.abort()
        self._to_waiting()

    def _begin_next(self) -> bool:
        """Begin the next photo that can be; False where none waits. Raises UserError where no photo could be made."""
        while entry := entries.next_waiting():
            entry.message = entry.fix = entry.body = ""
            self._uid, entry.state = entry.uid, entries.AT_WORK
            scene = identity.find(bpy.data.scenes, self._scene) or bpy.context.scene
            try:
                with bpy.context.temp_override(**shown_in(scene)):
                    self._current = GenerateTask(bpy.context, entry.filepath, beside=self._last_made())
                return True
            except UserError as error:
                if error.kind in STOPS:
                    self._to_waiting()
                    raise
                self._note(_failure(error))
        return False

    def _last_made(self) -> str:
        """The mesh object at the end of the row, beside whom the next one stands; "" where there is none yet."""
        there = (key for key in reversed(self._made) if identity.find(bpy.data.objects, key))
        return next(there, "")

    def _note(self, outcome: Outcome) -> None:
        """Keep with the photo what has come of it."""
        if outcome.state == "CANCELLED" or (outcome.state == "FAILED" and outcome.kind in STOPS):
            self._to_waiting()
            return
        self._ended += 1
        if outcome.state == "DONE":
            self._made.append(outcome.body)
            self._frame_row()
        else:
            self._failed += 1
        if entry := entries.find(self._uid):
            entry.state = entries.DONE if outcome.state == "DONE" else entries.FAILED
            entry.message, entry.fix, entry.body = outcome.message, outcome.fix, outcome.body

    def _to_waiting(self) -> None:
        if entry := entries.find(self._uid):
            entry.state = entries.WAITING

    def _fraction(self, of_current: float) -> float:
        whole = self._ended + entries.count(entries.WAITING) + 1
        return min(1.0, (self._ended + of_current) / whole)

    def _frame_row(self) -> None:
        """Select all that were made, the newest active, and look at them."""
        bodies = [identity.find(bpy.data.objects, key) for key in self._made]
        for window in bpy.context.window_manager.windows:
            layer = window.view_layer
            row = {thing for body in filter(None, bodies) for thing in (body, Human(body, armature_of(body)).root)}
            for thing in row:
                if thing.name in layer.objects:
                    thing.select_set(True, view_layer=layer)
        if bodies[-1]:
            frame(bpy.context.window_manager.windows, bodies[-1])

    def _end(self, state: str) -> Outcome:
        made, failed, waiting = len(self._made), self._failed, entries.count(entries.WAITING)
        told = [f"{made} of {made + failed} photos became humans."] if made + failed else []
        told += [f"{failed} failed: the queue says why."] if failed else []
        told += [f"{waiting} wait."] if waiting else []
        state = "FAILED" if state == "DONE" and not made else state
        return Outcome(state, " ".join(told) or "Stopped.", body=self._last_made())


def _failure(error: UserError) -> Outcome:
    return Outcome("FAILED", str(error), error.kind, error.fix)

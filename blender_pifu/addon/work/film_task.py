# SPDX-License-Identifier: GPL-3.0-or-later
"""A task of the engine on a film: begun, followed, stopped, and its folder taken away, whatever comes of the film."""

import shutil

import bpy

from ...protocol import Cancelled, ErrorKind, Failed, Progress
from .. import identity, kept
from ..errors import UserError
from . import session
from .job import Outcome

_OF_FILM = {ErrorKind.INPUT, ErrorKind.NO_PERSON, ErrorKind.OPTION}


class FilmTask:
    """One request on one film; see `job.Task`."""

    title, first_step = "", "Starting the engine"
    belongs_to_file, importing = True, False
    answer: type  # event with which the engine hands over what it made
    blames = ErrorKind.INPUT  # kind of an error that is the film's

    def __init__(self, context) -> None:
        self._scene = identity.key(context.scene)
        self._client = session.client()
        self.folder = session.new_job_folder()  # gone at the job's end

    def take(self, answer) -> Outcome:
        """Bring in what the engine made."""
        raise NotImplementedError

    def begin(self, context, request: type, **told) -> None:
        """Send the engine a command of `protocol`; told: its fields but those that all have. Raises UserError."""
        common = {"device": kept.torch_device(context), "keep_warm_s": kept.keep_warm_s(context)}
        try:
            self._client.begin(request(job=self.folder.name, **told, **common))
        except OSError as error:
            self._clean()
            raise UserError(ErrorKind.ENGINE_BROKEN, f"The engine cannot be started: {error}.", "Repair it.") from error

    def poll(self, show) -> Outcome | None:
        """See what the engine has done; bring it in when it is finished."""
        for event in self._client.poll():
            if isinstance(event, Progress):
                show(event.step, event.fraction)
            elif isinstance(event, self.answer):
                try:
                    return self.take(event)
                finally:
                    self._clean()
            elif isinstance(event, Failed):
                self._clean()
                kind = self.blames if event.kind in _OF_FILM else event.kind
                return Outcome("FAILED", event.message, kind, event.fix)
            elif isinstance(event, Cancelled):
                self._clean()
                return Outcome("CANCELLED", "Cancelled.")
        return None

    def cancel(self) -> None:
        """Ask the engine to stop."""
        self._client.cancel()

    def abort(self) -> None:
        """Stop at once."""
        self._client.abandon()
        self._clean()

    def scene(self) -> bpy.types.Scene:
        """The scene that it was begun in, or that is open now."""
        return identity.find(bpy.data.scenes, self._scene) or bpy.context.scene

    def can_be_undone(self) -> None:
        """Make what was brought in one step of undo."""
        # In background mode there is no undo unless the script began it.
        if not bpy.app.background or bpy.ops.ed.undo_history.poll():
            bpy.ops.ed.undo_push(message=self.title)

    def _clean(self) -> None:
        # A worker that is being killed may still hold a file on Windows; the session's end sweeps it.
        shutil.rmtree(self.folder, ignore_errors=True)

# SPDX-License-Identifier: GPL-3.0-or-later
"""The task behind Motion from Video: the engine follows somebody in a film, and a human does as they do."""

import logging
import shutil
from pathlib import Path

import bpy

from ...protocol import Cancelled, Capture, Done, ErrorKind, Failed, Progress
from ...result_file import ResultError, read_motion
from .. import identity, kept
from ..controls.follow import control_turns
from ..errors import UserError
from ..person.human import Human
from ..person.motion import add_action, bones_of
from . import session
from .job import Outcome

_OF_FILM = {ErrorKind.INPUT, ErrorKind.NO_PERSON, ErrorKind.OPTION}
log = logging.getLogger(__name__)


class MotionTask:
    """One motion of one human. Raises UserError if it cannot begin."""

    title, first_step = "Motion from Video", "Starting the engine"
    belongs_to_file, importing = True, False

    def __init__(self, context, person: Human, video: Path) -> None:
        """person: with an armature; video: a film, or a folder of its frames."""
        assert person.armature is not None
        bones = bones_of(context.scene, person.armature)
        self._scene, self._armature = identity.key(context.scene), identity.key(person.armature)
        self._client = session.client()
        self._folder = session.new_job_folder()
        try:
            self._client.begin(
                Capture(
                    job=self._folder.name,
                    video=str(video),
                    bones=bones,
                    output=str(self._folder / "motion.npz"),
                    device=kept.torch_device(context),
                    keep_warm_s=kept.keep_warm_s(context),
                )
            )
        except OSError as error:
            self._clean()
            raise UserError(ErrorKind.ENGINE_BROKEN, f"The engine cannot be started: {error}.", "Repair it.") from error

    def poll(self, show) -> Outcome | None:
        """See what the engine has done; give the armature its action when it is finished."""
        for event in self._client.poll():
            if isinstance(event, Progress):
                show(event.step, event.fraction)
            elif isinstance(event, Done):
                try:
                    return self._take(Path(event.output))
                finally:
                    self._clean()
            elif isinstance(event, Failed):
                self._clean()
                kind = ErrorKind.MOTION if event.kind in _OF_FILM else event.kind
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

    def _take(self, output: Path) -> Outcome:
        scene = identity.find(bpy.data.scenes, self._scene) or bpy.context.scene
        armature = identity.find(bpy.data.objects, self._armature)
        if armature is None:
            return Outcome("FAILED", "The human for whom the motion was read is gone.", ErrorKind.RESULT, "Try again.")
        try:
            names, motion = read_motion(output)
            action = add_action(scene, armature, names, motion, control_turns)
        except (ResultError, MemoryError, RuntimeError) as error:
            log.exception("the motion cannot be brought in")
            return Outcome("FAILED", str(error), ErrorKind.RESULT, "Try again.")
        # In background mode there is no undo unless the script began it.
        if not bpy.app.background or bpy.ops.ed.undo_history.poll():
            bpy.ops.ed.undo_push(message=self.title)
        seconds = len(motion.turns) / motion.rate
        told = f'The action "{action.name}": {seconds:.1f} seconds.'
        return Outcome("DONE", " ".join([told, *motion.notes]))

    def _clean(self) -> None:
        # A worker that is being killed may still hold a file on Windows; the session's end sweeps it.
        shutil.rmtree(self._folder, ignore_errors=True)

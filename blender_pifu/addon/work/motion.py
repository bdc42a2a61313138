# SPDX-License-Identifier: GPL-3.0-or-later
"""The task behind Motion from Video: the engine follows somebody in a film, and a human does as they do."""

import logging
from pathlib import Path

import bpy

from ...protocol import Capture, Done, ErrorKind
from ...result_file import ResultError, read_motion
from .. import identity
from ..controls.follow import control_turns
from ..person.human import Human
from ..person.motion import add_action, bones_of
from .film_task import FilmTask
from .job import Outcome

log = logging.getLogger(__name__)


class MotionTask(FilmTask):
    """One motion of one human. Raises UserError if it cannot begin."""

    title, answer, blames = "Motion from Video", Done, ErrorKind.MOTION

    def __init__(self, context, person: Human, video: Path) -> None:
        """person: with an armature; video: a film, or a folder of its frames."""
        assert person.armature is not None
        bones = bones_of(context.scene, person.armature)
        super().__init__(context)
        self._armature = identity.key(person.armature)
        self.begin(context, Capture, video=str(video), bones=bones, output=str(self.folder / "motion.npz"))

    def take(self, answer: Done) -> Outcome:
        """The motion as an action of the armature."""
        armature = identity.find(bpy.data.objects, self._armature)
        if armature is None:
            return Outcome("FAILED", "The human for whom the motion was read is gone.", ErrorKind.RESULT, "Try again.")
        try:
            names, motion = read_motion(Path(answer.output))
            action = add_action(self.scene(), armature, names, motion, control_turns)
        except (ResultError, MemoryError, RuntimeError) as error:
            log.exception("the motion cannot be brought in")
            return Outcome("FAILED", str(error), ErrorKind.RESULT, "Try again.")
        self.can_be_undone()
        seconds = len(motion.turns) / motion.rate
        told = f'The action "{action.name}": {seconds:.1f} seconds.'
        return Outcome("DONE", " ".join([told, *motion.notes]))

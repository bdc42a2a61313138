# SPDX-License-Identifier: GPL-3.0-or-later
"""The task behind Open Video: the engine chooses frames of a film, which become the photo and the further photos."""

import logging
import shutil
from pathlib import Path

import bpy

from ...protocol import Cancelled, ErrorKind, Failed, FramesPicked, PickFrames, Progress
from .. import identity, kept
from ..errors import UserError
from . import session
from .job import Outcome

SEEN = "Seen from the {side}."
_OF_FILM = {ErrorKind.INPUT, ErrorKind.NO_PERSON, ErrorKind.OPTION}
log = logging.getLogger(__name__)


class FilmTask:
    """One choice of frames. Raises UserError if it cannot begin."""

    title, first_step = "Open Video", "Starting the engine"
    belongs_to_file, importing = True, False

    def __init__(self, context, video: Path) -> None:
        """video: a film, or a folder of its frames."""
        self._scene = identity.key(context.scene)
        self._client = session.client()
        self._folder = session.new_job_folder()
        try:
            self._client.begin(
                PickFrames(
                    job=self._folder.name,
                    video=str(video),
                    folder=str(self._folder),
                    device=kept.torch_device(context),
                    keep_warm_s=kept.keep_warm_s(context),
                )
            )
        except OSError as error:
            self._clean()
            raise UserError(ErrorKind.ENGINE_BROKEN, f"The engine cannot be started: {error}.", "Repair it.") from error

    def poll(self, show) -> Outcome | None:
        """See what the engine has done; take the frames in when it is finished."""
        for event in self._client.poll():
            if isinstance(event, Progress):
                show(event.step, event.fraction)
            elif isinstance(event, FramesPicked):
                try:
                    return self._take(event.report)
                finally:
                    self._clean()
            elif isinstance(event, Failed):
                self._clean()
                kind = ErrorKind.VIDEO if event.kind in _OF_FILM else event.kind
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

    def _take(self, report: dict) -> Outcome:
        """The frames in place of the photos that were chosen before."""
        scene = identity.find(bpy.data.scenes, self._scene) or bpy.context.scene
        settings = scene.pifu
        try:
            images = [_packed(frame) for frame in report["frames"]]
        except RuntimeError as error:
            log.exception("the frames cannot be loaded")
            return Outcome("FAILED", str(error), ErrorKind.RESULT, "Try again.")
        settings.photo, settings.back_photo = images[0], None
        settings.views.clear()
        for image, frame in zip(images[1:], report["frames"][1:], strict=True):
            view = settings.views.add()
            view.image, view.used, view.told = image, True, SEEN.format(side=frame["side"])
        # In background mode there is no undo unless the script began it.
        if not bpy.app.background or bpy.ops.ed.undo_history.poll():
            bpy.ops.ed.undo_push(message=self.title)
        return Outcome("DONE", " ".join(report["notes"]))

    def _clean(self) -> None:
        # A worker that is being killed may still hold a file on Windows; the session's end sweeps it.
        shutil.rmtree(self._folder, ignore_errors=True)


def _packed(frame: dict) -> bpy.types.Image:
    """A frame as an image that lies in the .blend file, for there is no file of it. Raises RuntimeError."""
    image = bpy.data.images.load(frame["file"])
    image.pack()
    image.name = frame["name"]
    image.filepath_raw = f"//{Path(frame['name']).name}.jpg"
    image.preview_ensure()
    return image

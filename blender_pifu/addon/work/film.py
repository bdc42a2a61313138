# SPDX-License-Identifier: GPL-3.0-or-later
"""The task behind Open Video: the engine chooses frames of a film, which become the photo and the further photos."""

import logging
from pathlib import Path

import bpy

from ...protocol import ErrorKind, FramesPicked, PickFrames
from .film_task import FilmTask
from .job import Outcome

SEEN = "Seen from the {side}."
log = logging.getLogger(__name__)


class FramesTask(FilmTask):
    """One choice of frames. Raises UserError if it cannot begin."""

    title, answer, blames = "Open Video", FramesPicked, ErrorKind.VIDEO

    def __init__(self, context, video: Path) -> None:
        """video: a film, or a folder of its frames."""
        super().__init__(context)
        self.begin(context, PickFrames, video=str(video), folder=str(self.folder))

    def take(self, answer: FramesPicked) -> Outcome:
        """The frames in place of the photos that were chosen before."""
        report, settings = answer.report, self.scene().pifu
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
        self.can_be_undone()
        return Outcome("DONE", " ".join(report["notes"]))


def _packed(frame: dict) -> bpy.types.Image:
    """A frame as an image that lies in the .blend file, for there is no file of it. Raises RuntimeError."""
    image = bpy.data.images.load(frame["file"])
    image.pack()
    image.name = frame["name"]
    image.filepath_raw = f"//{Path(frame['name']).name}.jpg"
    image.preview_ensure()
    return image

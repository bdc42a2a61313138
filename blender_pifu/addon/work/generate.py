# SPDX-License-Identifier: GPL-3.0-or-later
"""The task behind Generate Human: a photo goes to the engine, what comes back goes into the scene."""

import json
import logging
import shutil
import time
from pathlib import Path

import bpy

from ...choices import ChoiceError, Choices
from ...protocol import Cancelled, Done, ErrorKind, Failed, Generate, Progress
from ...result_file import ResultError, read_result
from .. import identity, kept
from ..controls.furnish import furnish
from ..errors import UserError
from ..person.human import Human
from ..posing.repose import describe, repose
from . import forecast, further_photos, history, models, photo, photo_check, session
from .job import Outcome
from .scene_choices import chosen
from .timing import clock

log = logging.getLogger(__name__)


class GenerateTask:
    """One job of the engine. Raises UserError if it cannot begin."""

    title, first_step = "Generate Human", "Starting the engine"
    belongs_to_file = True

    def __init__(self, context, filepath: str = "", person: int = 0, back_filepath: str = "", beside: str = "") -> None:
        """filepath: the photo's; by default the photos and the person chosen in the scene are taken. beside:
        `identity.key` of the mesh object of a human next to which this one is to stand, "" for the 3D cursor, or who
        stands there already."""
        settings = context.scene.pifu
        self.importing, self._begun = False, time.monotonic()
        if not filepath and (obstacle := photo_check.obstacle(context.scene)):
            raise UserError(ErrorKind.NO_PERSON, obstacle)
        self._model = models.find(settings.model)
        self._scene = identity.key(context.scene)
        self._bones, self._controls = settings.bones, settings.controls
        self._pose, self._beside = settings.pose, beside
        self._chosen = chosen(settings)
        self._made = history.note(settings, self._model, filepath, person, back_filepath)
        self._client = session.client()
        self._folder = session.new_job_folder()
        self._output: Path | None = None
        self._dropped = False
        try:
            source = self._source(settings, filepath)
            self._name = source[0]
            self._client.begin(
                Generate(
                    job=self._folder.name,
                    photo=str(source[1]),
                    output=str(self._folder / "result.npz"),
                    choices=Choices(
                        model=models.for_engine(self._model),
                        person=person if filepath else settings.person,
                        back=self._back_photo(settings, filepath, back_filepath),
                        views=() if filepath else further_photos.files(settings, self._folder),
                        **self._chosen,
                    ),
                    device=kept.torch_device(context),
                    keep_warm_s=kept.keep_warm_s(context),
                )
            )
        except ChoiceError as error:
            self._clean()
            raise UserError(ErrorKind.OPTION, str(error), error.fix) from error
        except OSError as error:
            self._clean()
            raise UserError(ErrorKind.ENGINE_BROKEN, f"The engine cannot be started: {error}.", "Repair it.") from error
        except BaseException:
            self._clean()
            raise

    def poll(self, show) -> Outcome | None:
        """See what the engine has done; build the scene when it is finished and Blender is free for it."""
        for event in self._client.poll():
            if isinstance(event, Progress):
                show(event.step, event.fraction)
            elif isinstance(event, Done):
                self._output = Path(event.output)
            elif isinstance(event, Failed):
                self._clean()
                return Outcome("FAILED", event.message, self._kind(event), event.fix)
            elif isinstance(event, Cancelled):
                self._clean()
                return Outcome("CANCELLED", "Cancelled.")
        if not self._output:
            return None
        if self._dropped:  # finished before the cancel came through
            self._clean()
            return Outcome("CANCELLED", "Cancelled.")
        scene = identity.find(bpy.data.scenes, self._scene) or bpy.context.scene
        with bpy.context.temp_override(**shown_in(scene)):
            if obstacle := _obstacle(bpy.context):
                show(obstacle, 1.0)
                return None
            self.importing = True
            try:
                return self._import(bpy.context, scene)
            finally:
                self._clean()

    def cancel(self) -> None:
        """Ask the engine to stop; what it has finished already is dropped."""
        self._dropped = True
        self._client.cancel()

    def abort(self) -> None:
        """Stop at once."""
        self._client.abandon()
        self._clean()

    def _source(self, settings, filepath: str) -> tuple[str, Path]:
        """(name for the person, file of the photo)"""
        if filepath:
            path = Path(bpy.path.abspath(filepath))
            return path.stem or "Human", path
        if settings.photo is None:
            raise UserError(ErrorKind.NO_PHOTO, "There is no photo yet.", "Choose one.")
        return Path(settings.photo.name).stem or "Human", photo.as_file(settings.photo, self._folder, settings.id_data)

    def _back_photo(self, settings, filepath: str, back_filepath: str) -> str:
        if filepath:
            return bpy.path.abspath(back_filepath) if back_filepath else ""
        if settings.back_photo is None:
            return ""
        return str(photo.as_file(settings.back_photo, self._folder, settings.id_data, "back photo"))

    def _kind(self, event: Failed) -> str:
        """The sort of error; the engine does not know which models are the artist's own."""
        if event.kind == ErrorKind.MODEL and self._model not in models.BUNDLED:
            return ErrorKind.IMPORTED_MODEL
        return event.kind

    def _import(self, context, scene) -> Outcome:
        from ..person.place import neighbour, stand_beside
        from ..person.scene import add_human
        from ..person.view import hide_default_cube, show

        try:
            human = read_result(self._output)
            body = add_human(context, scene, human, self._name, self._bones, self._controls)
            if body.parent:
                furnish(context, scene, body.parent, self._controls)
            posed = self._take_pose(context, body)
        except (ResultError, MemoryError, RuntimeError) as error:
            log.exception("the result cannot be brought in")
            return Outcome("FAILED", str(error) or "Blender ran out of memory.", ErrorKind.RESULT, "Try again.")
        seconds = int(time.monotonic() - self._begun)
        forecast.learn(self._chosen, human.summary.seconds, len(human.summary.views or ()))
        further_photos.tell(scene.pifu, human.summary)
        body.pifu.made = json.dumps(self._made | {"seconds": seconds})
        context.view_layer.update()
        other = identity.find(bpy.data.objects, self._beside) if self._beside else None
        if other := other or neighbour(scene, body):
            stand_beside(body, other)
        hidden = scene == context.scene and hide_default_cube(context.view_layer, body)
        show(bpy.context.window_manager.windows, body)
        # In background mode there is no undo unless the script began it.
        if not bpy.app.background or bpy.ops.ed.undo_history.poll():
            bpy.ops.ed.undo_push(message=self.title)
        cube = "The default cube is hidden." if hidden else ""
        notes = " ".join(filter(None, [*(human.summary.notes or ()), posed, cube]))
        kind = ErrorKind.LEGS if human.rig and human.summary.legs_guessed else ""
        told = f"{self._name}: {len(human.faces):,} faces in {clock(seconds)}. {notes}".strip()
        return Outcome("DONE", told, kind, body=identity.key(body))

    def _take_pose(self, context, body) -> str:
        """Bring a person that has bones into the rest pose that was chosen; returns what there is to say of it."""
        if self._pose == "PHOTO" or body.parent is None:
            return ""
        try:
            torn = repose(context, Human(body, body.parent), self._pose)
        except UserError as error:  # arms or legs are out of the picture
            return f"It has the photo's pose. {error}"
        return describe(torn) if torn.edges else ""

    def _clean(self) -> None:
        # A worker that is being killed may still hold a file on Windows; the session's end sweeps it.
        shutil.rmtree(self._folder, ignore_errors=True)


def shown_in(scene) -> dict:
    """The override for a window that shows the scene: a timer has none of its own."""
    windows = bpy.context.window_manager.windows
    return next(({"window": window} for window in windows if window.scene == scene), {"scene": scene})


def _obstacle(context) -> str:
    """Why the scene cannot be changed just now, or nothing. In other modes an undo step would miss new objects."""
    if bpy.app.background:
        return ""
    if context.mode != "OBJECT":
        return "Done: leave to Object Mode to bring the human in"
    if bpy.app.is_job_running("RENDER"):
        return "Done: waiting for the render to end"
    return ""

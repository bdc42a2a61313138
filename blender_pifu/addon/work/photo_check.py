# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine's look at a photo as soon as it is chosen: who is in it, and how good it is.

It waits while something else is at work, makes way for a job, and the next choice takes its place. What it found lies
in the status group. In background mode, where timers do not fire, only the operator looks.
"""

import logging
import shutil
from dataclasses import dataclass
from pathlib import Path

import bpy

from ...choices import OPTIONS
from ...client import Client
from ...protocol import Cancelled, ErrorKind, Failed, Look, Looked
from .. import identity, kept
from ..errors import UserError
from . import engine_state, job, photo, session, thumbnail
from .scene_choices import chosen as chosen_in

_TEXELS_ALONG = 0.77  # of a texture's side: pixels along a body of which it is the map
_OF_PHOTO = {ErrorKind.INPUT, ErrorKind.NO_PERSON, ErrorKind.NO_PHOTO}
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _UnderWay:
    """A look that the engine is at."""

    client: Client
    folder: Path
    scene: str
    image: str
    person: int


_wanted: str | None = None  # `identity.key` of the scene whose photo is to be looked at
_now: _UnderWay | None = None
_shown: Path | None = None  # folder of the picture that is drawn


def chosen(scene) -> None:
    """The scene's photo or the person in it is another now: look at it, if that can be done without a pause."""
    stop()
    image = scene.pifu.photo
    if image is None:
        return
    image.preview_ensure()
    if not bpy.app.background and engine_state.current().word == "ready" and photo.is_quick(image):
        want(scene)


def want(scene) -> None:
    """Look at the scene's photo when nothing else is at work."""
    global _wanted
    stop()
    _wanted = identity.key(scene)
    _status().looking = True
    if not bpy.app.background and not bpy.app.timers.is_registered(tick):
        bpy.app.timers.register(tick, first_interval=job.TICK_S, persistent=True)
    job.redraw()


def tick() -> float | None:
    """Carry the look on; return the seconds until the next call, or None when there is nothing left to do."""
    if _now is not None:
        _follow(_now)
    elif _wanted is not None and not job.is_running():
        _begin()
    return None if _now is None and _wanted is None else job.TICK_S


def stop() -> None:
    """Look no further; what was found stays."""
    global _wanted
    _wanted = None
    if _now is not None:
        if _now.client.is_at(_now.folder.name):
            _now.client.drop()
        _leave()
    _status().looking = False


def forget() -> None:
    """Stop, and drop what was found."""
    global _shown
    stop()
    status = _status()
    status.looked, status.asked, status.people, status.taken = "", 0, 0, 0
    status.height_px, status.height_m = 0, 0.0
    status.advice.clear()
    thumbnail.clear()
    if _shown is not None:
        shutil.rmtree(_shown, ignore_errors=True)  # the session's end sweeps what is left
    _shown = None


def obstacle(scene) -> str:
    """Why nothing can come of the scene's photo and person as they were looked at, or nothing."""
    status, image = _status(), scene.pifu.photo
    if image is None or (status.looked, status.asked) != (photo.key(image), scene.pifu.person):
        return ""
    return " ".join(advice.sentence for advice in status.advice if advice.severity == "block")


def texture_hint(scene) -> str:
    """Which texture shows all that the photo does, where a larger one is chosen; or nothing."""
    status, image = _status(), scene.pifu.photo
    if image is None or (status.looked, status.asked) != (photo.key(image), scene.pifu.person) or not status.height_px:
        return ""
    chosen = chosen_in(scene.pifu)["texture_px"]
    sides = [side for side in OPTIONS["texture_px"].values if side < chosen]
    enough = next((side for side in sides if side * _TEXELS_ALONG >= status.height_px), None)
    per_metre = status.height_px / scene.pifu.height_m
    return f"The photo shows about {per_metre:.0f} px per metre: {enough} px hold all of it" if enough else ""


def close() -> None:
    """For the add-on's end: forget, and no tick comes any more."""
    forget()
    if bpy.app.timers.is_registered(tick):
        bpy.app.timers.unregister(tick)


@bpy.app.handlers.persistent
def on_load(*_arguments) -> None:
    """Another file is opened: its photos are others."""
    forget()


def _begin() -> None:
    global _now, _wanted
    scene, _wanted = identity.find(bpy.data.scenes, _wanted), None
    image = scene and scene.pifu.photo
    if not image:
        stop()
        return
    person = scene.pifu.person
    try:
        client = session.client()
        folder = session.new_job_folder()
        _now = _UnderWay(client, folder, identity.key(scene), photo.key(image), person)
        client.begin(
            Look(
                job=folder.name,
                photo=str(photo.as_file(image, folder, scene)),
                picture=str(folder / "people.png"),
                person=person,
                device=kept.torch_device(bpy.context),
                keep_warm_s=kept.keep_warm_s(bpy.context),
            )
        )
    except UserError as error:
        _tell(photo.key(image), person, [(_gravity(error.kind), f"{error} {error.fix}".strip())])
    except OSError as error:
        _tell(photo.key(image), person, [("warning", f"The engine cannot be started: {error}. Repair it.")])


def _follow(now: _UnderWay) -> None:
    """See what the engine has found."""
    if not now.client.is_at(now.folder.name):  # a job took its place, or the engine was ended
        want(identity.find(bpy.data.scenes, now.scene) or bpy.context.scene)
        return
    for event in now.client.poll():
        if isinstance(event, Looked):
            _report(now, event.report)
        elif isinstance(event, Failed):
            log.warning("the look at a photo failed: %s: %s", event.kind, event.message)
            _tell(now.image, now.person, [(_gravity(event.kind), f"{event.message} {event.fix}".strip())])
        elif isinstance(event, Cancelled):
            stop()


def _gravity(kind: str) -> str:
    """What a look's failure says of the photo: nothing, where it was the engine that failed."""
    return "block" if kind in _OF_PHOTO else "warning"


def _report(now: _UnderWay, report: dict) -> None:
    global _shown
    # How many people there are, and which of them is taken, the panel says itself.
    found = [(each["severity"], each["sentence"]) for each in report["advice"] if each["kind"] != "several_people"]
    found += [("info", note) for note in report["notes"]]
    _leave(keep=True)
    _tell(now.image, now.person, found, len(report["people"]), report["person"] or 0)
    _status().height_px, _status().height_m = report.get("height_px", 0), report["height_m"]
    thumbnail.show(now.folder / "people.png")
    _shown = now.folder


def _tell(image: str, person: int, advice, people: int = -1, taken: int = 0) -> None:
    """Put what was found, and what it was asked about, in place of the last; advice: (severity, sentence) each."""
    forget()
    status = _status()
    status.looked, status.asked, status.people, status.taken = image, person, people, taken
    for severity, sentence in advice:
        item = status.advice.add()
        item.severity, item.sentence = severity, sentence
    job.redraw()


def _leave(keep: bool = False) -> None:
    """Be at nothing any more; the folder goes unless it is to be kept."""
    global _now
    now, _now = _now, None
    if not keep:
        shutil.rmtree(now.folder, ignore_errors=True)


def _status():
    return bpy.context.window_manager.pifu

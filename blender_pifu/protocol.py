# SPDX-License-Identifier: GPL-3.0-or-later
"""The messages between Blender and the engine: frozen dataclasses, one JSON line each. Standard library only.

Commands go to the worker's standard input, events come back as lines of a file that Blender tails.
"""

from __future__ import annotations

import dataclasses
import json
import math
from dataclasses import dataclass
from enum import StrEnum

from .choices import ChoiceError, Choices

PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp")  # endings of the files that the engine reads
# Exit codes of the worker that say what it could no longer say as an event.
EXIT_ORPHANED = 75
EXIT_DISK_FULL = 76


class ProtocolError(ValueError):
    """A line is not a message; the text says what is wrong with it."""


class ErrorKind(StrEnum):
    """The sorts of error that an artist can meet, on either side; the add-on has a button, or none, for each."""

    # the engine's, by what has to be changed
    ENGINE = "engine"
    INPUT = "input"
    OPTION = "option"
    BACK_PHOTO = "back_photo"
    NO_PERSON = "no_person"
    TOPOLOGY = "topology"
    MODEL = "model"
    DEVICE = "device"
    OUTPUT = "output"
    OUT_OF_MEMORY = "out_of_memory"
    CANCELLED = "cancelled"
    INTERNAL = "internal"
    LEGS = "legs"  # no error: a result whose legs' depth is a guess
    # of its process
    DISK_FULL = "disk_full"
    ENGINE_BROKEN = "engine_broken"
    ENGINE_CRASHED = "engine_crashed"
    ENGINE_HUNG = "engine_hung"
    ENGINE_KILLED = "engine_killed"
    ENGINE_MISSING = "engine_missing"
    ENGINE_OUTDATED = "engine_outdated"
    ENGINE_TALK = "engine_talk"
    # the add-on's
    DISK = "disk"
    IMPORT_FAILED = "import_failed"
    IMPORTED_MODEL = "imported_model"
    INSTALL_FAILED = "install_failed"
    MOTION = "motion"
    NO_PHOTO = "no_photo"
    OFFLINE = "offline"
    POSE = "pose"
    RESULT = "result"
    RIGIFY = "rigify"
    VIDEO = "video"


# ---- commands: Blender -> worker


@dataclass(frozen=True)
class Generate:
    """Make a person out of `photo` as chosen and write it to `output` (.npz); stay loaded for `keep_warm_s` then."""

    job: str
    photo: str
    output: str
    choices: Choices
    device: str
    keep_warm_s: float


@dataclass(frozen=True)
class Look:
    """Tell who is in `photo` and how good it is; draw the people and their numbers to `picture` (.png).

    person: whom the advice is about, from the left from 1; 0: the main one.
    """

    job: str
    photo: str
    picture: str
    person: int
    device: str
    keep_warm_s: float


@dataclass(frozen=True)
class PickFrames:
    """Choose the frames of the film `video` that serve as photos of one person who turns round, and write them as
    pictures into `folder`, which exists."""

    job: str
    video: str
    folder: str
    device: str
    keep_warm_s: float


@dataclass(frozen=True)
class Capture:
    """Read what somebody does in the film `video` as a motion of `bones`, and write it to `output` (.npz). bones:
    `names`, `parents`, `heads` and `tails` of a rig as lists, as in a result file, metres."""

    job: str
    video: str
    bones: dict
    output: str
    device: str
    keep_warm_s: float


@dataclass(frozen=True)
class Cancel:
    """Stop a job at its next step; answered by Cancelled, or by Done where it was too late."""

    job: str


@dataclass(frozen=True)
class Ping:
    """Ask for a sign of life; answered by Alive at once, also in the middle of a job."""


@dataclass(frozen=True)
class Quit:
    """End the process; a job at work is cancelled first."""


Job = Generate | Look | PickFrames | Capture  # the commands that take time, each answered by an event that ends it


# ---- events: worker -> Blender


@dataclass(frozen=True)
class Ready:
    """The engine's libraries are loaded."""

    python: str
    torch: str


@dataclass(frozen=True)
class Progress:
    """A job is at `step` (words for artists); `fraction` 0..1 of the whole job is done."""

    job: str
    step: str
    fraction: float


@dataclass(frozen=True)
class Done:
    """A job's result lies in `output`; `summary` is the engine's (plain JSON values)."""

    job: str
    output: str
    summary: dict


@dataclass(frozen=True)
class Looked:
    """What there is to say about the photo of a Look; `report` is the engine's `Figures.check`."""

    job: str
    report: dict


@dataclass(frozen=True)
class FramesPicked:
    """What came of a PickFrames; `report` has `frames`, a list of `file`, `name` and `side` of each, the most frontal
    one first, and `notes`, sentences for the artist."""

    job: str
    report: dict


@dataclass(frozen=True)
class Failed:
    """A job ended without a result; `kind` is an ErrorKind, `fix` says what to do (or is empty).

    An empty `job` means that the engine itself could not start.
    """

    job: str
    kind: ErrorKind
    message: str
    fix: str


@dataclass(frozen=True)
class Cancelled:
    """A job was stopped as asked."""

    job: str


@dataclass(frozen=True)
class Alive:
    """The answer to Ping."""


COMMANDS = {
    "generate": Generate,
    "look": Look,
    "pick_frames": PickFrames,
    "capture": Capture,
    "cancel": Cancel,
    "ping": Ping,
    "quit": Quit,
}
EVENTS = {
    "ready": Ready,
    "progress": Progress,
    "done": Done,
    "looked": Looked,
    "frames_picked": FramesPicked,
    "failed": Failed,
    "cancelled": Cancelled,
    "alive": Alive,
}
_NAMES = {cls: name for name, cls in {**COMMANDS, **EVENTS}.items()}
_TYPES = {"str": str, "bool": bool, "int": int, "float": float, "dict": dict}


def to_line(message) -> bytes:
    """A message as one line of UTF-8 JSON, newline included. Raises ProtocolError for a value JSON cannot hold."""
    name = _NAMES[type(message)]
    try:
        text = json.dumps({"type": name, **dataclasses.asdict(message)}, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ProtocolError(f"{name}: {error}") from error
    return text.encode() + b"\n"


def read_command(line: bytes):
    """The command in a line. Raises ProtocolError."""
    return _read(line, COMMANDS)


def read_event(line: bytes):
    """The event in a line. Raises ProtocolError."""
    return _read(line, EVENTS)


def _read(line: bytes, known: dict):
    try:
        item = json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        raise ProtocolError(f"not a line of JSON ({error}): {line[:80]!r}") from error
    if not isinstance(item, dict):
        raise ProtocolError(f"not a JSON object: {line[:80]!r}")
    name = item.pop("type", None)
    if not isinstance(name, str) or name not in known:
        raise ProtocolError(f"unknown type {name!r}; known: {', '.join(known)}")
    cls = known[name]
    return _built(name, cls, item)


def _built(name: str, cls: type, item: dict):
    fields = {field.name: str(field.type) for field in dataclasses.fields(cls)}
    if missing := [key for key in fields if key not in item]:
        raise ProtocolError(f"{name}: missing {', '.join(missing)}")
    if extra := [key for key in item if key not in fields]:
        raise ProtocolError(f"{name}: not known: {', '.join(extra)}")
    try:
        return cls(**{key: _checked(name, key, item[key], kind) for key, kind in fields.items()})
    except ChoiceError as error:
        raise ProtocolError(f"{name}: {error} {error.fix}") from error


def _checked(name: str, key: str, value, kind: str):
    if kind == "Choices" and isinstance(value, dict):
        return _built(f"{name}.{key}", Choices, value)
    if kind == "ErrorKind":
        try:
            return ErrorKind(value)
        except ValueError as error:
            raise ProtocolError(f"{name}.{key}: {error}") from error
    if kind == "tuple[str, ...]":
        if not isinstance(value, list):
            raise ProtocolError(f"{name}.{key}: {type(value).__name__} {value!r:.60} where a list is needed")
        return tuple(_checked(name, key, each, "str") for each in value)
    if kind == "float | None":
        return None if value is None else _checked(name, key, value, "float")
    if kind == "float" and type(value) is int and abs(value) < 2**53:
        value = float(value)
    # bool is an int to Python, but never what is meant here.
    if type(value) is not _TYPES.get(kind):
        raise ProtocolError(f"{name}.{key}: {type(value).__name__} {value!r:.60} where {kind} is needed")
    if kind == "float" and not math.isfinite(value):  # 1e999 is valid JSON
        raise ProtocolError(f"{name}.{key}: not a finite number")
    return value


def _refuse_constant(text: str):
    raise ValueError(f"{text} is no JSON number")

# SPDX-License-Identifier: GPL-3.0-or-later
"""The body's landmarks in every frame of a film, or of a folder of pictures, of one person; and where it was cut."""

import math
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ..errors import InputError, NoPersonError
from ..reading.landmarks import BodyLandmarks, Region
from ..reading.people import People
from ..reading.photo import load_photo
from ..video.clips import SMALL_PX, Film, Frame, Report, pictures_in, reduced
from .sides import steady

MOST_S, MOST_FRAMES = 30.0, 900  # of a film that are followed
MOST_A_SECOND = 31.0  # of films with more frames a second every second, third ... is followed
FOLDER_A_SECOND = 24.0  # where pictures do not tell
LEAST_FRAMES = 8
LEAST_SEEN = 0.5  # share of the frames in which somebody has to be
LONGEST_GAP_S = 0.7  # without anybody, over which nothing can be made up
CUT_PX = (48, 27)
CUT_LEAST, CUT_TIMES = 0.12, 4.0  # change from one frame to the next, 0..1, and against those about it
CHOOSE = "Choose a short film of one person, whole in the picture, such as MP4, MOV, WebM or AVI."


@dataclass(frozen=True)
class Track:
    """Of T frames, the first and last of which show somebody. marks (T, 33, 3): x, y in pixels of the frame and
    visibility 0..1, 0 where nobody was seen; solid (T, 33, 3): metres from the middle of the hips, as
    `BodyLandmarks.solid`; seen (T,) bool; size: width and height of the frames that were looked at, pixels; rate: of
    the frames, a second; name: of the film; notes: sentences for the artist."""

    marks: np.ndarray
    solid: np.ndarray
    seen: np.ndarray
    size: tuple[int, int]
    rate: float
    name: str
    notes: tuple[str, ...]


def track(path: str | os.PathLike, people: People, report: Report) -> Track:
    """Follow the largest person of a film, or of a folder of pictures, from frame to frame. report: called with the
    share done. Raises InputError for what is no film, is damaged, too short, too long or cut to another scene, and
    NoPersonError."""
    path = Path(path)
    found: list[BodyLandmarks | None] = []
    region: Region | None = None
    changes: list[float] = []
    before, size, rate = None, (0, 0), 0.0
    names: list[str] = []
    for frame, of_film, share in _frames(path):
        report(share)
        rate = of_film
        size = frame.rgb.shape[1], frame.rgb.shape[0]
        tiny = cv2.resize(frame.rgb, CUT_PX, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        if before is not None and before.shape == tiny.shape:
            changes.append(float(np.abs(tiny - before).mean()))
        before = tiny
        names.append(frame.name)
        person = people.follow(frame.rgb, region) if region else None
        if person is None:
            person = max(people.glance_all(frame.rgb), key=lambda each: each[0].region.side, default=None)
        region = person[1] if person else None
        found.append(person[0] if person else None)
    _refuse_cut(path, changes, names)
    return _as_track(path, found, size, rate)


def _frames(path: Path) -> Iterator[tuple[Frame, float, float]]:
    """Each frame that is to be followed, how many there are a second, and the share of the clip read."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        raise InputError(f'There is no film "{path}", or it may not be read.', "Choose a film that exists.") from error
    if stat.S_ISDIR(mode):
        pictures = pictures_in(path)
        _refuse_long(path, len(pictures), FOLDER_A_SECOND, 1)
        for number, picture in enumerate(pictures):
            rgb = reduced(load_photo(picture).rgb, SMALL_PX)
            yield Frame(number, picture.name, rgb), FOLDER_A_SECOND, number / len(pictures)
        return
    if not stat.S_ISREG(mode):
        raise InputError(f'"{path}" is not a plain file.', CHOOSE)
    with Film(path) as film:
        step = max(1, math.ceil(film.per_second / MOST_A_SECOND))
        _refuse_long(path, film.told, film.per_second, step)
        number = 0
        while film.grab():
            if number % step == 0:
                if number // step > MOST_FRAMES:
                    _refuse_long(path, number + 1, film.per_second, step)
                name = f"{film.seconds:.2f} s"
                share = min(1.0, number / max(1, film.told))
                yield Frame(number, name, reduced(film.picture(), SMALL_PX)), film.per_second / step, share
            number += 1


def _refuse_long(path: Path, count: int, per_second: float, step: int) -> None:
    if count / step > MOST_FRAMES or count / per_second > MOST_S * 1.02:
        raise InputError(
            f'The film "{path.name}" is too long: {count / per_second:.0f} seconds, {count} frames. '
            f"Motion is read of {MOST_S:.0f} seconds at most.",
            "Cut out the part that you want.",
        )


def _refuse_cut(path: Path, changes: list[float], names: list[str]) -> None:
    """Raise InputError where a film goes on with another scene: all of the picture changes at once, unlike the frames
    about it."""
    for index, change in enumerate(changes):
        about = changes[max(0, index - 4) : index] + changes[index + 1 : index + 5]
        usual = float(np.median(about)) if about else 0.0
        if change > CUT_LEAST and change > CUT_TIMES * usual:
            raise InputError(
                f'The film "{path.name}" goes on with another scene at {names[index + 1]}.',
                "Motion is read of one take: cut the film there.",
            )


def _as_track(path: Path, found: list[BodyLandmarks | None], size: tuple[int, int], rate: float) -> Track:
    there = [index for index, person in enumerate(found) if person]
    if not there:
        raise NoPersonError(f'Nobody was recognised in the film "{path.name}".', CHOOSE)
    first, last = there[0], there[-1]
    count = last + 1 - first
    if count < LEAST_FRAMES:
        raise InputError(f'The film "{path.name}" shows somebody in {count} frames only: that is no motion.', CHOOSE)
    marks, solid = np.zeros((count, 33, 3)), np.zeros((count, 33, 3))
    seen = np.zeros(count, bool)
    for index in there:
        person = found[index]
        assert person is not None and person.solid is not None
        marks[index - first] = np.column_stack([person.points[:, :2], person.visibility])
        solid[index - first], seen[index - first] = person.solid, True
    gap = _longest_gap(seen)
    if seen.mean() < LEAST_SEEN or gap / rate > LONGEST_GAP_S:
        raise NoPersonError(
            f'In the film "{path.name}" nobody is recognised for {gap / rate:.1f} seconds.',
            "Choose a part in which the person is seen all the time.",
        )
    marks, solid = steady(marks, solid, seen)
    notes = []
    if missing := int((~seen).sum()):
        notes.append(f"In {missing} of {count} frames nobody was recognised: the motion between them is made up.")
    if outside := len(found) - count:
        notes.append(f"{outside} frames at the film's ends show nobody and were left out.")
    return Track(marks, solid, seen, size, rate, path.stem, tuple(notes))


def _longest_gap(seen: np.ndarray) -> int:
    longest = run = 0
    for each in seen:
        run = 0 if each else run + 1
        longest = max(longest, run)
    return longest

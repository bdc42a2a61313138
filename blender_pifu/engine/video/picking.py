# SPDX-License-Identifier: GPL-3.0-or-later
"""From a film of somebody who turns round, or a folder of its frames, to the photos that several-photos work takes."""

import math
import os
from dataclasses import dataclass
from pathlib import Path

import cv2

from ..errors import InputError, NoPersonError
from ..files.writable import cannot_write
from ..reading.people import People
from ..reading.photo import Photo
from ..views.roles import SIDES
from .choosing import STILL, Chosen, Why, choose_frames
from .clips import Clip, Report, open_clip
from .looks import Look, look_at

LOOKED_AT = 32  # frames, spread over the clip
CROWDED = 0.34  # share of the searched frames with another person from which it is not known who is meant
QUALITY = 95  # of saved frames; films lose more
READING = 0.3  # share of the work that is reading the clip
USED = "Of {looked} frames of the film that were looked at, {used} are used; the person turns by {turn} degrees."
ONE_SIDE = "The person hardly turns in the film: its best frame is used, as one photo."
LEFT_OUT = {
    Why.NOBODY: "In {count} frames nobody was recognised.",
    Why.PART: "{count} frames do not show the person whole.",
    Why.ASLANT: "{count} frames are held aslant.",
    Why.BLURRED: "{count} frames are blurred.",
    Why.POSE: "In {count} frames the person stands otherwise.",
}


@dataclass(frozen=True)
class Picked:
    """photos: chosen frames, the most frontal one first where none was given beside the clip; sides: about where each
    was taken from, one of `roles.SIDES`, left being the person's own; notes: sentences for the artist."""

    photos: tuple[Photo, ...]
    sides: tuple[str, ...]
    notes: tuple[str, ...]


def pick_frames(
    path: str | os.PathLike, people: People, most: int, *, beside: bool = False, report: Report = lambda _: None
) -> Picked:
    """Choose at most so many frames of a film, or of a folder of pictures. beside: a photo of the front is given as
    well. report: called with the share done. Raises InputError, NoPersonError."""
    clip = open_clip(path, LOOKED_AT, lambda share: report(READING * share))
    looks, crowded = look_at(clip.frames, people, lambda share: report(READING + (1 - 2 * READING) * share))
    name = clip.path.name
    if crowded > CROWDED:
        raise InputError(
            f'More than one person stands in the film "{name}", so that it is not known who is meant.',
            "Choose a film of one person, or photos of one.",
        )
    chosen = choose_frames(looks, most, beside)
    if not chosen.looks:
        raise NoPersonError(
            f'Nobody was recognised in the film "{name}".',
            "Choose a film that shows one person clearly, from head to feet, turning round.",
        )
    report(1 - READING)
    photos = clip.photos([look.frame for look in chosen.looks])
    return Picked(tuple(photos), tuple(map(side_of, chosen.looks)), (*clip.notes, *_notes(clip, chosen, beside)))


def save_frames(picked: Picked, folder: str | os.PathLike) -> list[Path]:
    """Write the frames into a folder as JPEG, in their order; returns the files. Raises OutputError."""
    files = []
    for number, photo in enumerate(picked.photos, 1):
        file = Path(folder, f"frame {number}.jpg")
        _, data = cv2.imencode(".jpg", cv2.cvtColor(photo.rgb, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        try:
            file.write_bytes(data.tobytes())
        except OSError as error:
            raise cannot_write(file, error) from error
        files.append(file)
    return files


def side_of(look: Look) -> str:
    """About the side from which a frame shows the person."""
    return SIDES[round(look.yaw / (2 * math.pi) * len(SIDES)) % len(SIDES)]


def _notes(clip: Clip, chosen: Chosen, beside: bool) -> list[str]:
    turn = round(math.degrees(chosen.turn))
    if chosen.turn < STILL and not beside:
        told = [ONE_SIDE]
    else:
        told = [USED.format(looked=len(clip.frames), used=len(chosen.looks), turn=turn)]
    return told + [LEFT_OUT[why].format(count=count) for why, count in chosen.left_out.items()]

# SPDX-License-Identifier: GPL-3.0-or-later
"""Films and folders of pictures as frames: some small ones spread over all of it, and whole ones as photos."""

import os
import re
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ...protocol import PICTURES
from ..errors import InputError
from ..reading.photo import MAX_SIDE, Photo, load_photo

os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # what is wrong with a file is told in words here
SMALL_PX = 640  # longer side of the frames that are looked at
LEAST_FRAMES, LEAST_PICTURES = 8, 2  # of a film, and of a folder
MOST_FRAMES = 18_000  # of a film that are looked through: five minutes at 60 a second
MOST_PIXELS = 36_000_000  # of a frame: 8K
LACKING = 0.9  # share of the frames told by a film's head below which its end is missing
CHOOSE = "Choose a film of one person who turns round, such as MP4, MOV, WebM or AVI."
Report = Callable[[float], None]


@dataclass(frozen=True)
class Frame:
    """number: in the clip, from 0; name: as an artist is told it; rgb: (h, w, 3) uint8 sRGB, upright, longer side at
    most SMALL_PX."""

    number: int
    name: str
    rgb: np.ndarray


@dataclass(frozen=True)
class Clip:
    """frames: in their order, spread over all of a film or folder; notes: sentences on what is wrong with it."""

    path: Path
    frames: tuple[Frame, ...]
    notes: tuple[str, ...]

    def photos(self, frames: Sequence[Frame]) -> list[Photo]:
        """Some of the frames as photos of their full size, in the order asked. Raises InputError where they can no
        longer be read."""
        if self.path.is_dir():
            return [load_photo(self.path / frame.name) for frame in frames]
        wanted = {frame.number: frame for frame in frames}
        found: dict[int, Photo] = {}
        with Film(self.path) as film:
            for number in range(max(wanted) + 1):
                if not film.grab():
                    raise InputError(f'The film "{self.path.name}" was changed while it was read.', "Try again.")
                if number in wanted:
                    found[number] = Photo(reduced(film.picture(), MAX_SIDE), None, (), wanted[number].name)
        return [found[frame.number] for frame in frames]


def open_clip(path: str | os.PathLike, about: int, report: Report) -> Clip:
    """Read a film, or a folder whose pictures in the order of their names are frames.

    about: as many frames are taken, up to twice as many where a film does not tell its length; report: called with the
    share read. Raises InputError for what is no film, is damaged, or too short.
    """
    path = Path(path)
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        raise InputError(f'There is no film "{path}", or it may not be read.', "Choose a film that exists.") from error
    if stat.S_ISDIR(mode):
        return _from_folder(path, about, report)
    if not stat.S_ISREG(mode):
        raise InputError(f'"{path}" is not a plain file.', CHOOSE)
    return _from_film(path, about, report)


def first_picture(path: Path) -> np.ndarray:
    """The first frame of a film or folder, as `Frame.rgb`. Raises InputError."""
    if path.is_dir():
        return reduced(load_photo(pictures_in(path)[0]).rgb, SMALL_PX)
    with Film(path) as film:
        film.grab()
        return reduced(film.picture(), SMALL_PX)


def _from_folder(folder: Path, about: int, report: Report) -> Clip:
    pictures = pictures_in(folder)
    chosen = sorted(set(np.linspace(0, len(pictures) - 1, about).round().astype(int).tolist()))
    frames, broken = [], []
    for count, number in enumerate(chosen):
        report(count / len(chosen))
        try:
            rgb = load_photo(pictures[number]).rgb
        except InputError as error:
            broken.append(error)
            continue
        frames.append(Frame(number, pictures[number].name, reduced(rgb, SMALL_PX)))
    if not frames:
        raise broken[0]
    return Clip(folder, tuple(frames), tuple(str(error) for error in broken[:1]))


def pictures_in(folder: Path) -> list[Path]:
    """The pictures of a folder in the order of their names. Raises InputError for fewer than two."""
    pictures = [file for file in folder.iterdir() if file.suffix.lower() in PICTURES and not file.name.startswith(".")]
    if len(pictures) < LEAST_PICTURES:
        raise InputError(
            f'The folder "{folder.name}" has too few pictures to be a film: {len(pictures)}.',
            "Choose a folder with the frames of one person who turns round.",
        )
    return sorted(pictures, key=_natural)


def _natural(path: Path) -> list:
    """Sorts picture 9 before picture 10."""
    return [int(part) if part.isdigit() else part.lower() for part in re.split(r"(\d+)", path.name)]


def _from_film(path: Path, about: int, report: Report, known: int = 0) -> Clip:
    """known: as many frames can be read, 0 where only the film's head tells."""
    kept: list[Frame] = []
    with Film(path) as film:
        step, number = max(1, round((known or film.told) / about)), 0
        while number < MOST_FRAMES and film.grab():
            if number % step == 0:
                kept.append(Frame(number, f"{path.name}, {film.seconds:.2f} s", reduced(film.picture(), SMALL_PX)))
                report(min(1.0, number / max(1, film.told)))
            if len(kept) > 2 * about:  # the film is longer than it told
                kept, step = kept[::2], 2 * step
            number += 1
        notes = film.notes(number)
    if number < LEAST_FRAMES:
        raise InputError(f'The film "{path.name}" is too short: {number} frames can be read.', CHOOSE)
    if step > 1 and not known and number < LACKING * film.told:
        return _from_film(path, about, report, number)  # cut off: the frames that are there lie too far apart
    return Clip(path, tuple(kept), notes)


class Film:
    """A film under OpenCV's reader, upright as its file says."""

    def __init__(self, path: Path):
        self._path = path

    def __enter__(self) -> "Film":
        path = self._path
        # Of the readers only FFmpeg's: others take a name with % for a sequence, or open cameras.
        self._film = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        if not self._film.isOpened():
            raise InputError(f'"{path.name}" is no film that can be read here, or it is cut off.', CHOOSE)
        self._film.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
        width, height = (self._film.get(each) for each in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        if width * height > MOST_PIXELS:
            self._film.release()
            raise InputError(
                f'The film "{path.name}" has too many pixels: {width:.0f} x {height:.0f}.', "Save a smaller copy of it."
            )
        self.told = max(0, int(min(self._film.get(cv2.CAP_PROP_FRAME_COUNT), 1e9)))
        self.per_second = self._film.get(cv2.CAP_PROP_FPS) or 25.0
        wide, high = (self._film.get(each) for each in (cv2.CAP_PROP_SAR_NUM, cv2.CAP_PROP_SAR_DEN))
        self._wider = wide / high if wide > 0 and high > 0 else 1.0
        return self

    def __exit__(self, *_error) -> None:
        self._film.release()

    def grab(self) -> bool:
        """Go to the next frame; False at the end."""
        return self._film.grab()

    @property
    def seconds(self) -> float:
        """Where the frame lies."""
        return max(0.0, self._film.get(cv2.CAP_PROP_POS_MSEC) / 1000)

    def picture(self) -> np.ndarray:
        """The frame as (H, W, 3) uint8 sRGB, its pixels square. Raises InputError where it cannot be decoded."""
        read, bgr = self._film.retrieve()
        if not read:
            raise InputError(f'The film "{self._path.name}" is damaged at {self.seconds:.1f} s.', "Save it anew.")
        if abs(self._wider - 1) > 0.01:
            along = round(self._film.get(cv2.CAP_PROP_ORIENTATION_META) / 90) % 2  # turned by a quarter
            bgr = cv2.resize(bgr, (0, 0), fx=1 if along else self._wider, fy=self._wider if along else 1)
        return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)

    def notes(self, number: int) -> tuple[str, ...]:
        """What is to be told of a film of which so many frames were read."""
        if number >= MOST_FRAMES:
            return (f"Only the first {number / self.per_second:.0f} seconds of the film were looked at.",)
        if number < LACKING * self.told:
            told, there = self.told / self.per_second, number / self.per_second
            return (f"The film's file is cut off: {there:.1f} of {told:.1f} seconds are there, and were used.",)
        return ()


def reduced(rgb: np.ndarray, most_px: int) -> np.ndarray:
    """A picture (H, W, 3), its longer side at most so many pixels."""
    scale = most_px / max(rgb.shape[:2])
    if scale >= 1:
        return rgb
    return cv2.resize(rgb, (0, 0), fx=scale, fy=scale, interpolation=cv2.INTER_AREA)

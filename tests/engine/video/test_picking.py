# SPDX-License-Identifier: GPL-3.0-or-later
"""A film becomes the photos of one person, or it is told why not; real frames, read by the real networks."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

import blender_pifu
from blender_pifu.engine.__main__ import main
from blender_pifu.engine.errors import InputError, NoPersonError
from blender_pifu.engine.reading.people import People
from blender_pifu.engine.video.picking import pick_frames, save_frames

PHOTOS = Path(blender_pifu.__file__).parent / "data" / "photos"
HIGH = 480


@pytest.fixture(scope="module")
def people():
    return People("cpu")


def photo(name):
    picture = cv2.imread(str(PHOTOS / f"{name}.jpg"))
    return cv2.resize(picture, (round(HIGH * picture.shape[1] / picture.shape[0]), HIGH), interpolation=cv2.INTER_AREA)


def film(path, picture, count=8):
    height, width = (side - side % 2 for side in picture.shape[:2])
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10.0, (width, height))
    for number in range(count):
        frame = picture[:height, :width]
        writer.write(cv2.blur(frame, (9, 9)) if number % 2 else frame)
    writer.release()
    return path


def test_somebody_who_stands_still_gives_one_photo_and_a_folder_of_frames_is_a_film(tmp_path, people):
    man = photo("man_polo_full_body")
    shares = []
    picked = pick_frames(film(tmp_path / "still.mp4", man), people, 8, report=shares.append)
    assert len(picked.photos) == 1 and picked.sides == ("front",) and "hardly turns" in picked.notes[0]
    assert picked.photos[0].name in {f"still.mp4, {t:.2f} s" for t in (0.0, 0.2, 0.4, 0.6)}, "none of the blurred"
    assert shares == sorted(shares) and shares[-1] <= 1
    (saved,) = save_frames(picked, tmp_path)
    height, width = picked.photos[0].rgb.shape[:2]
    assert np.abs(cv2.imread(str(saved)).astype(float) - man[:height, :width]).mean() < 8
    (tmp_path / "frames").mkdir()
    for number in range(2):
        cv2.imwrite(str(tmp_path / "frames" / f"{number}.png"), man)
    assert pick_frames(tmp_path / "frames", people, 8).photos[0].rgb.shape == man.shape


def test_a_film_alone_becomes_a_person_on_the_command_line(tmp_path, capsys):
    (tmp_path / "frames").mkdir()
    for number in range(2):
        cv2.imwrite(str(tmp_path / "frames" / f"{number}.png"), photo("man_polo_full_body"))
    words = ["--video", str(tmp_path / "frames"), "--model", "fast", "--resolution", "128", "--json"]
    assert main([*words, "-o", str(tmp_path / "man.ply")]) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (tmp_path / "man.ply").exists() and summary["watertight"]
    assert any("hardly turns" in note for note in summary["notes"])


def test_nobody_and_more_than_one_are_told(tmp_path, people):
    men = np.hstack([photo("man_polo_full_body"), photo("man_suit_full_body")])
    with pytest.raises(InputError, match="More than one person stands in the film"):
        pick_frames(film(tmp_path / "two.mp4", men), people, 8)
    grass = np.random.default_rng(0).integers(0, 255, (240, 160, 3), np.uint8)
    with pytest.raises(NoPersonError, match="Nobody was recognised in the film"):
        pick_frames(film(tmp_path / "none.mp4", grass), people, 8)

# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody is followed through a film by the real networks; what is no motion is told in words."""

from pathlib import Path

import cv2
import numpy as np
import pytest

import blender_pifu
from blender_pifu.engine.errors import InputError, NoPersonError
from blender_pifu.engine.motion.track import MOST_A_SECOND, track
from blender_pifu.engine.reading.people import People

PHOTOS = Path(blender_pifu.__file__).parent / "data" / "photos"
NOISE = np.random.default_rng(0)


@pytest.fixture(scope="module")
def people():
    return People("cpu")


def photo(name, high=320):
    picture = cv2.imread(str(PHOTOS / f"{name}.jpg"))
    return cv2.resize(picture, (round(high * picture.shape[1] / picture.shape[0]) // 2 * 2, high))


def film(path, pictures, rate=10.0):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), rate, pictures[0].shape[1::-1])
    for picture in pictures:
        writer.write(picture)
    writer.release()
    return path


def follow(path, people):
    shares = []
    found = track(path, people, shares.append)
    assert shares == sorted(shares) and shares[-1] <= 1
    return found


def test_a_person_is_followed(tmp_path, people):
    found = follow(film(tmp_path / "man.mp4", [photo("man_polo_full_body")] * 10), people)
    assert found.seen.all() and found.rate == pytest.approx(10) and found.name == "man" and not found.notes
    assert np.abs(found.marks - found.marks[0]).max() < 12, "he stands still"
    assert found.solid.shape == (10, 33, 3) and 0.5 < np.ptp(found.solid[0, :, 1]) < 2.5, "metres"


def test_every_second_frame_of_a_fast_film_is_followed(tmp_path, people):
    found = follow(film(tmp_path / "fast.mp4", [photo("man_polo_full_body")] * 18, rate=60.0), people)
    assert len(found.marks) == 9 and found.rate == pytest.approx(30) and found.rate <= MOST_A_SECOND


def test_a_folder_of_frames_is_a_film(tmp_path, people):
    for number in range(9):
        cv2.imwrite(str(tmp_path / f"{number}.png"), photo("man_polo_full_body"))
    assert len(follow(tmp_path, people).marks) == 9


def test_a_cut_to_another_scene_is_told_with_its_time(tmp_path, people):
    one = photo("man_polo_full_body")
    other = 255 - one
    with pytest.raises(InputError, match=r"goes on with another scene at 0\.60 s"):
        follow(film(tmp_path / "cut.mp4", [one] * 6 + [other] * 6), people)


@pytest.mark.parametrize(
    ("count", "rate", "words"), [(320, 10.0, "is too long: 32 seconds"), (1900, 60.0, "is too long: 32 seconds")]
)
def test_a_long_film_is_refused_before_anybody_is_looked_for(tmp_path, people, count, rate, words):
    path = film(tmp_path / "long.mp4", [np.zeros((32, 32, 3), np.uint8)] * count, rate)
    with pytest.raises(InputError, match=words):
        follow(path, people)


def test_nobody_nothing_and_no_film_are_told(tmp_path, people):
    grey = [NOISE.integers(100, 140, (160, 120, 3)).astype(np.uint8) for _ in range(9)]
    with pytest.raises(NoPersonError, match='Nobody was recognised in the film "grey.mp4"'):
        follow(film(tmp_path / "grey.mp4", grey), people)
    with pytest.raises(InputError, match="in 4 frames only"):
        follow(film(tmp_path / "short.mp4", [photo("man_polo_full_body")] * 4), people)
    (tmp_path / "text.mp4").write_text("no film")
    with pytest.raises(InputError, match="no film that can be read"):
        follow(tmp_path / "text.mp4", people)
    with pytest.raises(InputError, match="There is no film"):
        follow(tmp_path / "missing.mp4", people)

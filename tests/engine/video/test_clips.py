# SPDX-License-Identifier: GPL-3.0-or-later
"""Films and folders of pictures as frames: upright, in order, whole ones on demand; what is wrong with one is told."""

import cv2
import numpy as np
import pytest
from PIL import Image

from blender_pifu.choices import Choices
from blender_pifu.engine.__main__ import main
from blender_pifu.engine.batch.entries import read_manifest
from blender_pifu.engine.errors import InputError
from blender_pifu.engine.video import clips
from blender_pifu.engine.video.clips import first_picture, open_clip

SIZE = 96, 64  # width and height


def write_film(path, count=20, size=SIZE, fourcc="mp4v"):
    """Frames that grow brighter, their left half dark."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*fourcc), 10.0, size)
    for number in range(count):
        frame = np.full((size[1], size[0], 3), 60 + 8 * number, np.uint8)
        frame[:, : size[0] // 2] //= 4
        writer.write(frame)
    writer.release()
    return path


def turned(path):
    """The film with the tag of a telephone held upright: to be shown a quarter turn clockwise."""
    data = bytearray(path.read_bytes())
    matrix = [0, 1 << 16, 0, -(1 << 16), 0, 0, SIZE[1] << 16, 0, 1 << 30]
    start = data.index(b"tkhd") + 44
    data[start : start + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in matrix)
    path.write_bytes(data)
    return path


def quiet(_):
    pass


def test_frames_are_spread_over_a_film_and_whole_ones_are_the_same(tmp_path):
    clip = open_clip(write_film(tmp_path / "turn.mp4", size=(1280, 64)), 5, quiet)
    numbers = [frame.number for frame in clip.frames]
    assert numbers == [0, 4, 8, 12, 16] and clip.notes == ()
    assert clip.frames[1].name == "turn.mp4, 0.40 s"
    assert clip.frames[0].rgb.shape == (32, 640, 3)
    late, early = clip.photos([clip.frames[3], clip.frames[1]])
    assert late.rgb.shape == (64, 1280, 3) and late.name == "turn.mp4, 1.20 s"
    assert [photo.rgb[:, 900:].mean() for photo in (late, early)] == pytest.approx([156, 92], abs=8)


def test_a_film_is_turned_as_its_file_says(tmp_path):
    frame = open_clip(turned(write_film(tmp_path / "held.mp4")), 5, quiet).frames[-1]
    assert frame.rgb.shape == (SIZE[0], SIZE[1], 3)
    assert frame.rgb[:40].mean() < 0.5 * frame.rgb[-40:].mean()  # what was left is above now


def test_a_film_that_is_cut_off_is_used_as_far_as_it_goes(tmp_path):
    path = write_film(tmp_path / "torn.avi", 40, fourcc="MJPG")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    clip = open_clip(path, 5, quiet)
    assert 3 <= len(clip.frames) <= 10
    path = write_film(tmp_path / "headless.mp4", 40)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match="no film that can be read here, or it is cut off"):
        open_clip(path, 5, quiet)


def test_a_film_longer_than_it_tells_is_seen_to_its_end(tmp_path, monkeypatch):
    path = write_film(tmp_path / "long.mp4", 40)
    real = clips.Film.__enter__

    def unknown(self):
        film = real(self)
        film.told = 0
        return film

    monkeypatch.setattr(clips.Film, "__enter__", unknown)
    numbers = [frame.number for frame in open_clip(path, 4, quiet).frames]
    assert 4 <= len(numbers) <= 8 and numbers[-1] >= 32 and len(set(np.diff(numbers))) == 1


def test_pictures_of_a_folder_are_frames_in_the_order_of_their_numbers(tmp_path):
    for number in (10, 9, 1):
        Image.fromarray(np.full((80, 70, 3), 20 * number, np.uint8)).save(tmp_path / f"f{number}.png")
    (tmp_path / "f2.png").write_bytes(b"no picture")
    (tmp_path / "notes.txt").touch()
    clip = open_clip(tmp_path, 32, quiet)
    assert [frame.name for frame in clip.frames] == ["f1.png", "f9.png", "f10.png"]
    assert len(clip.notes) == 1 and "f2.png" in clip.notes[0]
    assert clip.photos(clip.frames[1:2])[0].rgb[0, 0, 0] == 180
    assert first_picture(tmp_path)[0, 0, 0] == 20


def test_what_is_no_film_is_told(tmp_path, capsys):
    (tmp_path / "text.mp4").write_text("no film")
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "folder").mkdir()
    write_film(tmp_path / "short.mp4", 3)
    said = {
        "nowhere.mp4": "There is no film",
        "text.mp4": "no film that can be read here",
        "empty.mp4": "no film that can be read here",
        "folder": "too few pictures to be a film: 0",
        "short.mp4": "too short: 3 frames",
    }
    for name, words in said.items():
        assert main(["--video", str(tmp_path / name), "-o", str(tmp_path / "out.glb")]) == 2
        told = capsys.readouterr().err
        assert words in told and "Choose a" in told and not (tmp_path / "out.glb").exists()
    assert main(["a.png", "--video", "b.mp4", *["--view", "c.png"] * 7, "-o", str(tmp_path / "out.glb")]) == 2
    assert "as many further photos as can be used" in capsys.readouterr().err
    assert main(["a.png", "b.png", "--video", "b.mp4", "-o", str(tmp_path / "people")]) == 2
    assert "manifest" in capsys.readouterr().err


def test_a_manifest_names_films_beside_photos_or_alone(tmp_path):
    (tmp_path / "people.csv").write_text("photo,video\nann.png,ann.mp4\n,turns/bob.mov\n")
    ann, bob = read_manifest(tmp_path / "people.csv", tmp_path, ".glb", Choices())
    assert ann.photo == tmp_path / "ann.png" and ann.choices.video == str(tmp_path / "ann.mp4") and not ann.is_film
    assert bob.is_film and bob.output.name == "bob.glb" and bob.choices.video == str(tmp_path / "turns" / "bob.mov")

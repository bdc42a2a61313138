# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture in which the artist sees who is who."""

import numpy as np
import pytest
from PIL import Image

from blender_pifu.engine.errors import InputError
from blender_pifu.engine.files.thumbnail import SIDE_PX, write_thumbnail

GREY = np.full((300, 600, 3), 128, np.uint8)
LEFT, RIGHT = {"number": 1, "box": [60, 60, 200, 280]}, {"number": 2, "box": [400, 60, 540, 280]}


def read(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGBA")).astype(int)


def test_one_person_needs_no_number(tmp_path):
    write_thumbnail(GREY, [LEFT], 1, tmp_path / "t.png")
    picture = read(tmp_path / "t.png")
    assert picture.shape == (SIDE_PX, SIDE_PX, 4)
    photo = picture[64:192]
    assert (photo == (128, 128, 128, 255)).all()
    assert (picture[:64, :, 3] == 0).all() and (picture[192:, :, 3] == 0).all()


@pytest.mark.parametrize("taken", [1, 2])
def test_the_chosen_one_stands_out(tmp_path, taken):
    write_thumbnail(GREY, [LEFT, RIGHT], taken, tmp_path / "t.png")
    picture = read(tmp_path / "t.png")[64:192, :, :3]
    middles = [picture[80, 55], picture[80, 200]]
    assert (middles[taken - 1] == 128).all() and (middles[2 - taken] < 100).all()
    blue = (picture[..., 2] - picture[..., 0] > 60).any(0)
    assert blue[:128].any() == (taken == 1) and blue[128:].any() == (taken == 2)
    white = (picture.min(-1) > 250).any(0)
    assert white[:128].any() and white[128:].any(), "both have a number"


def test_people_at_and_beyond_the_border_and_in_a_tiny_photo(tmp_path):
    crowd = [{"number": n, "box": [n * 4.0, 0, n * 4.0 + 3, 8]} for n in range(12)]
    write_thumbnail(np.zeros((8, 64, 3), np.uint8), crowd, 11, tmp_path / "t.png")
    assert read(tmp_path / "t.png").shape[:2] == (SIDE_PX, SIDE_PX)


def test_a_folder_that_is_gone_is_told(tmp_path):
    with pytest.raises(InputError, match="t.png"):
        write_thumbnail(GREY, [], None, tmp_path / "gone" / "t.png")

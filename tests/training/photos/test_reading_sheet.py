# SPDX-License-Identifier: GPL-3.0-or-later
"""The contact sheet of photos, and the check of what is said of them."""

import sys

import cv2
import numpy as np

from blender_pifu.engine.reading.graph import DATA
from blender_pifu.training.__main__ import main
from blender_pifu.training.photos import advice_check
from blender_pifu.training.photos.reading_sheet import CELL_PX, PAPER


def test_every_photo_gets_a_row_also_one_that_cannot_be_read(tmp_path, monkeypatch):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    sheet, photos = tmp_path / "sheet.png", [DATA / "photos" / "man_suit_full_body.jpg", tmp_path / "broken.png"]
    monkeypatch.setattr(sys, "argv", ["training", "evaluate-reading", "--sheet", *map(str, [sheet, *photos])])
    main()
    picture = cv2.imread(str(sheet))[..., ::-1]
    good, broken = np.split(picture, 2)
    cells = [row[:CELL_PX, : 3 * CELL_PX] for row in (good, broken)]
    assert (cells[0] != PAPER).mean() > 0.8 and (cells[1] != PAPER).mean() < 0.05
    assert all((row[:, -CELL_PX:].max(-1) < 100).any() for row in (good, broken)), "words"


def test_people_are_found_who_hold_their_arms_so():
    for arms in advice_check.ARMS:
        seed = next(advice_check._seeds(arms))
        wrists = advice_check._wrists(advice_check._joints(seed)[0])
        assert (wrists[0, 0] < wrists[1, 0]) == (arms == "crossed") or arms == "behind the back"
        assert (wrists[:, 1].max() < 0) == (arms == "behind the back") or arms == "off the body"


def test_photos_are_cut_and_turned_as_they_say():
    shot = advice_check._shoot(next(advice_check._seeds("off the body")), advice_check.View())
    assert shot.rgb.shape == (advice_check.PHOTO_PX, advice_check.PHOTO_PX, 3)
    knees, ankles = (shot.points[list(pair), 1].mean() for pair in (advice_check.KNEES, advice_check.ANKLES))
    assert knees < len(advice_check.SHINS(shot)) < ankles
    assert advice_check._resized(250)(shot).shape[0] < 960 * 260 / shot.height
    assert advice_check._exposed(0.05)(shot).mean() < 0.4 * shot.rgb.mean()


def test_children_of_the_test_set_are_to_be_told_so_and_grown_ups_never():
    well, cut = advice_check.Trial("as it should be"), advice_check.Trial("cut", ("cut_off",))
    child, man = 10, 11  # seeds of people of 1.22 and 1.81 m
    assert advice_check._by_age(well, child).expects == ("child",)
    assert "child" in advice_check._by_age(cut, child).open and "child" in advice_check._by_age(cut, man, child).open
    assert advice_check._by_age(well, man) is well

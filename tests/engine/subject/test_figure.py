# SPDX-License-Identifier: GPL-3.0-or-later
"""One person upright and cut out of whatever photo, and what is said about it beforehand."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from blender_pifu.engine.__main__ import main
from blender_pifu.engine.errors import InputError, NoPersonError
from blender_pifu.engine.reading.landmarks import Landmark as L
from blender_pifu.engine.reading.photo import Photo, load_photo
from blender_pifu.engine.subject.figure import Figures
from helpers.couple import BESIDE, POLO, SUIT, couple

DATA = Path(__file__).parents[2] / "data"
HOPPER, BIDEN = DATA / "hopper_portrait.jpg", DATA / "biden_three_quarter.jpg"


@pytest.fixture(scope="module")
def figures():
    return Figures("cpu")


def photo_of(rgb):
    return Photo(np.ascontiguousarray(rgb.clip(0, 255).astype(np.uint8)), None, (), "test.png")


def kinds(report):
    return {advice["kind"]: advice["severity"] for advice in report["advice"]}


def test_a_good_photo_is_taken_as_it_is(figures):
    assert kinds(figures.check(load_photo(POLO))) == {}
    photo = load_photo(SUIT)
    figure = figures.cut_out(photo)
    assert figure.advice == () and figure.photo.rgb is photo.rgb
    assert (figure.people, figure.number, figure.framing, figure.seen) == (1, 1, "full", 1.0)


@pytest.mark.parametrize(("focal_px", "near"), [(500, True), (1500, False), (None, False)])
def test_a_camera_too_near_is_told_by_its_focal_length(figures, focal_px, near):
    photo = replace(load_photo(SUIT), focal_px=focal_px)
    assert kinds(figures.check(photo)) == ({"near_camera": "warning"} if near else {})


@pytest.mark.parametrize(
    ("path", "framing", "low", "high"), [(HOPPER, "portrait", 0.2, 0.5), (BIDEN, "half", 0.6, 0.85)]
)
def test_who_is_cut_by_the_border_is_recognised(figures, path, framing, low, high):
    figure = figures.cut_out(load_photo(path))
    assert figure.framing == framing
    assert low < figure.seen < high
    assert "cut_off" in {advice.kind for advice in figure.advice}
    assert figure.matte.alpha[-1].max() > 0.9, "cut at the border"


@pytest.mark.parametrize("degrees", [90, 13, -100])
def test_a_turned_photo_is_turned_back(figures, degrees):
    rgb = load_photo(SUIT).rgb
    size = 1500
    turn = cv2.getRotationMatrix2D((511.5, 483.5), -degrees, 1)
    turn[:, 2] += size / 2 - np.array([512, 484])
    turned = np.rot90(rgb, -degrees // 90) if degrees % 90 == 0 else cv2.warpAffine(
        rgb, turn, (size, size), borderMode=cv2.BORDER_REFLECT)  # fmt: skip
    figure = figures.cut_out(photo_of(turned))
    assert "turned" in {advice.kind for advice in figure.advice}
    person = figure.person
    axis = person.between(L.LEFT_SHOULDER, L.RIGHT_SHOULDER) - person.between(L.LEFT_HIP, L.RIGHT_HIP)
    assert abs(np.degrees(np.arctan2(axis[0], -axis[1]))) < 10
    rows, columns = (np.flatnonzero((figure.matte.alpha > 0.5).any(axis)) for axis in (1, 0))
    assert np.ptp(rows) > 2.3 * np.ptp(columns)
    nose = figure.matte.alpha[tuple(person.points[L.NOSE, 1::-1].astype(int))]
    assert nose > 0.9, "matte and landmarks are turned alike"


def test_half_a_body_in_a_turned_photo_is_turned_back_and_an_upright_one_left(figures):
    half = np.ascontiguousarray(load_photo(SUIT).rgb[:620])
    height, width = half.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 18, 1)
    report = figures.check(photo_of(cv2.warpAffine(half, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)))
    assert kinds(report) == {"turned": "info", "cut_off": "warning"}
    assert kinds(figures.check(photo_of(half))) == {"cut_off": "warning"}


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("blurred", lambda rgb: cv2.GaussianBlur(rgb, (0, 0), 6)),
        ("dark", lambda rgb: rgb * 0.18),
        ("overexposed", lambda rgb: rgb * 3.0),
        ("small", lambda rgb: cv2.resize(rgb, None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA)),
        ("cut_off", lambda rgb: rgb[:700]),
        ("side_cut_off", lambda rgb: rgb[:, :560]),
        ("head_cut_off", lambda rgb: rgb[75:]),
        ("turned", lambda rgb: np.rot90(rgb)),
    ],
)
def test_what_is_wrong_with_a_photo_is_said(figures, kind, change):
    report = figures.check(photo_of(change(load_photo(POLO).rgb)))
    assert kind in kinds(report)
    assert all(len(advice["sentence"]) > 20 for advice in report["advice"])


def test_crossed_arms_are_said(figures):
    assert "crossed_arms" in kinds(figures.check(load_photo(BIDEN)))


def test_a_person_of_a_few_pixels_is_refused_at_once(figures):
    tiny = photo_of(cv2.resize(load_photo(POLO).rgb, None, fx=0.08, fy=0.08, interpolation=cv2.INTER_AREA))
    assert kinds(figures.check(tiny))["small"] == "block"
    with pytest.raises(NoPersonError, match="pixels"):
        figures.cut_out(tiny)


def test_a_photo_without_people_is_blocked(figures):
    assert kinds(figures.check(photo_of(load_photo(SUIT).rgb[:, :300]))) == {"no_person": "block"}


def test_a_number_where_nobody_was_recognised_is_refused(figures):
    for ask in (figures.check, figures.cut_out):
        with pytest.raises(InputError, match="nobody"):
            ask(photo_of(load_photo(SUIT).rgb[:, :300]), 1)


def test_command_line_advises_in_json(tmp_path, capsys):
    photo, _ = couple(*BESIDE)
    Image.fromarray(photo.rgb).save(tmp_path / "couple.png")
    assert main([str(tmp_path / "couple.png"), "--advise", "--device", "cpu"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [person["number"] for person in report["people"]] == [1, 2] and report["person"] == 1
    x0, y0, x1, y1 = report["people"][1]["box"]
    assert x0 > 550 and y0 < 200 and x1 <= 1024 and y1 > 850
    assert report["framing"] == "full" and len(report["landmarks"]) == 33
    assert kinds(report)["several_people"] == "info" and kinds(report)["touching_people"] == "warning"
    assert main([str(tmp_path / "couple.png"), "--advise", "--person", "2", "--device", "cpu"]) == 0
    assert json.loads(capsys.readouterr().out)["person"] == 2
    assert main([str(tmp_path / "couple.png"), "--advise", "--person", "3", "--device", "cpu"]) == 2
    assert "3" in capsys.readouterr().err

# SPDX-License-Identifier: GPL-3.0-or-later
"""What further photos add is measured where the truth lies, also of a person who leans and was turned upright."""

import json
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from blender_pifu.engine.errors import OutputError
from blender_pifu.engine.reading.crop import Crop
from blender_pifu.engine.reading.landmarks import BodyLandmarks, Region
from blender_pifu.engine.reading.photo import Photo
from blender_pifu.engine.subject.upright import turn_upright
from blender_pifu.training.evaluate.cases import PHOTO_PX
from blender_pifu.training.evaluate.views import FIGURES, Photographed, as_table, evaluate_views


@pytest.mark.parametrize("roll", [0.0, 0.2, -0.35])
def test_a_person_turned_upright_is_scored_where_the_truth_lies(roll):
    places = np.array([[200.0, 60, 0], [310, 480, 0], [256, 256, 0]], np.float32)
    person = BodyLandmarks(places, np.ones(3), 1.0, Region(256, 256, 400, 0.0), np.ones((2, 2)))
    photo = Photo(np.zeros((PHOTO_PX, PHOTO_PX, 3), np.uint8), None, (), "leaning")
    photo, (turned,) = turn_upright(photo, [person], roll)
    crop = Crop(260.0, 300.0, 570.0)
    figure = cast(Any, SimpleNamespace(photo=photo, crop=crop, roll=roll))
    there = np.column_stack([crop.to_field(turned.points[:, :2]), np.zeros(3)])
    truth = Crop(PHOTO_PX / 2, PHOTO_PX / 2, PHOTO_PX).to_field(places[:, :2])
    assert Photographed(cast(Any, None), cast(Any, None), figure, {}).as_truth(there)[:, :2] == pytest.approx(
        truth, abs=1e-4
    )


def test_rows_that_lie_there_are_not_made_again_and_those_of_other_settings_are_refused(tmp_path):
    figures = {count: dict.fromkeys(FIGURES, 2.0 / count) for count in (1, 8)}
    of = {"weights": "human", "resolution": 64, "sway": 1.0, "counts": [1, 8], "generation": 3}
    row = {"seed": 3, "kind": "stand", "of": of, "photos": figures, "left_out": {"left 3": "why"}, "strange": []}
    (tmp_path / "00003.json").write_text(json.dumps(row))
    rows = evaluate_views([3], "human", 64, 1.0, counts=(1, 8), folder=tmp_path)
    assert rows == [row]
    assert "8 photos" in as_table(rows) and "own photos left out: 1 of 7" in as_table(rows)
    with pytest.raises(OutputError, match="other settings"):
        evaluate_views([3], "human", 128, 1.0, counts=(1, 8), folder=tmp_path)

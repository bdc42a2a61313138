# SPDX-License-Identifier: GPL-3.0-or-later
"""Photos of synthetic people hold what they say, and the engine reads them: who, where the joints are, whose pixels."""

import numpy as np
import pytest

from blender_pifu.engine.reading.matte import Matting
from blender_pifu.engine.reading.people import People
from blender_pifu.engine.reading.photo import Photo
from blender_pifu.engine.reading.stance import SHOULDERS
from blender_pifu.training.data.backgrounds import KINDS, background
from blender_pifu.training.data.crowds import LANDMARKS, compose
from blender_pifu.training.photos.reading import measure


@pytest.fixture(scope="module")
def networks():
    return People(), Matting("cpu")


@pytest.mark.parametrize("kind", KINDS)
def test_backgrounds_fill_the_picture_and_differ(kind):
    one, other = (background(kind, np.random.default_rng(seed), 120, 170) for seed in (1, 2))
    assert one.shape == (120, 170, 3) and one.dtype == np.float32
    assert one.min() >= 0 and one.max() <= 1 and one.std() > 0.005
    assert np.abs(one - other).mean() > 0.01


def test_joints_lie_on_the_people_they_belong_to():
    crowd = compose(3, 2)
    assert crowd.joints.shape == (2, len(LANDMARKS), 2)
    owner = crowd.mattes.argmax(0)
    for number, joints in enumerate(crowd.joints):
        columns, rows = joints.astype(int).T
        assert (owner[rows, columns] == number).mean() > 0.6
    assert crowd.heights[crowd.main] == crowd.heights.max()


def test_one_person_is_read_well(networks):
    found = measure(compose(3, 1, kind="photo"), *networks)
    assert (found["found"], found["extra"], found["default"], found["number"]) == (1, 0, True, 1)
    assert found["iou"][0] > 0.96
    assert np.median(found["joints"][0]) < 0.02


def test_of_two_each_is_read_by_number(networks):
    found = measure(compose(3, 2, kind="gradient"), *networks)
    assert (found["found"], found["extra"], found["default"], found["number"]) == (2, 0, True, 2)
    assert min(found["iou"]) > 0.93 and max(found["others"]) < 0.02


def test_a_hidden_face_is_found_by_what_nobody_claims(networks):
    people, matting = networks
    crowd = compose(0, 3, kind="photo")
    assert len(people.find(crowd.rgb)) == 2, "hair covers the third one's face"
    found = people.find(crowd.rgb, matting.everybody(Photo(crowd.rgb, None, (), "crowd")))
    assert len(found) == 3
    shoulders = found[2].between(*SHOULDERS)
    assert np.hypot(*(shoulders - crowd.joints[2, :2].mean(0))) < 0.05 * crowd.heights[2]

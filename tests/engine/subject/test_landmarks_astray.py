# SPDX-License-Identifier: GPL-3.0-or-later
"""What the matte shows plainly is believed where landmarks lie beside it."""

from dataclasses import replace

import numpy as np
import pytest

from blender_pifu.engine.reading.landmarks import Landmark as L
from blender_pifu.engine.reading.stance import trunk_length
from blender_pifu.engine.subject.advice import Advice, Severity, advise
from blender_pifu.engine.subject.cut_advice import CutOut, unfolded
from blender_pifu.engine.subject.figure import Figures
from blender_pifu.engine.subject.missing import missing_limbs, without_feet
from blender_pifu.engine.subject.proportions import suggested_height_m
from helpers import altered
from helpers.altered import photo_of, polo

PARTS = ("ANKLE", "HEEL", "FOOT")


@pytest.fixture(scope="module")
def man():
    return Figures("cpu").cut_out(photo_of(polo()))


def between_the_legs(person):
    """Landmarks of both feet where nobody stands, as they come under long skirts and in pictures of few rows."""
    points = person.points.copy()
    middle = points[[L.LEFT_ANKLE, L.RIGHT_ANKLE], 0].mean()
    for part in PARTS:
        both = [L[f"LEFT_{part}"], L[f"RIGHT_{part}"]]
        points[both, 0] = middle + 0.1 * (points[both, 0] - middle)
    return replace(person, points=points)


def test_feet_that_the_matte_shows_are_not_told_to_be_missing(man):
    person = between_the_legs(man.person)
    assert not without_feet(man.matte.alpha, person)
    assert missing_limbs(man.matte.alpha, person) == []


def test_folded_legs_are_not_cut_off_by_the_photo(man):
    """Of who sits cross-legged the landmarks put the feet below the picture."""
    said = Advice("cut_off", Severity.WARNING, "The photo ends below the knees; ...")
    photo = photo_of(polo()[:980])
    alpha = man.matte.alpha[:980].copy()
    cut = CutOut(photo, man.person, alpha, False, 1.7, False)
    alpha[930:] = 0
    assert "folded or hidden" in unfolded(said, cut, 0.0).sentence
    assert unfolded(said, cut, 0.3) is said, "where the photo was levelled, its border is not the picture's"
    assert unfolded(said, replace(cut, photo=replace(photo, alpha=alpha)), 0.0) is said
    alpha[930:] = man.matte.alpha[500, None]
    assert unfolded(said, cut, 0.0) is said


@pytest.mark.parametrize(("length", "nearer", "told"), [(0.2, 1.3, True), (0.2, 0.5, False), (0.5, 1.3, False)])
def test_a_forearm_that_points_at_the_camera_is_told(man, length, nearer, told):
    points = man.person.points.copy()
    trunk = trunk_length(man.person)
    points[L.LEFT_WRIST] = points[L.LEFT_ELBOW] + trunk * np.float32((0.6 * length, -0.8 * length, -nearer))
    kinds = {each.kind: each.sentence for each in advise(man.photo, [replace(man.person, points=points)], 0)}
    assert ("arm_ahead" in kinds) == told
    assert not told or kinds["arm_ahead"].startswith("The left forearm is pointing at the camera")
    assert "arm_ahead" not in {each.kind for each in advise(man.photo, [man.person], 0)}


def test_feet_that_end_too_high_are_still_told(man):
    alpha = man.matte.alpha.copy()
    rng = np.random.default_rng(2)
    for left in range(0, alpha.shape[1], 12):
        alpha[905 + int(rng.integers(0, 20)) :, left : left + 12] = 0
    assert without_feet(alpha, between_the_legs(man.person))


def test_nobody_is_a_child_by_legs_that_the_matte_lacks():
    child = Figures("cpu").cut_out(photo_of(altered.shortened(polo(), 175, 1000, 0.64)))
    alpha, person = child.matte.alpha.copy(), child.person
    assert suggested_height_m(alpha, person) < 1.3
    knee = person.points[L.LEFT_KNEE, :2].astype(int)
    alpha[knee[1] - 10 :, knee[0] - 25 : knee[0] + 60] = 0
    assert missing_limbs(alpha, person) and suggested_height_m(alpha, person) == 1.70


def test_a_photo_that_ends_within_the_feet_says_so(man):
    """Ankles alone make no whole figure."""
    low = np.flatnonzero((man.matte.alpha > 0.5).any(1))[-1]
    report = Figures("cpu").check(photo_of(polo()[: low - 40]))
    (sentence,) = [each["sentence"] for each in report["advice"] if each["kind"] == "cut_off"]
    assert "photo ends within the feet" in sentence and report["framing"] == "knees"

# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands: read where the photo shows them, refused where it does not, and the fingers posed as they are."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import cKDTree

import blender_pifu
from blender_pifu.engine.body.bones import FINGERS, INDEX, SIDES
from blender_pifu.engine.body.fit import Fit
from blender_pifu.engine.body.model import load_body
from blender_pifu.engine.body.part_cuts import SeparatedField
from blender_pifu.engine.hands.finger_chain import BENDS, SIDEWAYS, FingerChain
from blender_pifu.engine.hands.finger_fit import fit_fingers, target_points
from blender_pifu.engine.hands.hand_graft import graft
from blender_pifu.engine.hands.hand_landmarks import TIPS, HandLandmarks, HandReader
from blender_pifu.engine.hands.hand_pose import believed, pose_hands, relaxed
from blender_pifu.engine.hands.stump import made_wrist, stump
from blender_pifu.engine.hands.wrist import wrist_of
from blender_pifu.engine.layout.crossings import crossing_faces
from blender_pifu.engine.reading.people import People
from blender_pifu.engine.reading.photo import load_photo
from blender_pifu.engine.surface.extraction import extract_surface
from blender_pifu.engine.surface.mesh import check_mesh, largest_component, volumes
from helpers.analytic import CapsuleField

PHOTOS = Path(blender_pifu.__file__).parent / "data" / "photos"
FIST, SPREAD, POINTING = (1.1, 1.2, 0.7), (0.05, 0.05, 0.02), (0.1, 0.1, 0.1)


@lru_cache
def hands_of(name):
    photo = load_photo(PHOTOS / name)
    person = People("cpu").find(photo.rgb)[0]
    return HandReader().read(photo.rgb, person), person


def rest_fit():
    body = load_body()
    pose = body.rest_pose()
    return Fit(pose, body.pose(pose).numpy(), 0.0, 1.0, "surface", None, np.ones(52, bool))


def chain_of(side):
    return FingerChain(load_body(), load_body().rest_pose(), side)


def bent(index=POINTING, others=FIST, fan=0.0):
    angles = relaxed()
    angles[BENDS[1]], angles[BENDS[2:]] = index, others
    angles[SIDEWAYS] = fan * np.array([0, 1, 0.3, -0.3, -1])
    return angles


def test_hands_that_the_photo_shows_are_believed():
    hands, person = hands_of("man_polo_full_body.jpg")
    sure = believed(hands, person.points)
    assert set(sure) == {".L", ".R"}
    for hand in sure.values():  # hanging hands: the tips lie under the wrist
        assert (hand.points[list(TIPS), 1] > hand.points[0, 1] + 20).all()
    assert sure[".L"].points[:, 0].mean() > sure[".R"].points[:, 0].mean() + 200


def test_a_hand_in_a_pocket_is_not():
    hands, person = hands_of("man_suit_full_body.jpg")
    assert set(believed(hands, person.points)) == {".R"}


@pytest.mark.parametrize(
    "doubt", [{"presence": 0.4}, {"right": 0.2}, {"points": np.zeros((21, 2))}], ids=["absent", "a left one", "far off"]
)
def test_doubtful_hands_are_not(doubt):
    hands, person = hands_of("man_suit_full_body.jpg")
    assert believed({".R": replace(hands[".R"], **doubt)}, person.points) == {}


def test_of_two_hands_in_one_place_one_is_left():
    hands, person = hands_of("man_suit_full_body.jpg")
    right, marks = hands[".R"], person.points.copy()
    marks[15] = marks[16]
    both = {".R": right, ".L": replace(right, right=0.3)}
    assert set(believed(both, marks)) == {".R"}


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(
    "pose", [{}, {"others": SPREAD, "index": SPREAD, "fan": 0.15}, {"index": FIST}], ids=["pointing", "spread", "fist"]
)
def test_fingers_lie_where_the_landmarks_are(side, pose):
    chain = chain_of(side)
    angles = bent(**pose)
    angles[7] = 0.3  # the wrist bent
    points = chain.points(angles[None])[0]
    found = fit_fingers(chain, target_points(points[:, :2], points), 1.0)
    again = chain.points(found.angles[None])[0]
    assert np.linalg.norm(again - points, axis=1)[list(TIPS)].mean() < 0.012
    assert np.abs(found.angles[BENDS[1:]] - angles[BENDS[1:]]).mean() < np.radians(12)


def test_both_sides_bend_alike():
    left, right = (chain_of(side).points(bent()[None])[0] for side in (".L", ".R"))
    np.testing.assert_allclose(left * (-1, 1, 1), right, atol=2e-3)


@pytest.mark.parametrize("side", SIDES)
def test_bones_go_where_the_chain_says(side):
    body, chain, angles = load_body(), chain_of(side), bent(fan=0.1)
    angles[3:9] = 0.2
    heads = body.pose(chain.posed(angles)).numpy()[body.head_rows]
    bones = [INDEX[f"{finger}_3{side}"] for finger in FINGERS]
    lasts = chain.points(angles[None])[0][[3, 7, 11, 15, 19]]
    assert np.linalg.norm(heads[bones] - lasts, axis=1).max() < 0.008  # but for where the network sees its points


def test_hands_nobody_sees_are_relaxed():
    fit = pose_hands(rest_fit(), None, HandReader())
    assert fit.hands == ()
    body = load_body()
    for side in SIDES:
        heads = fit.rows[body.head_rows]
        first, second = (
            heads[INDEX[f"middle_{b}{side}"]] - heads[INDEX[f"middle_{a}{side}"]] for a, b in ((1, 2), (2, 3))
        )
        bend = np.degrees(np.arccos(first @ second / np.linalg.norm(first) / np.linalg.norm(second)))
        assert 10 < bend < 40


def test_a_reader_without_a_wrist_reads_nothing():
    hands, person = hands_of("man_suit_full_body.jpg")
    hidden = replace(person, visibility=np.zeros_like(person.visibility))
    assert HandReader().read(np.zeros((64, 64, 3), np.uint8), hidden) == {}
    assert isinstance(hands[".R"], HandLandmarks)


def grafted_arm():
    """A fit in rest, and the surface of one arm of it with a mitten, cut off at the wrist."""
    fit = replace(rest_fit(), hands=(".L",))
    heads = fit.rows[load_body().head_rows]
    elbow, wrist, middle = (heads[INDEX[bone + ".L"]] for bone in ("forearm", "hand", "middle_2"))
    field = CapsuleField(np.stack([(elbow, wrist), (wrist, middle)]), [0.035, 0.05])
    sheet = stump(fit, ".L", extract_surface(field, 128).vertices)
    surface = extract_surface(SeparatedField(field, [sheet], 2 / 256), 256)
    return fit, largest_component(surface.vertices, surface.faces)


def test_the_body_s_hand_is_put_on_the_stump():
    fit, (vertices, faces) = grafted_arm()
    wrist = wrist_of(fit, ".L")
    assert wrist.beyond(vertices).max() < 0.01  # no mitten is left
    points, made = graft(vertices, faces, fit, ".L")
    check = check_mesh(made)
    assert check.watertight and check.components == 1
    assert volumes(points, made).sum() > 0
    assert not crossing_faces(points, made).any()
    body = load_body()
    tips = fit.rows[body.tail_rows][[body.tail_bones.index(f"{finger}_3.L") for finger in FINGERS]]
    assert cKDTree(points).query(tips)[0].max() < 0.006


def test_a_hand_is_not_put_where_there_is_no_stump():
    fit, (vertices, faces) = grafted_arm()
    assert graft(vertices - np.float32((0, 0.5, 0)), faces, fit, ".L") is None

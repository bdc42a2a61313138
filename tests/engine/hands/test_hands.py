# SPDX-License-Identifier: GPL-3.0-or-later
"""Hands: read where the photo shows them, refused where it does not, and the fingers posed as they are."""

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree

import blender_pifu
from blender_pifu.engine.body.bones import FINGERS, INDEX, SIDES
from blender_pifu.engine.body.fit import Fit
from blender_pifu.engine.body.model import load_body, rotation
from blender_pifu.engine.body.part_cuts import SeparatedField
from blender_pifu.engine.color.regions import REGIONS, Regions
from blender_pifu.engine.hands.beside import with_beside
from blender_pifu.engine.hands.cloth import depth_in_cloth, lifted, with_turned_bone
from blender_pifu.engine.hands.crossed_arms import apart, crossing, one_before_other, tangled
from blender_pifu.engine.hands.finger_chain import ANGLES, BENDS, SIDEWAYS, FingerChain
from blender_pifu.engine.hands.finger_fit import fit_arm, fit_fingers, target_points
from blender_pifu.engine.hands.hand_graft import graft
from blender_pifu.engine.hands.hand_landmarks import ROOTS, TIPS, HandLandmarks, HandReader
from blender_pifu.engine.hands.hand_pose import _as_long, believed, pose_hands, relaxed
from blender_pifu.engine.hands.stump import made_wrist, stump
from blender_pifu.engine.hands.taper import is_bare
from blender_pifu.engine.hands.wrist import HandSkin, wrist_of
from blender_pifu.engine.layout.crossings import crossing_faces, crossing_pairs
from blender_pifu.engine.reading.people import People
from blender_pifu.engine.reading.photo import load_photo
from blender_pifu.engine.reading.stance import Framing
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


def wrists_of(person):
    return {side: person.points[ROOTS[side][0], :2] for side in SIDES}


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
    sure = believed(hands, wrists_of(person))
    assert set(sure) == {".L", ".R"}
    for hand in sure.values():  # hanging hands: the tips lie under the wrist
        assert (hand.points[list(TIPS), 1] > hand.points[0, 1] + 20).all()
    assert sure[".L"].points[:, 0].mean() > sure[".R"].points[:, 0].mean() + 200


def test_a_hand_in_a_pocket_is_not():
    hands, person = hands_of("man_suit_full_body.jpg")
    assert set(believed(hands, wrists_of(person))) == {".R"}


@pytest.mark.parametrize(
    "doubt", [{"presence": 0.4}, {"right": 0.2}, {"points": np.zeros((21, 2))}], ids=["absent", "a left one", "far off"]
)
def test_doubtful_hands_are_not(doubt):
    hands, person = hands_of("man_suit_full_body.jpg")
    assert believed({".R": replace(hands[".R"], **doubt)}, wrists_of(person)) == {}


def test_of_two_hands_in_one_place_one_is_left():
    hands, person = hands_of("man_suit_full_body.jpg")
    right, wrists = hands[".R"], wrists_of(person)
    both = {".R": right, ".L": replace(right, right=0.3)}
    assert set(believed(both, wrists | {".L": wrists[".R"]})) == {".R"}


def test_a_hand_that_is_seen_from_its_end_may_be_as_far_off_as_any():
    hands, person = hands_of("man_suit_full_body.jpg")
    hand, wrists = hands[".R"], wrists_of(person)
    small = replace(hand, points=hand.points[0] + 0.5 * (hand.points - hand.points[0]))
    wrists = wrists | {".R": hand.points[0] + (0.4 * hand.size, 0)}
    assert believed({".R": small}, wrists) == {}
    assert set(believed({".R": small}, wrists, hand.size)) == {".R"}


def test_a_hand_that_a_look_is_not_sure_of_is_looked_at_closer(monkeypatch):
    hand, reader, sides = hands_of("man_suit_full_body.jpg")[0][".R"], HandReader(), []

    def look(rgb, region):
        sides.append(region.side)
        return replace(hand, presence=0.9 if region.side < 0.8 * sides[0] else 0.4)

    monkeypatch.setattr(reader, "look", look)
    assert reader._again(np.zeros((9, 9, 3)), hand, ".R").presence == 0.9
    assert len(sides) == 4
    assert reader._again(np.zeros((9, 9, 3)), replace(hand, presence=0.05), ".R").presence == 0.05
    assert len(sides) == 4


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


WIDE_M, TORSO_M = 0.07, 0.16  # of a sleeve, and of a block against which a wrist is pressed


def arm_of(fit, more=(), radii=(), width=0.035):
    """The field of one arm of a fit, its hand a mitten."""
    heads = fit.rows[load_body().head_rows]
    elbow, wrist, middle = (heads[INDEX[bone + ".L"]] for bone in ("forearm", "hand", "middle_2"))
    return CapsuleField(np.stack([(elbow, wrist), (wrist, middle), *more]), [width, 0.05, *radii])


def grafted(fit, field, free=False):
    """The fit, and what is left of a field's surface for its left hand."""
    sheets = [*made_wrist(fit, ".L", field, free), stump(fit, ".L", extract_surface(field, 128).vertices)]
    surface = extract_surface(SeparatedField(field, sheets, 2 / 256), 256)
    return fit, largest_component(surface.vertices, surface.faces)


def grafted_arm():
    """A fit in rest, and the surface of one arm of it with a mitten, cut off at the wrist."""
    fit = replace(rest_fit(), hands=(".L",))
    return grafted(fit, arm_of(fit))


def assert_sound(fit, points, made):
    check = check_mesh(made)
    assert check.watertight and check.components == 1
    assert volumes(points, made).sum() > 0
    assert not crossing_faces(points, made).any()
    body = load_body()
    tips = fit.rows[body.tail_rows][[body.tail_bones.index(f"{finger}_3.L") for finger in FINGERS]]
    assert cKDTree(points).query(tips)[0].max() < 0.006


def test_the_body_s_hand_is_put_on_the_stump():
    fit, (vertices, faces) = grafted_arm()
    wrist = wrist_of(fit, ".L")
    assert wrist.beyond(vertices).max() < 0.01  # no mitten is left
    assert_sound(fit, *graft(vertices, faces, fit, ".L"))


def test_a_hand_is_put_into_a_wide_sleeve():
    fit = rest_fit()
    assert_sound(fit, *graft(*grafted(fit, arm_of(fit, width=WIDE_M))[1], fit, ".L"))


def thickness(fit, points, low, high):
    """How far an arm's points are from the forearm's axis, on average, so far beyond the wrist, metres."""
    wrist = wrist_of(fit, ".L")
    beyond, aside = wrist.beyond(points), wrist.aside(points)
    return aside[(beyond > low) & (beyond < high) & (aside < 2 * WIDE_M)].mean()


def test_a_bare_forearm_narrows_to_the_hand_and_a_sleeve_does_not():
    fit = rest_fit()
    vertices, faces = grafted(fit, arm_of(fit, width=WIDE_M))[1]
    bare, sleeve = (graft(vertices, faces, fit, ".L", bare=bare) for bare in (True, False))
    assert_sound(fit, *bare)
    hand = thickness(fit, bare[0], 0.008, 0.02)
    assert thickness(fit, bare[0], -0.02, -0.008) < 1.2 * hand
    assert thickness(fit, sleeve[0], -0.02, -0.008) > 1.6 * hand
    assert thickness(fit, bare[0], -0.2, -0.14) == pytest.approx(thickness(fit, sleeve[0], -0.2, -0.14), rel=1e-3)


def test_what_a_bare_forearm_lies_against_stays():
    fit = rest_fit()
    vertices, faces = grafted(fit, beside_a_block(fit), free=True)[1]
    bare, before = (graft(vertices, faces, fit, ".L", bare=bare)[0] for bare in (True, False))
    block = wrist_of(fit, ".L").aside(before) > 0.1
    assert cKDTree(bare).query(before[block])[0].max() < 1e-6


@pytest.mark.parametrize("worn, bare", [("skin", True), ("upper", False)])
def test_a_forearm_is_bare_where_skin_is_seen_of_it(worn, bare):
    told = np.zeros((16, 16, len(REGIONS)), np.float32)
    told[..., REGIONS[worn]] = 1
    assert is_bare(rest_fit(), ".L", Regions(told, told).skin) == bare


def beside_a_block(fit):
    """The field of an arm whose end is pressed against a block."""
    wrist = wrist_of(fit, ".L")
    inward = np.array((-1.0, 0, 0)) - wrist.along * (-wrist.along[0])
    middle = wrist.place + (TORSO_M + 0.02) * inward / np.linalg.norm(inward)
    return arm_of(fit, [(middle - 0.1 * wrist.along, middle + 0.1 * wrist.along)], [TORSO_M])


def test_an_arm_that_has_grown_together_with_something_is_cut_free_before_its_wrist():
    fit = rest_fit()
    field = beside_a_block(fit)
    assert_sound(fit, *graft(*grafted(fit, field, free=True)[1], fit, ".L"))


def test_a_forearm_that_the_surface_lacks_is_made():
    fit = rest_fit()
    wrist = wrist_of(fit, ".L")
    half = wrist.elbow + 0.4 * (wrist.place - wrist.elbow)
    field = CapsuleField(np.stack([(wrist.elbow, half)]), [0.045], reach=1.0)
    assert_sound(fit, *graft(*grafted(fit, field)[1], fit, ".L"))


def test_an_arm_that_is_whole_gets_none():
    fit = rest_fit()
    assert made_wrist(fit, ".L", arm_of(fit), False) == []


def test_an_arm_that_lies_a_little_beside_the_fitted_one_gets_no_second():
    """Half of it stood beside the first, as a nub."""
    fit = rest_fit()
    wrist = wrist_of(fit, ".L")
    off = 0.027 * wrist.across[0]
    field = CapsuleField(np.stack([(wrist.elbow, wrist.place + 0.05 * wrist.along)]) + off, [0.035])
    assert made_wrist(fit, ".L", field, False) == []


def in_a_skirt():
    """A fit with its arms hanging, and the surface of a skirt so wide that its hands are in that."""
    body = load_body()
    turns = body.rest_pose().rotations.clone()
    for side, sign in zip(SIDES, (-1, 1), strict=True):
        turns[INDEX["upper_arm" + side]] = rotation(torch.tensor([[0.0, 0.0, sign * 0.65]]))[0]
        turns[INDEX["forearm" + side]] = rotation(torch.tensor([[0.75, 0.0, 0.0]]))[0]
    pose = replace(body.rest_pose(), rotations=turns)
    fit = replace(rest_fit(), pose=pose, rows=body.pose(pose).numpy())
    heads, skirt = fit.rows[body.head_rows], []
    reach = float(np.abs(heads[[INDEX["middle_2" + side] for side in SIDES], 0]).mean())
    for x in (-reach / 2, reach / 2):
        skirt.append(((x, heads[INDEX["spine"], 1], 0.0), (x, heads[INDEX["shin.L"], 1], 0.0)))
    return fit, extract_surface(CapsuleField(np.array(skirt), [reach / 2 + 0.01] * 2), 128)


def test_a_hand_in_the_cloth_beside_it_is_brought_out():
    fit, skirt = in_a_skirt()
    assert depth_in_cloth(fit, ".L", skirt.vertices)[0] > 0.01
    assert depth_in_cloth(lifted(fit, ".L", skirt.vertices, False), ".L", skirt.vertices)[0] < 0.01


@pytest.mark.parametrize(
    "presence, framing, off, hidden",
    [
        (0.4, Framing.FULL, 0.0, ()),
        (0.05, Framing.FULL, 0.0, SIDES),  # in a pocket of the skirt
        (0.4, Framing.HALF, 0.0, ()),
        (0.05, Framing.HALF, 0.0, SIDES),
        (0.4, Framing.FULL, 0.03, ()),  # the forearm is turned there
        (0.4, Framing.FULL, 0.1, SIDES),  # the photo's hand would stand beside it
    ],
)
def test_a_hand_that_is_not_read_is_put_on_where_the_photo_has_one(presence, framing, off, hidden):
    fit, skirt = in_a_skirt()
    points, hands = np.zeros((33, 4)), {}
    for side in SIDES:
        places = FingerChain(load_body(), fit.pose, side).points(np.zeros((1, ANGLES)))[0, :, :2] + off
        points[list(ROOTS[side]), :2] = places[[0, 5, 17]]
        hands[side] = HandLandmarks(places, np.zeros((21, 3)), presence, 0.5)
    reader = SimpleNamespace(read=lambda rgb, person: hands, near=lambda rgb, points, side: None)
    same = SimpleNamespace(to_field=lambda points: points, to_photo=lambda points: points)
    person, crop = SimpleNamespace(points=points), same
    figure = SimpleNamespace(person=person, crop=crop, framing=framing, photo=SimpleNamespace(rgb=None))
    assert pose_hands(fit, figure, reader, (skirt.vertices, skirt.faces)).hidden == tuple(hidden)


@pytest.mark.parametrize("held, hidden", [(0.0, ()), (1.0, SIDES)])
def test_a_hand_behind_something_that_is_held_stays_hidden(held, hidden):
    """One was put on there: it came through a box, and took half of that away with the stump."""
    fit = rest_fit()
    trunk = extract_surface(
        CapsuleField(fit.rows[load_body().head_rows][[INDEX["spine"], INDEX["head"]]][None], [0.1]), 64
    )
    points = np.zeros((33, 4))
    for side in SIDES:
        places = FingerChain(load_body(), fit.pose, side).points(np.zeros((1, ANGLES)))[0, :, :2]
        points[list(ROOTS[side]), :2] = places[[0, 5, 17]]
    reader = SimpleNamespace(read=lambda rgb, person: {}, near=lambda rgb, points, side: None)
    crop = SimpleNamespace(to_field=lambda points: points, to_photo=lambda points: points)
    photo, person = SimpleNamespace(rgb=None), SimpleNamespace(points=points)
    figure = SimpleNamespace(person=person, crop=crop, framing=Framing.FULL, photo=photo)
    mesh = trunk.vertices, trunk.faces
    assert pose_hands(fit, figure, reader, mesh, lambda places: np.full(len(places), held)).hidden == tuple(hidden)


@pytest.mark.parametrize("nearer", [0.0, 0.02])
def test_reading_a_hand_leaves_its_depth_to_the_fit(nearer):
    chain = chain_of(".L")
    points = chain.points(relaxed()[None])[0]
    target = target_points(points[:, :2] + (0.02, 0.01), points)
    after = chain.points(fit_fingers(chain, target, 1.0, nearer).angles[None])[0]
    assert abs(after[0, 2] - points[0, 2] - nearer) < 0.01


def test_an_arm_that_the_surface_has_shorter_is_fitted_as_long_as_that():
    """The hand of an arm drawn without its depth stood 9 cm beside the photo's."""
    fit, body = rest_fit(), load_body()
    short = with_turned_bone(body, fit, "upper_arm.L", np.array((0, 0.2, 0.3)))
    pose = replace(short.pose, longer=(-0.07, 0.0))
    short = replace(short, pose=pose, rows=body.pose(pose).numpy())
    surface = extract_surface(arm_of(short), 128)
    place = wrist_of(short, ".L").place
    found = _as_long(fit, ".L", place - 0.03 * wrist_of(short, ".L").along, (surface.vertices, surface.faces))
    assert -0.13 < found.pose.longer[0] < -0.07 and found.pose.longer[1] == 0
    np.testing.assert_allclose(wrist_of(found, ".L").place, place, atol=0.04)
    assert _as_long(fit, ".L", place + 1, (surface.vertices, surface.faces)) is None


def bent_back(fit, angle):
    """The fit with its left hand bent about an axis across the wrist, and the surface of that arm without its hand."""
    body = load_body()
    turns = fit.pose.rotations.clone()
    turns[INDEX["hand.L"]] = rotation(torch.from_numpy(angle * wrist_of(fit, ".L").across[:1]).float())[0]
    pose = replace(fit.pose, rotations=turns)
    fit = replace(fit, pose=pose, rows=body.pose(pose).numpy())
    return grafted(fit, arm_of(fit))


@pytest.mark.parametrize(("angle", "put_on"), [(-1.0, True), (2.5, False)])
def test_a_hand_that_is_bent_is_put_on_unless_it_lies_back_along_its_forearm(angle, put_on):
    fit, (vertices, faces) = bent_back(rest_fit(), angle)
    tails = fit.rows[load_body().tail_rows]
    assert (wrist_of(fit, ".L").beyond(tails)[load_body().tail_bones.index("middle_3.L")] > 0) == put_on
    made = graft(vertices, faces, fit, ".L")
    assert (made is not None) == put_on
    if made is not None:
        assert_sound(fit, *made)


def test_a_hand_is_not_put_where_there_is_no_stump():
    fit, (vertices, faces) = grafted_arm()
    assert graft(vertices - np.float32((0, 0.5, 0)), faces, fit, ".L") is None


def turned(turns):
    """A fit in rest but for some bones, turned by vectors."""
    body = load_body()
    rotations = body.rest_pose().rotations.clone()
    for bone, turn in turns.items():
        rotations[INDEX[bone]] = rotation(torch.tensor([turn]))[0]
    pose = replace(body.rest_pose(), rotations=rotations)
    return replace(rest_fit(), pose=pose, rows=body.pose(pose).numpy())


def test_forearms_that_cross_are_brought_one_before_the_other_and_their_wrists_stay():
    turns = {f"upper_arm{side}": (-0.2, sign * 0.3, sign * 0.6) for side, sign in zip(SIDES, (-1, 1), strict=True)}
    turns |= {f"forearm{side}": (-0.5, sign * 1.9, 0.0) for side, sign in zip(SIDES, (-1, 1), strict=True)}
    fit = turned(turns)
    after = one_before_other(fit)
    elbows, wrists = ([INDEX[bone + side] for side in SIDES] for bone in ("forearm", "hand"))
    old, new = (one.rows[load_body().head_rows] for one in (fit, after))
    moved = (new - old)[elbows][:, 2]
    assert moved.max() > 0.005 and moved.min() < -0.005
    np.testing.assert_allclose(new[wrists], old[wrists], atol=1e-3)
    tips = [INDEX["middle_3" + side] for side in SIDES]
    np.testing.assert_allclose(new[tips], old[tips], atol=2e-3)


def test_beside_a_hand_are_the_trunk_and_the_legs_that_the_photo_shows_behind_it():
    skin = load_body().skin_vertices
    fit = with_turned_bone(load_body(), rest_fit(), "upper_arm.L", np.array((0, 0, -1.0)))
    points, parts = fit.vertices[:skin], load_body().parts[:skin]
    hand = HandSkin(fit, ".L").mine
    told = with_beside(np.where(hand, 1, 0), points, np.where(hand, np.arange(skin), -1), fit)
    assert (told[hand] == 1).all() and not (told == 2).any()
    assert (told < 0).any() and set(parts[told < 0]) <= {"trunk", "leg.L", "leg.R"}
    across = cKDTree(points[hand, :2]).query(points[:, :2])[0]
    assert (told[(across < 0.05) & (parts == "leg.L")] == -1).all()


def test_arms_that_do_not_cross_stay():
    fit = rest_fit()
    assert one_before_other(fit) is fit


def before_the_trunk(raised, bend):
    """A fit whose forearms are bent so far before the trunk, and the right arm raised."""
    turns = {"upper_arm.L": (-0.2, -0.3, -0.6), "upper_arm.R": (-0.2 - raised, 0.3, 0.6)}
    return turned(turns | {"forearm.L": (-0.5, -bend, 0.0), "forearm.R": (-0.5, bend, 0.0)})


def test_a_hand_is_brought_before_the_arm_that_it_passes_through_and_stays_across():
    """A thumb went through the other wrist, and that hand found no place."""
    fit = before_the_trunk(0.2, 1.4)
    heads = load_body().head_rows
    assert hands_cross(fit) and crossing(fit) is None
    after = apart(fit)
    assert not hands_cross(after) and not tangled(after)
    wrists = [INDEX["hand" + side] for side in SIDES]
    moved = (after.rows[heads] - fit.rows[heads])[wrists]
    assert sorted(moved[:, 2] > 0.005) == [False, True]
    assert np.abs(moved[:, :2]).max() < 0.03


def test_a_hand_that_passes_through_the_other_forearm_of_crossed_arms_is_left_to_the_surface():
    fit = one_before_other(before_the_trunk(0.1, 1.5))
    assert crossing(fit) is not None and tangled(fit) and not tangled(rest_fit())
    assert apart(fit) is fit


def hands_cross(fit):
    """Whether a hand passes through the other or its forearm."""
    body = load_body()
    skin, parts = fit.vertices[: body.skin_vertices], body.parts[: body.skin_vertices]
    upper = np.isin(body.labels[: body.skin_vertices], [INDEX["upper_arm" + side] for side in SIDES])
    for side, other in (SIDES, SIDES[::-1]):
        own = (parts == "arm" + side) & (wrist_of(fit, side).beyond(skin) > 0.01)
        hand, arm = (body.triangles[mask[body.triangles].all(1)] for mask in (own, (parts == "arm" + other) & ~upper))
        pairs = crossing_pairs(skin, np.concatenate([hand, arm])) < len(hand)
        if (pairs[:, 0] != pairs[:, 1]).any():
            return True
    return False


def test_an_arm_reaches_where_landmarks_have_its_hand():
    chain, points = chain_of(".L"), [0, 5, 17]
    before = chain.points(relaxed()[None])[0]
    places = before[points, :2] + (0.03, 0.02)
    after = chain.points(fit_arm(chain, relaxed(), places, points, 1.0, 0.02)[None])[0]
    assert np.linalg.norm(after[points, :2] - places, axis=1).max() < 0.012
    assert 0.005 < after[0, 2] - before[0, 2] < 0.03


def test_a_hand_is_looked_for_where_the_fitted_body_has_it():
    fit, _ = in_a_skirt()
    far = np.zeros((33, 4))  # the landmarks of the body are wrong
    asked = []

    def near(rgb, points, side):
        asked.append(points)
        return HandLandmarks(1000 * points, np.zeros((21, 3)), 0.1, 0.5)

    reader = SimpleNamespace(read=lambda rgb, person: {}, near=near)
    same = SimpleNamespace(to_field=lambda points: points, to_photo=lambda points: points)
    person = SimpleNamespace(points=far)
    figure = SimpleNamespace(person=person, crop=same, framing=Framing.FULL, photo=SimpleNamespace(rgb=None))
    assert pose_hands(fit, figure, reader).hands == ()
    for side, points in zip(SIDES, asked, strict=True):
        np.testing.assert_allclose(points[0], wrist_of(fit, side).place[:2], atol=0.02)

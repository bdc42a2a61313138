# SPDX-License-Identifier: GPL-3.0-or-later
"""Matte and landmarks judged together: limbs are filled, what is missing or too much is told, and so are depth, age,
light and drawings."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from PIL import Image

from blender_pifu.engine import reconstruct
from blender_pifu.engine.reading.disputes import settle
from blender_pifu.engine.reading.landmarks import Landmark as L
from blender_pifu.engine.reading.limb_matte import fill_limbs
from blender_pifu.engine.reading.matte import Matting
from blender_pifu.engine.reading.photo import load_photo
from blender_pifu.engine.reading.stance import trunk_length
from blender_pifu.engine.reading.unexplained import drop_above_head
from blender_pifu.engine.subject.cut_advice import strides
from blender_pifu.engine.subject.drawing import is_drawn
from blender_pifu.engine.subject.figure import Figures
from blender_pifu.engine.subject.missing import missing_limbs, without_feet
from blender_pifu.training.photos.reading import iou
from helpers import altered
from helpers.altered import photo_of, polo, suit
from helpers.couple import PHOTOS, mattes


@pytest.fixture(scope="module")
def figures():
    return Figures("cpu")


@pytest.fixture(scope="module")
def suit_cut():
    return Matting("cpu").matte(photo_of(suit()))


@pytest.fixture(scope="module")
def polo_cut():
    return mattes()[1]


def kinds(figure):
    return {advice.kind: advice.severity for advice in figure.advice}


def said(figure, kind):
    (sentence,) = [advice.sentence for advice in figure.advice if advice.kind == kind]
    return sentence


def cut_out(rgb, alpha, under, rows):
    """A photo as an editor would save it: transparent outside some rows too, with a colour under the transparent."""
    given = (alpha > 0.5).astype(np.float32)
    given[: rows[0]], given[rows[1] :] = 0, 0
    return photo_of(np.where(given[..., None] > 0, rgb, np.array(under)), given)


# ---- limbs


def test_forearms_before_a_pale_wall_are_whole(figures):
    figure = figures.cut_out(photo_of(altered.broadened(polo())))
    for side in ("LEFT", "RIGHT"):
        elbow, wrist = (figure.person.points[L[f"{side}_{joint}"], :2] for joint in ("ELBOW", "WRIST"))
        places = np.linspace(elbow, wrist, 40).round().astype(int)
        assert figure.matte.alpha[places[:, 1], places[:, 0]].min() > 0.5, side
    assert missing_limbs(figure.matte.alpha, figure.person) == []
    assert kinds(figure) == {}


@pytest.mark.parametrize("color", [(236, 232, 228), (214, 176, 150), (190, 30, 50)], ids=["white", "skin", "red"])
def test_whoever_stands_before_a_wall_of_their_colours_is_whole(figures, polo_cut, color):
    figure = figures.cut_out(photo_of(altered.before_wall(polo_cut, color)))
    truth = polo_cut.alpha > 0.5
    found = figure.matte.alpha > 0.5
    assert (found & truth).sum() / (found | truth).sum() > 0.94
    assert kinds(figure) == {}


def test_a_limb_that_stays_missing_is_named(figures, suit_cut):
    figure = figures.cut_out(photo_of(suit()))
    alpha = figure.matte.alpha.copy()
    elbow, wrist = (figure.person.points[joint, 1] for joint in (L.RIGHT_ELBOW, L.RIGHT_WRIST))
    x = int(figure.person.points[L.RIGHT_ELBOW, 0]) + 25
    alpha[int(elbow) + 10 : int(wrist) + 60, :x] = 0
    assert "right forearm" in missing_limbs(alpha, figure.person)
    lacking = figures.cut_out(photo_of(suit(), alpha))
    assert "cut-out lacks" in said(lacking, "missing_part") and "forearm" in said(lacking, "missing_part")


# ---- cut-outs


@pytest.mark.parametrize(("side", "row"), [("right", 850), ("left", 880)])
def test_one_foot_that_is_cut_off_is_named(figures, polo_cut, side, row):
    alpha = (polo_cut.alpha > 0.5).astype(np.float32)
    beyond = np.s_[row:, :535] if side == "right" else np.s_[row:, 535:]
    alpha[beyond] = 0
    figure = figures.cut_out(cut_out(polo(), alpha, (0, 255, 0), (0, 1030)))
    assert f"{side} foot" in said(figure, "missing_part")


@pytest.mark.parametrize("under", [(0, 255, 0), (0, 0, 0), (255, 0, 255)])
def test_a_cut_out_without_feet_is_told_so(figures, polo_cut, under):
    figure = figures.cut_out(cut_out(polo(), polo_cut.alpha, under, (0, 905)))
    assert "ends above the feet" in said(figure, "cut_off")
    assert figure.framing == "knees" and 0.7 < figure.seen < 0.97
    assert kinds(figure) == {"cut_off": "warning"}


def test_straight_ends_of_shins_are_no_feet_and_nobody_a_child_for_them(figures, polo_cut, suit_cut):
    """The landmarks imagine feet there, on legs as short as a child's."""
    for rgb, alpha, row in ((polo(), polo_cut.alpha, 870), (suit(), suit_cut.alpha, 850)):
        figure = figures.cut_out(cut_out(rgb, alpha, (255, 0, 255), (0, row)))
        assert kinds(figure) == {"cut_off": "warning"}
        assert figure.framing == "knees" and figure.height_m == 1.70
        assert np.flatnonzero((figure.matte.alpha > 0.5).any(1))[-1] == row - 1


def test_soles_of_few_pixels_are_no_straight_ends(figures, suit_cut):
    """Where a shoe is ten rows high it is as wide two rows from its end as above it."""
    small, alpha = (
        cv2.resize(part, None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA) for part in (suit(), suit_cut.alpha)
    )
    low = np.flatnonzero((alpha > 0.5).any(1))[-1]
    alpha[low - 8 : low + 1] = alpha[low - 8] > 0.5
    alpha[low] = cv2.erode(alpha[low - 1 : low], np.ones((1, 7)))
    alpha[low + 1 :] = 0
    assert not without_feet(alpha, figures.cut_out(photo_of(small)).person)


def test_ragged_ends_of_legs_are_cut_straight(figures, polo_cut):
    alpha = polo_cut.alpha.copy()
    rng = np.random.default_rng(2)
    for left in range(0, alpha.shape[1], 12):
        alpha[905 + int(rng.integers(0, 30)) :, left : left + 12] = 0
    figure = figures.cut_out(cut_out(polo(), alpha, (0, 255, 0), (0, 960)))
    solid = figure.matte.alpha > 0.5
    low = np.flatnonzero(solid.any(1))[-1]
    assert figure.framing == "knees" and solid[low].sum() > 0.9 * solid[low - 10].sum() > 40


def test_a_cut_out_without_crown_is_told_so(figures, suit_cut):
    figure = figures.cut_out(cut_out(suit(), suit_cut.alpha, (255, 0, 255), (115, 968)))
    assert "below the crown" in said(figure, "head_cut_off")
    assert kinds(figure) == {"head_cut_off": "warning"} and figure.framing == "full"


def test_a_whole_cut_out_is_taken_as_it_is(figures, suit_cut):
    figure = figures.cut_out(cut_out(suit(), suit_cut.alpha, (255, 255, 255), (0, 968)))
    assert kinds(figure) == {} and figure.framing == "full" and figure.seen == 1


def test_no_green_of_a_green_screen_is_seen(figures, polo_cut):
    """Not in holes, which are filled, nor where a smaller copy mixed it into the outline."""
    alpha = (polo_cut.alpha > 0.5).astype(np.float32)
    alpha[400:404, 480:484], alpha[600:603, 440:444] = 0, 0
    rgba = np.dstack([np.where(alpha[..., None] > 0, polo(), np.array([0, 255, 0])), 255 * alpha]).astype(np.uint8)
    rgba = cv2.resize(rgba, None, fx=0.7, fy=0.7, interpolation=cv2.INTER_AREA)
    figure = figures.cut_out(photo_of(rgba[..., :3], rgba[..., 3] / np.float32(255)))
    shown = figure.matte.foreground[figure.matte.alpha > 0].astype(int)
    assert (shown[:, 1] - shown[:, [0, 2]].max(1)).max() < 25


@pytest.mark.parametrize("part", ["left", "top", "all"])
def test_a_head_that_fades_out_of_the_matte_is_filled(figures, part):
    """Hair before a wall of its colour, or a head turned away: horns were left of it."""
    whole = figures.cut_out(photo_of(polo()))
    person, alpha = whole.person, whole.matte.alpha.copy()
    x, y = person.between(L.LEFT_EAR, L.RIGHT_EAR).round().astype(int)
    head = np.s_[: y + 45, x - 90 : x + 90]
    alpha[{"left": np.s_[: y + 30, x:], "top": np.s_[:y], "all": np.s_[: y + 30]}[part]] = 0
    fill_limbs(alpha, whole.matte.foreground.copy(), polo(), person, np.ones(alpha.shape, bool))
    both = (alpha[head] > 0.5, whole.matte.alpha[head] > 0.5)
    assert (both[0] & both[1]).sum() > 0.94 * (both[0] | both[1]).sum()


def settled(figures, wrong):
    """IoU with the whole matte of the man in the polo shirt, of his matte with `wrong` (bool) the other way round,
    before and after colours were asked."""
    whole = figures.cut_out(photo_of(polo()))
    alpha = np.where(wrong, 1 - whole.matte.alpha.round(), whole.matte.alpha).astype(np.float32)
    before, everything = alpha.copy() > 0.5, np.ones(alpha.shape, bool)
    settle(alpha, whole.matte.foreground.copy(), polo(), whole.person, everything)
    return [iou(each, whole.matte.alpha) for each in (before, alpha)]


def test_a_lump_of_the_background_is_taken_off_by_its_colours(figures, polo_cut):
    """Beside a shin, where no mask and no limb is: pavement like all of it."""
    lump = np.zeros(polo_cut.alpha.shape, bool)
    lump[780:920, 250:370] = True
    before, after = settled(figures, lump & (polo_cut.alpha < 0.5))
    assert before < 0.95 and after > 0.99


@pytest.mark.parametrize(("name", "box"), [("leg", (700, 860, 400, 500)), ("flank", (430, 560, 560, 700))])
def test_what_the_mask_is_sure_of_and_colours_confirm_is_filled(figures, polo_cut, name, box):
    top, bottom, left, right = box
    lost = np.zeros(polo_cut.alpha.shape, bool)
    lost[top:bottom, left:right] = True
    before, after = settled(figures, lost & (polo_cut.alpha > 0.5))
    assert before < 0.97 and after > before + 0.7 * (1 - before)


def test_a_gap_between_arm_and_trunk_stays(figures, polo_cut):
    before, after = settled(figures, np.zeros(polo_cut.alpha.shape, bool))
    assert before > 0.999 and after > 0.995


# ---- what is no body


ROCKS = [[(440, 110), (470, 10), (500, 15), (520, 110)], [(400, 120), (430, 5), (560, 5), (570, 130)]]


@pytest.mark.parametrize("rock", ROCKS, ids=["narrow", "broad"])
def test_a_horn_behind_the_head_is_taken_off(figures, suit_cut, rock):
    """A rock that the matte network takes for a part of the head would count in the height."""
    bare = figures.cut_out(photo_of(suit()))
    figure = figures.cut_out(photo_of(altered.with_part(suit(), suit_cut.alpha, rock, (52, 48, 46))))
    tops = [np.flatnonzero((each.matte.alpha > 0.5).any(1))[0] for each in (bare, figure)]
    assert abs(tops[0] - tops[1]) < 0.02 * 880
    assert "dropped" in kinds(figure)


def test_what_stands_beside_the_face_is_no_horn(figures):
    """Nor does it end the work, where nothing of it is above the eyes."""
    figure = figures.cut_out(photo_of(suit()))
    alpha = figure.matte.alpha.copy()
    alpha[168:198, 610:660] = 1
    assert not drop_above_head(alpha, figure.person) and alpha[180, 630] == 1


def test_what_may_be_a_hat_or_a_rock_is_named(figures, suit_cut):
    """Drawn in flat colours a slab flush with the head looks like hair to either network."""
    slab = [(397, 156), (423, 36), (529, 36), (564, 156)]
    drawing = altered.drawn(altered.with_part(suit(), suit_cut.alpha, slab, (52, 48, 46)))
    assert set(kinds(figures.cut_out(photo_of(drawing)))) & {"dropped", "above_head"}


def test_hats_and_hair_stay(figures):
    hopper = figures.cut_out(load_photo(PHOTOS.parents[2] / "tests" / "data" / "hopper_portrait.jpg"))
    assert "dropped" not in kinds(hopper) and kinds(hopper)["above_head"] == "info"
    top = np.flatnonzero((hopper.matte.alpha > 0.5).any(1))[0]
    assert top < 30, "the cap is a part of her"


# ---- drawings


@pytest.mark.parametrize("levels", [8, 5])
def test_a_drawing_is_told_to_be_one(figures, levels):
    figure = figures.cut_out(photo_of(altered.drawn(suit(), levels)))
    assert "drawn" in kinds(figure)
    top = np.flatnonzero((figure.matte.alpha > 0.5).any(1))[0]
    assert top > 45, "no horn of the rock behind"


def test_a_drawing_stays_one_as_a_jpeg_and_smooth_cloth_with_a_sensors_noise_is_none(suit_cut):
    drawn = cv2.imencode(".jpg", altered.drawn(suit(), 8), [cv2.IMWRITE_JPEG_QUALITY, 75])[1]
    assert is_drawn(cv2.imdecode(drawn, cv2.IMREAD_COLOR), suit_cut.alpha > 0.5)
    flat = altered.drawn(suit(), 8).astype(np.float32)
    noise = np.random.default_rng(3).normal(0, 1, flat.shape)
    assert not is_drawn(np.clip(flat + noise, 0, 255).astype(np.uint8), suit_cut.alpha > 0.5)


@pytest.mark.parametrize("change", [altered.grey, lambda rgb: cv2.GaussianBlur(rgb, (0, 0), 2), altered.halved])
def test_no_photo_is_told_to_be_drawn(figures, change):
    assert "drawn" not in kinds(figures.cut_out(photo_of(change(suit()))))


# ---- age and legs


@pytest.mark.parametrize(
    ("rgb", "top", "bottom", "length", "low", "high"),
    [(polo, 175, 1000, 0.64, 0.85, 1.15), (suit, 205, 940, 0.62, 0.8, 1.2), (polo, 175, 1000, 0.55, 0.7, 1.0)],
)
def test_a_child_is_one_and_neither_sits_nor_crouches(figures, rgb, top, bottom, length, low, high):
    photo = photo_of(altered.shortened(rgb(), top, bottom, length))
    report = figures.check(photo)
    assert low <= report["height_m"] <= high
    advice = {each["kind"]: each["severity"] for each in report["advice"]}
    assert advice.pop("child") == "info" and not set(advice) & {"short_legs", "bent_legs", "stride"}
    assert figures.cut_out(photo).height_m == report["height_m"]


def test_ankles_far_apart_in_depth_are_a_stride(figures):
    person = figures.cut_out(photo_of(polo())).person
    points = person.points.copy()
    points[L.LEFT_ANKLE, 2] = points[L.RIGHT_ANKLE, 2] + 2 * trunk_length(person)
    assert strides(replace(person, points=points)) and not strides(person)


def test_a_child_is_made_as_tall_as_it_is_suggested(tmp_path):
    Image.fromarray(altered.shortened(polo(), 175, 1000, 0.64)).save(tmp_path / "child.png")
    person = reconstruct(tmp_path / "child.png", resolution=64)
    assert 0.85 <= person.summary.height_m <= 1.15
    assert np.isclose(np.ptp(person.vertices[:, 2]), person.summary.height_m, atol=1e-3)


def test_grown_ups_are_1_70_m(figures):
    for rgb in (polo(), suit(), altered.broadened(polo())):
        assert figures.check(photo_of(rgb))["height_m"] == 1.70


# ---- light


@pytest.mark.parametrize("left", [0.2, 0.08])
def test_dark_skin_and_clothes_are_no_dark_photo(figures, suit_cut, left):
    assert "dark" not in kinds(figures.cut_out(photo_of(altered.lit(suit(), suit_cut.alpha, left))))


def test_a_dark_photo_and_one_against_the_light_are_dark(figures, suit_cut):
    everything = np.ones_like(suit_cut.alpha)
    assert "dark" in kinds(figures.cut_out(photo_of(altered.lit(suit(), everything, 0.05))))
    assert "dark" in kinds(figures.cut_out(photo_of(altered.lit(suit(), suit_cut.alpha, 0.003))))


def test_a_portrait_is_not_told_of_its_arms(figures):
    half = load_photo(PHOTOS.parents[2] / "tests" / "data" / "biden_three_quarter.jpg").rgb
    assert "crossed_arms" in kinds(figures.cut_out(photo_of(half)))
    figure = figures.cut_out(photo_of(half[:760]))
    assert figure.framing == "portrait" and not set(kinds(figure)) & {"crossed_arms", "hidden_arm"}

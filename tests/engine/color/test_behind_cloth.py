# SPDX-License-Identifier: GPL-3.0-or-later
"""The hidden side wears what reaches the outline, with its texture, and nothing that only lies in front."""

import numpy as np
import pytest

from blender_pifu.engine.color.behind_cloth import paint_behind_cloth
from blender_pifu.engine.color.held_things import find_behind
from blender_pifu.engine.color.quilting import quilt
from blender_pifu.engine.color.regions import REGIONS, Regions
from blender_pifu.engine.reading.landmarks import Landmark as L

SIDE = 512
JACKET, SHIRT, TROUSERS, MIXED = (0.2, 0.25, 0.5), (0.95, 0.95, 0.9), (0.35, 0.3, 0.25), (0.5, 0.5, 0.6)
BODY, OPENING = np.s_[120:480, 170:342], np.s_[130:260, 236:276]
WAIST = 300


@pytest.fixture
def photo():
    """Somebody in a jacket of some weave, with a white shirt in its opening."""
    image = np.zeros((SIDE, SIDE, 4), np.float32)
    image[BODY] = (*JACKET, 1)
    image[WAIST:480, 170:342, :3] = TROUSERS
    weave = np.random.default_rng(0).normal(0, 0.05, (WAIST - 120, 172, 1))
    image[120:WAIST, 170:342, :3] += weave.astype(np.float32)
    image[OPENING][..., :3] = SHIRT
    return image


@pytest.fixture
def back(photo):
    """What a network draws that half believes in the shirt, and blurs the waist."""
    drawn = photo.copy()
    drawn[120:WAIST, 170:342, :3] = JACKET
    drawn[OPENING][..., :3] = MIXED
    share = np.linspace(0, 1, 40)[:, None, None]
    drawn[WAIST - 20 : WAIST + 20, 170:342, :3] = np.float32(JACKET) * (1 - share) + np.float32(TROUSERS) * share
    return drawn


def test_a_shirt_in_an_open_jacket_is_not_on_its_back(photo, back):
    behind = paint_behind_cloth(back, photo, None)
    assert np.allclose(behind[160:240, 240:272, :3].mean((0, 1)), JACKET, atol=0.05)
    assert np.allclose(behind[340:460, 190:320, :3].mean((0, 1)), TROUSERS, atol=0.04)


def test_a_logo_is_not_on_the_back_though_it_is_drawn_there(photo, back):
    logo = np.s_[180:230, 190:225]
    photo[logo][..., :3] = back[logo][..., :3] = (0.9, 0.2, 0.1)
    behind = paint_behind_cloth(back, photo, None)
    assert np.allclose(behind[logo][..., :3].mean((0, 1)), JACKET, atol=0.05)


def test_buttons_are_not_on_the_back(photo, back):
    """Each is too small to make the cloth around it much louder than usual."""
    jacket = photo[120:WAIST, 170:342, :3]
    jacket += 0.4 * (np.float32(JACKET) - jacket)
    for row in range(140, WAIST - 20, 40):
        for column in (190, 310):
            photo[row : row + 3, column : column + 3, :3] += 0.2
    behind = paint_behind_cloth(back, photo, None)[140 : WAIST - 20, 185:327, :3]
    assert (behind - JACKET).max() < 0.11


def test_one_material_ends_where_the_next_begins(photo, back):
    there = (photo[..., 3] > 0) + 1e-9
    behind = np.average(paint_behind_cloth(back, photo, None)[..., 0], 1, there)

    def rows_between(values):
        low, high = values[WAIST - 60 : WAIST - 30].mean(), values[WAIST + 30 : WAIST + 60].mean()
        share = (values[WAIST - 30 : WAIST + 30] - low) / (high - low)
        return int(((share > 0.2) & (share < 0.8)).sum())

    assert rows_between(behind) < rows_between(np.average(back[..., 0], 1, there)) / 2


def test_weave_goes_on_behind(photo, back):
    behind = paint_behind_cloth(back, photo, None)
    seen, hidden = photo[150:250, 180:230, 1].std(), behind[150:250, 240:272, 1].std()
    assert 0.6 * seen < hidden < 1.4 * seen
    assert abs(np.corrcoef(photo[150:250, 180:230, 1].ravel(), behind[150:250, 180:230, 1].ravel())[0, 1]) < 0.3


def test_the_head_stays_as_it_was_painted(photo, back):
    landmarks = np.zeros((33, 4), np.float32)
    landmarks[[L.LEFT_EYE, L.RIGHT_EYE, L.LEFT_EAR, L.RIGHT_EAR], 1] = 0.4
    landmarks[[L.MOUTH_LEFT, L.MOUTH_RIGHT], 1] = 0.33
    behind = paint_behind_cloth(back, photo, landmarks)
    head = np.s_[138:156, 240:272]
    assert np.array_equal(behind[head][..., :3], back[head][..., :3])


def test_stripes_keep_their_heights():
    y = np.arange(SIDE)[:, None, None]
    stripes = np.float32(0.1 * np.sin(2 * np.pi * y / 24) * np.ones((1, SIDE, 3)))
    body = np.zeros((SIDE, SIDE), bool)
    body[150:400, 150:360] = True
    texture = quilt(stripes, body, body)
    inner = np.s_[170:380, 170:340]
    assert np.corrcoef(texture[inner].ravel(), stripes[inner].ravel())[0, 1] > 0.6
    assert not texture[~body].any()


def test_without_enough_to_see_the_drawn_back_stays(back):
    assert paint_behind_cloth(back, np.zeros((SIDE, SIDE, 4), np.float32), None) is back


def square(pixel):
    """Field space of (column, row)."""
    return (np.array(pixel) / SIDE * 2 - 1) * (1, -1)


@pytest.fixture
def holding():
    """Landmarks of somebody whose hands are at both ends of what lies before the trunk."""
    found = np.zeros((33, 4), np.float32)
    found[:, 3] = 1
    for landmark, place in {
        L.LEFT_SHOULDER: (320, 130), L.RIGHT_SHOULDER: (192, 130), L.LEFT_HIP: (300, 300), L.RIGHT_HIP: (212, 300),
        L.LEFT_WRIST: (335, 215), L.LEFT_INDEX: (325, 215), L.LEFT_PINKY: (325, 220),
        L.RIGHT_WRIST: (177, 215), L.RIGHT_INDEX: (187, 215), L.RIGHT_PINKY: (187, 220),
    }.items():  # fmt: skip
        found[landmark, :2] = square(place)
    return found


def test_a_box_held_across_the_whole_body_is_not_behind_it(photo, back, holding):
    for arm in (np.s_[180:250, 150:175], np.s_[180:250, 337:362]):
        photo[arm] = back[arm] = (0.75, 0.5, 0.35, 1)
    box = np.s_[180:250, 175:337]
    photo[box][..., :3] = back[box][..., :3] = (0.7, 0.5, 0.1)
    middle = np.s_[200:230, 210:300]
    behind = paint_behind_cloth(back, photo, holding)
    assert np.allclose(behind[middle][..., :3].mean((0, 1)), JACKET, atol=0.05)
    hands = [L.LEFT_WRIST, L.LEFT_INDEX, L.LEFT_PINKY, L.RIGHT_WRIST, L.RIGHT_INDEX, L.RIGHT_PINKY]
    holding[hands, :2] = square((256, 450))
    far_from_it = paint_behind_cloth(back, photo, holding)
    assert not np.allclose(far_from_it[middle][..., :3].mean((0, 1)), JACKET, atol=0.2)


def test_a_shirt_is_no_thing_that_is_held_though_hair_above_it_has_the_colour_of_trousers(holding):
    material = np.full((SIDE, SIDE), -1)
    material[140:260, 180:332], material[260:420, 190:322], material[90:140, 241:271] = 1, 2, 2
    assert find_behind(material == 1, material, holding) is None
    material[90:140, 190:322] = 2
    assert find_behind(material == 1, material, holding)[0] == 2


def test_the_shade_on_one_side_of_a_jacket_is_not_on_its_back(photo, back):
    photo[120:WAIST, 170:240, :3] *= 0.6
    behind = paint_behind_cloth(back, photo, None)
    left, right = behind[150:250, 180:230, :3].mean((0, 1)), behind[150:250, 285:335, :3].mean((0, 1))
    assert np.abs(left - right).max() < 0.06


def test_arms_beside_a_shirt_do_not_make_its_back_of_skin(photo, back):
    skin = (0.85, 0.6, 0.5)
    for arm in (np.s_[180:360, 120:165], np.s_[180:360, 347:392]):
        photo[arm] = back[arm] = (*skin, 1)
    photo[120:WAIST, 170:342, :3] = (0.8, 0.2, 0.3)
    back[200:260, 190:320, :3] = (0.84, 0.45, 0.42)  # a drawn back that faded to a tone between
    behind = paint_behind_cloth(back, photo, None)
    assert np.allclose(behind[210:250, 200:310, :3].mean((0, 1)), (0.8, 0.2, 0.3), atol=0.06)


def test_a_sheen_on_the_shoulders_is_no_cloth_of_its_own(photo, back):
    red, sheen = np.float32((0.86, 0.15, 0.28)), np.float32((0.8, 0.27, 0.44))
    photo[120:WAIST, 170:342, :3] = back[120:WAIST, 170:342, :3] = red
    for shoulder in (np.s_[120:160, 180:240], np.s_[120:160, 272:332]):
        photo[shoulder][..., :3] = back[shoulder][..., :3] = sheen
    behind = paint_behind_cloth(back, photo, None)
    assert np.allclose(behind[126:154, 190:230, :3].mean((0, 1)), red, atol=0.06)


def test_a_small_patch_that_reaches_the_outline_is_left_out(photo, back):
    patch = np.s_[200:212, 168:182]
    photo[patch][..., :3] = back[patch][..., :3] = (0.9, 0.8, 0.3)
    behind = paint_behind_cloth(back, photo, None)
    assert np.allclose(behind[202:210, 172:180, :3].mean((0, 1)), JACKET, atol=0.12)


def test_what_one_side_of_a_trunk_alone_shows_is_a_patch_of_sun(photo, back, holding):
    photo[120:WAIST, 170:342, :3] = back[120:WAIST, 170:342, :3] = (0.8, 0.2, 0.3)
    photo[240:WAIST, 300:342, :3], back[240:WAIST, 300:342, :3] = TROUSERS, (0.7, 0.22, 0.29)
    behind = paint_behind_cloth(back, photo, holding)
    assert np.allclose(behind[250:285, 304:312, :3].mean((0, 1)), (0.8, 0.2, 0.3), atol=0.12)


def test_skin_in_an_open_collar_is_not_behind_the_neck(photo, back, holding):
    skin = (0.8, 0.55, 0.45)
    neck, collar = np.s_[90:120, 226:286], [np.s_[120 + 2 * k : 122 + 2 * k, 226 + k : 286 - k] for k in range(24)]
    for image in (photo, back):
        image[OPENING][..., :3] = JACKET
        image[neck] = (*skin, 1)
        for part in collar:
            image[part][..., :3] = skin
    behind = paint_behind_cloth(back, photo, holding)
    assert np.allclose(behind[140:160, 246:266, :3].mean((0, 1)), JACKET, atol=0.1)
    assert np.allclose(behind[95:108, 236:276, :3].mean((0, 1)), skin, atol=0.1)


def test_hands_at_a_hem_make_no_belt_of_skin_behind_it(photo, back):
    """Where the hidden side is known to be a shirt, it is of what the photo's shirt is of."""
    skin, hands = (0.85, 0.6, 0.5), [np.s_[270:320, 165:215], np.s_[270:320, 297:347]]
    names = np.full((SIDE, SIDE), REGIONS["upper"])
    names[WAIST:] = REGIONS["lower"]
    behind = np.eye(len(REGIONS), dtype=np.float32)[names]
    for hand in hands:
        photo[hand] = back[hand] = (*skin, 1)
        names[hand] = REGIONS["skin"]
    regions = Regions(np.eye(len(REGIONS), dtype=np.float32)[names], behind)
    without, known = (paint_behind_cloth(back.copy(), photo, None, how) for how in (None, regions))
    belts = [np.abs(each[275:295, 175:205, :3] - skin).max(-1).mean() for each in (without, known)]
    assert belts[1] > belts[0] and belts[1] > 0.4
    assert np.allclose(known[310:318, 180:200, :3].mean((0, 1)), TROUSERS, atol=0.08)


def test_a_print_goes_through_the_body_in_one_piece_though_in_part_it_has_the_colour_of_trousers():
    """Broad rings on a shirt, in its own colour and in that of the trousers."""
    row, column = np.mgrid[:SIDE, :SIDE]
    rings = np.sin(np.hypot(row - 210, column - 256) / 4)[..., None] > 0
    photo = np.zeros((SIDE, SIDE, 4), np.float32)
    photo[BODY] = (*TROUSERS, 1)
    shirt = np.s_[120:WAIST, 170:342]
    photo[shirt][..., :3] = np.where(rings, TROUSERS, SHIRT)[shirt]
    front = np.zeros((SIDE, SIDE, len(REGIONS)), np.float32)
    front[:WAIST, :, REGIONS["upper"]] = front[WAIST:, :, REGIONS["lower"]] = 1
    drawn = photo.copy()
    drawn[shirt][..., :3] = 0.5 * np.float32(SHIRT) + 0.5 * np.float32(TROUSERS)
    behind = paint_behind_cloth(drawn, photo, None, Regions(front, front))
    inner = np.s_[140:280, 190:322, :3]
    assert np.corrcoef(behind[inner].ravel(), photo[inner].ravel())[0, 1] > 0.9
    assert np.abs(behind[330:460, 190:322, :3] - TROUSERS).max() < 0.06, "and trousers stay plain"


def test_behind_bare_arms_that_are_crossed_is_the_shirt():
    """There the outline shows skin alone: the back had a belt of skin, and above it a patch of the trousers' blue."""
    skin, shirt, blue = (0.7, 0.6, 0.47), (0.2, 0.24, 0.32), (0.35, 0.4, 0.6)
    photo = np.zeros((SIDE, SIDE, 4), np.float32)
    photo[BODY] = (*blue, 1)
    names = np.full((SIDE, SIDE), REGIONS["lower"])
    trunk, arms = np.s_[120:260, 170:342], (np.s_[120:210, 170:212], np.s_[120:210, 300:342], np.s_[180:210, 170:342])
    photo[trunk][..., :3], names[:260] = shirt, REGIONS["upper"]
    behind = names.copy()
    behind[120:210, 170:200] = behind[120:210, 312:342] = REGIONS["skin"]
    for arm in arms:
        photo[arm][..., :3], names[arm] = skin, REGIONS["skin"]
    of_label = np.eye(len(REGIONS), dtype=np.float32)
    front, back = (0.8 * of_label[each] + 0.2 / len(REGIONS) for each in (names, behind))
    drawn = photo.copy()
    drawn[BODY][..., :3] = 0.4
    painted = paint_behind_cloth(drawn, photo, None, Regions(front, back))
    for middle in (np.s_[130:170, 230:282, :3], np.s_[185:205, 230:282, :3], np.s_[215:250, 230:282, :3]):
        assert np.allclose(painted[middle].mean((0, 1)), shirt, atol=0.05)
    assert np.allclose(painted[140:180, 178:190, :3].mean((0, 1)), skin, atol=0.05)

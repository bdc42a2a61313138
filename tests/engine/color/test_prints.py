# SPDX-License-Identifier: GPL-3.0-or-later
"""A print goes on behind as loud as it is before; a logo, folds and a plain shirt do not make one."""

import numpy as np
import pytest

from blender_pifu.engine.color.behind_cloth import paint_behind_cloth
from blender_pifu.engine.color.prints import find_prints, without_prints
from blender_pifu.engine.color.quilting import quilt
from blender_pifu.engine.color.regions import REGIONS, Regions

SIDE = 512
SHIRT, DOTS = np.float32([0.35, 0.7, 0.5]), np.float32([0.1, 0.1, 0.12])
BODY = np.s_[120:480, 150:362]


def _photo(print_: np.ndarray | float = 0.0, light: np.ndarray | float = 1.0) -> np.ndarray:
    """Somebody all in one garment: print_, how far it has the colour of DOTS, and light that it is lit by, all over."""
    share = np.broadcast_to(print_, (SIDE, SIDE))[..., None]
    colors = (SHIRT + share * (DOTS - SHIRT)) * np.broadcast_to(light, (SIDE, SIDE))[..., None]
    image = np.zeros((SIDE, SIDE, 4), np.float32)
    image[BODY] = np.dstack([colors, np.ones((SIDE, SIDE))])[BODY].clip(0, 1)
    return image


def _dots() -> np.ndarray:
    row, column = np.mgrid[:SIDE, :SIDE]
    return (np.hypot((row + 6) % 12 - 6, (column + 6) % 12 - 6) < 4).astype(np.float32)


@pytest.fixture
def regions():
    shares = np.zeros((SIDE, SIDE, len(REGIONS)), np.float32)
    shares[..., REGIONS["upper"]] = 1
    return Regions(shares, shares)


def test_dots_all_over_a_shirt_are_a_print_and_its_mean_has_none(regions):
    prints = find_prints(_photo(_dots()), regions)
    assert prints is not None
    assert prints.garments == ("upper",)
    inside = prints.where[80:220, 90:165]
    assert inside.min() > 0.5
    assert prints.means[80:220, 90:165].std((0, 1)).max() < 0.02


def test_colours_that_go_on_where_nothing_is_seen_have_no_part_of_a_print(regions):
    photo = _photo(_dots())
    plain = without_prints({"photo": photo, "back": photo}, regions)
    for picture in plain.values():
        inside = picture[180:420, 190:320]
        assert inside[..., :3].std((0, 1)).max() < 0.25 * photo[180:420, 190:320, :3].std((0, 1)).max()
        assert np.allclose(inside[..., :3].mean((0, 1)), photo[180:420, 190:320, :3].mean((0, 1)), atol=0.02)
        assert np.array_equal(picture[..., 3], photo[..., 3])
    untouched = {"photo": _photo()}
    assert without_prints(untouched, regions) is untouched


def test_a_logo_is_no_print(regions):
    logo = np.zeros((SIDE, SIDE), np.float32)
    logo[180:260, 210:300] = _dots()[180:260, 210:300]
    assert find_prints(_photo(logo), regions) is None


def test_folds_in_hard_light_are_no_print(regions):
    folds = 0.8 + 0.2 * np.sin(np.arange(SIDE)[:, None] / 5)
    assert find_prints(_photo(0.0, folds), regions) is None


def test_dark_stripes_on_dark_cloth_are_a_print(regions):
    """A tiger coat of black and brown: no colour differs by much, but by half of what the coat has."""
    stripes = (np.arange(SIDE)[:, None] % 14 < 7).astype(np.float32)
    dark = _photo(stripes)
    dark[..., :3] = np.where(stripes[..., None] > 0, [0.04, 0.04, 0.04], [0.21, 0.2, 0.19]) * dark[..., 3:]
    assert find_prints(dark.astype(np.float32), regions) is not None


def test_a_print_is_as_loud_behind_as_before(regions):
    photo = _photo(_dots())
    flat = _photo(_dots().mean())
    behind = paint_behind_cloth(flat, photo, None, regions)
    there = np.s_[180:420, 190:320]
    assert behind[there][..., 1].std() > 0.75 * photo[there][..., 1].std()
    assert np.allclose(behind[there][..., :3].mean((0, 1)), photo[there][..., :3].mean((0, 1)), atol=0.06)


def test_a_plain_garment_under_a_printed_one_stays_plain(regions):
    shares = regions.front.copy()
    shares[300:, :, REGIONS["upper"]], shares[300:, :, REGIONS["lower"]] = 0, 1
    dots = _dots()
    dots[300:] = 0
    photo, flat = _photo(dots), _photo(np.where(np.arange(SIDE)[:, None] < 300, dots.mean(), 0))
    behind = paint_behind_cloth(flat, photo, None, Regions(shares, shares))
    assert behind[180:270, 190:320, 1].std() > 0.1
    assert behind[340:450, 190:320, 1].std() < 0.03


def test_blocks_of_a_print_meet_along_a_line_and_do_not_fade_into_each_other():
    stripes = np.where(np.arange(SIDE) // 7 % 2, 0.3, -0.3).astype(np.float32)
    fine = np.repeat(np.broadcast_to(stripes, (SIDE, SIDE))[..., None], 3, 2)
    everywhere = np.ones((SIDE, SIDE), bool)
    inner = np.s_[40:-60, 40:-60]
    between = [
        (np.abs(quilt(fine, everywhere, np.ones((SIDE, SIDE)), wide=0.12, cut=cut)[inner]) < 0.2).mean()
        for cut in (False, True)
    ]
    assert between[1] < between[0]
    assert between[1] < 0.12


@pytest.mark.parametrize("thing", [np.s_[260:340, 226:286], np.s_[120:480, 200:224]], ids=["a book", "a strap"])
def test_what_lies_before_a_print_is_none_of_it_and_not_behind(regions, thing):
    """A book before a printed dress, or the strap of a bag, went through the body with the print."""
    photo, olive = _photo(_dots()), np.float32([0.35, 0.3, 0.2])
    photo[thing][..., :3] = olive
    prints = find_prints(photo, regions)
    assert prints is not None
    rows, columns = thing
    middle = np.s_[rows.start // 2 + 10 : rows.stop // 2 - 10, columns.start // 2 + 3 : columns.stop // 2 - 3]
    assert prints.where[middle].max() == 0
    assert prints.where[150:160, 80:90].min() > 0.5
    drawn = photo.copy()
    drawn[..., :3] = photo[BODY][..., :3].mean((0, 1))
    behind = paint_behind_cloth(drawn, photo, None, regions)
    inner = np.s_[rows.start + 20 : rows.stop - 20, columns.start + 4 : columns.stop - 4, :3]
    assert np.linalg.norm(behind[inner] - olive, axis=-1).mean() > 0.25
    assert behind[inner].std((0, 1)).min() > 0.5 * photo[180:240, 240:320, :3].std((0, 1)).min(), "but the print is"

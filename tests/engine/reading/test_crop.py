# SPDX-License-Identifier: GPL-3.0-or-later
"""The crop: where it lies, and that cutting keeps places, values and averages."""

import numpy as np
import pytest

from blender_pifu.engine.errors import NoPersonError
from blender_pifu.engine.reading.crop import FILL, Crop, crop_around


def matte(shape, *boxes):
    alpha = np.zeros(shape, np.float32)
    for top, bottom, left, right in boxes:
        alpha[top:bottom, left:right] = 1
    return alpha


def test_square_is_centred_on_the_person_and_leaves_a_margin():
    crop = crop_around(matte((200, 300), (20, 180, 100, 150)))
    assert (crop.center_x, crop.center_y) == (125, 100)
    assert crop.side == pytest.approx(160 / FILL)


def test_smaller_parts_and_faint_values_do_not_move_the_square():
    alpha = matte((200, 300), (20, 180, 100, 150), (0, 10, 280, 300))
    alpha[190:, :] = 0.4
    assert crop_around(alpha) == crop_around(matte((200, 300), (20, 180, 100, 150)))


def test_empty_matte_is_no_person():
    with pytest.raises(NoPersonError):
        crop_around(np.full((50, 50), 0.3, np.float32))


def test_pixels_land_where_the_field_convention_says():
    rows, columns = np.mgrid[0:120, 0:160].astype(np.float32)
    crop = Crop(center_x=70.25, center_y=60.5, side=64)
    size = 32
    cut_x, cut_y = crop.cut(columns + 0.5, size, 0), crop.cut(rows + 0.5, size, 0)
    centres = (np.arange(size) + 0.5) / size * 2 - 1  # x in field space; y is its negative
    np.testing.assert_allclose(cut_x[5], crop.center_x + centres * crop.side / 2, atol=1e-3)
    np.testing.assert_allclose(cut_y[:, 7], crop.center_y + centres * crop.side / 2, atol=1e-3)


@pytest.mark.parametrize("size", [8, 33, 64, 200])
def test_linear_ramp_survives_shrinking_and_enlarging(size):
    ramp = np.tile(np.arange(100, dtype=np.float32), (100, 1))
    cut = Crop(50, 50, 60).cut(ramp, size, 0)
    expected = 20 + (np.arange(size) + 0.5) / size * 60 - 0.5
    np.testing.assert_allclose(cut[size // 2], expected, atol=0.1)


def test_shrinking_averages_instead_of_skipping():
    checks = (np.indices((512, 512)).sum(0) % 2 * 255).astype(np.uint8)
    cut = Crop(256, 256, 400).cut(checks, 25, 0)
    assert cut.dtype == np.uint8
    assert np.abs(cut.astype(int) - 127).max() <= 2


def test_outside_the_photo_is_the_border():
    photo = np.full((40, 40, 3), 200, np.uint8)
    cut = Crop(20, 20, 160).cut(photo, 80, 7)
    assert cut.shape == (80, 80, 3)
    assert (cut[:25] == 7).all() and (cut[:, -25:] == 7).all()
    assert (cut[35:45, 35:45] == 200).all()


def test_square_wholly_outside_is_border():
    assert (Crop(-500, 900, 50).cut(np.ones((30, 30), np.float32), 8, 0.25) == 0.25).all()


def test_one_to_one_cut_returns_the_pixels_themselves():
    photo = np.random.default_rng(0).integers(0, 256, (50, 60, 3), np.uint8)
    np.testing.assert_array_equal(Crop(30, 25, 20).cut(photo, 20, 0), photo[15:35, 20:40])

# SPDX-License-Identifier: GPL-3.0-or-later
"""Colours against the true albedo: neither exposure nor white balance counts, shade and a wrong border do."""

import numpy as np
import pytest

from blender_pifu.training.evaluate.measures.color_error import (
    BORDER_PX,
    albedo_gain,
    beside_borders,
    brightened,
    mean_difference,
)

EVERYWHERE = np.ones((64, 64), bool)


@pytest.fixture
def albedo():
    picture = np.zeros((64, 64, 3), np.uint8)
    picture[:, :32], picture[:, 32:] = (180, 120, 90), (60, 70, 110)
    return picture


def test_exposure_and_white_balance_are_no_error(albedo):
    darker = np.round(brightened(albedo, np.array([0.5, 0.6, 0.7])))
    assert mean_difference(darker, albedo, EVERYWHERE) > 20
    gain = albedo_gain(darker[EVERYWHERE], albedo[EVERYWHERE])
    assert mean_difference(brightened(darker, gain), albedo, EVERYWHERE) < 3


def test_shade_on_a_part_is_an_error_there(albedo):
    shaded = albedo.copy()
    shaded[:20] = np.round(brightened(albedo[:20], np.full(3, 0.4)))
    ours = brightened(shaded, albedo_gain(shaded[EVERYWHERE], albedo[EVERYWHERE]))
    assert mean_difference(ours[:20], albedo[:20], EVERYWHERE[:20]) > 25
    assert mean_difference(ours[20:], albedo[20:], EVERYWHERE[20:]) < 1


def test_beside_a_border_is_what_lies_near_another_label_not_near_the_outline():
    labels = np.zeros((64, 64), np.uint8)
    labels[:, 10:30], labels[:, 30:50] = 1, 4
    beside = beside_borders(labels)
    assert beside[:, 30 - BORDER_PX : 30 + BORDER_PX].all()
    assert beside.sum() == 64 * 2 * BORDER_PX


def test_of_nothing_there_is_no_difference(albedo):
    assert mean_difference(albedo, albedo, ~EVERYWHERE) is None

# SPDX-License-Identifier: GPL-3.0-or-later
"""People end where the photo shows their outline, to a share of a pixel."""

import cv2
import numpy as np
import pytest
import torch

from blender_pifu.engine.networks.beyond_outline import FADE, beyond_outline_logits

from .test_depth_gaps import ACROSS, SIDE, occupancy_of


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75, 1.0])
@pytest.mark.parametrize("upright", [True, False])
def test_distance_is_told_from_where_pixels_are_half_covered(share, upright):
    """The last pixel is covered by so much of itself, so the outline lies there."""
    mask = np.zeros((SIDE, SIDE), np.float32)
    mask[:, :40], mask[:, 40] = 1, share
    mask = mask if upright else mask.T
    lost = beyond_outline_logits(torch.from_numpy(mask.copy())[None, None])[0, 0].numpy()
    row = lost[SIDE // 2] if upright else lost[:, SIDE // 2]
    outside = np.sqrt(row / FADE) * SIDE / 2
    wanted = np.arange(SIDE) + 0.5 - (40 + share)
    assert row[:37].max() == 0
    assert np.abs(outside - wanted)[44:60].max() < 0.15


def test_a_slanted_outline_makes_no_steps():
    rows, columns = np.mgrid[:SIDE, :SIDE] + 0.5
    away = (columns - 40 - 0.3 * rows) / np.hypot(1, 0.3)
    mask = torch.from_numpy((0.5 - away).clip(0, 1).astype(np.float32))[None, None]
    outside = np.sqrt(beyond_outline_logits(mask)[0, 0].numpy() / FADE) * SIDE / 2
    there = (away > 4) & (away < 12) & (rows > 20) & (rows < SIDE - 20)
    assert np.abs(outside - away)[there].max() < 0.25


def test_what_is_drawn_past_the_outline_is_left_out():
    """Surfaces that close only beyond the mask, and a head that believes them."""
    front = torch.full((SIDE,), 0.1)
    ends = float(ACROSS[80] + ACROSS[81]) / 2
    pixel = 2 / SIDE
    there = [[ends + share * pixel, 0, 0.0] for share in (-1.0, 0.75)]
    assert occupancy_of(front, -front, there, ends=ends) == [True, False]


def test_an_empty_mask_costs_nothing():
    assert not beyond_outline_logits(torch.zeros(2, 1, 8, 8)).any()


def test_is_the_same_with_one_thread_wherever_in_memory_it_lies():
    mask = torch.from_numpy(cv2.GaussianBlur(np.float32(np.hypot(*np.mgrid[-64:64, -64:64]) < 30), (0, 0), 3))
    threads, found = cv2.getNumThreads(), []
    try:
        for count in (2, 1, 1, 1):
            cv2.setNumThreads(count)
            found.append(beyond_outline_logits(mask[None, None]))
    finally:
        cv2.setNumThreads(threads)
    assert all(torch.equal(found[0], each) for each in found[1:])

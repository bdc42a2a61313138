# SPDX-License-Identifier: GPL-3.0-or-later
"""Hems stand off what is under them, where labels tell that cloth ends across a limb."""

import numpy as np
import pytest
import torch

from blender_pifu.engine import cores
from blender_pifu.engine.crop_space import pixel_centres
from blender_pifu.engine.folds.hems import EDGES, hem_height
from blender_pifu.engine.folds.laying import FoldReader, lay_folds
from blender_pifu.engine.labels import LABELS
from blender_pifu.engine.networks.maps import Maps
from blender_pifu.engine.reading.landmarks import Landmark as L

SIZE = 256
PIXEL = 2 / SIZE
X, Y = pixel_centres(SIZE)
TRUNK = (np.abs(X) < 0.2) & (np.abs(Y) < 0.85)
SHIRT = np.where(Y > 0, "upper_garment", "lower_garment")  # ends at the waist
MARKS = np.zeros((33, 4), np.float32)
for mark, place in {
    L.LEFT_SHOULDER: (0.18, 0.5), L.RIGHT_SHOULDER: (-0.18, 0.5), L.LEFT_HIP: (0.1, 0), L.RIGHT_HIP: (-0.1, 0),
    L.LEFT_ELBOW: (0.3, 0.2), L.RIGHT_ELBOW: (-0.3, 0.2), L.LEFT_WRIST: (0.32, -0.1), L.RIGHT_WRIST: (-0.32, -0.1),
    L.LEFT_KNEE: (0.1, -0.42), L.RIGHT_KNEE: (-0.1, -0.42), L.LEFT_ANKLE: (0.1, -0.82), L.RIGHT_ANKLE: (-0.1, -0.82),
    L.MOUTH_LEFT: (0.02, 0.68), L.MOUTH_RIGHT: (-0.02, 0.68), L.LEFT_EYE: (0.03, 0.74), L.RIGHT_EYE: (-0.03, 0.74),
    L.LEFT_EAR: (0.07, 0.72), L.RIGHT_EAR: (-0.07, 0.72), L.NOSE: (0, 0.71),
}.items():  # fmt: skip
    MARKS[mark] = *place, 0, 1


def shares(names):
    """(n, n, L) of labels by name (n, n), nothing beyond the trunk."""
    found = np.zeros((SIZE, SIZE, len(LABELS)), np.float32)
    for name, index in LABELS.items():
        found[..., index] = (names == name) & TRUNK
    found[..., 0] = ~TRUNK
    return found


def heights(names, depth=0.0, seen=True, landmarks=MARKS):
    """Metres, of somebody whose metre is about a field unit."""
    return hem_height(shares(names), np.full((SIZE, SIZE), 1.0) * depth, TRUNK, landmarks, seen) * PIXEL


@pytest.mark.parametrize("seen", [True, False])
def test_a_shirt_ends_over_trousers(seen):
    height = heights(SHIRT, seen=seen)
    column = height[:, SIZE // 2]
    over, under = column[SIZE // 2 - 2], column[SIZE // 2 + 1]
    assert over == pytest.approx(0.6 * EDGES["upper", "lower"], rel=0.4) and under < -0.001
    up = np.diff(column[SIZE // 2 - 8 : SIZE // 2 - 2])
    assert (up > 0).all()  # lies closer farther in
    assert np.abs(height[np.abs(Y) > 0.2]).max() < 0.001 and not height[~TRUNK].any()


def test_what_runs_along_a_limb_is_no_hem():
    assert np.abs(heights(np.where(X > 0, "upper_garment", "lower_garment"))).max() < 0.002


def test_a_hand_before_a_coat_has_no_hem_about_it():
    hand = np.hypot(X, Y - 0.3) < 0.06
    names = np.where(hand, "other_skin", "outer_garment")
    assert heights(names).max() > 0.003
    assert np.abs(heights(names, depth=hand * 0.02 / PIXEL)).max() < 0.001


def test_one_limb_before_another_has_no_hem():
    assert np.abs(heights(SHIRT, depth=(Y > 0) * 0.1 / PIXEL)).max() < 0.001


def test_a_waist_below_the_picture_has_no_hem():
    below = MARKS.copy()
    below[[L.LEFT_HIP, L.RIGHT_HIP, L.LEFT_KNEE, L.RIGHT_KNEE, L.LEFT_ANKLE, L.RIGHT_ANKLE], 1] -= 1
    names = np.where(Y > -0.6, "upper_garment", "lower_garment")
    assert np.abs(heights(names, landmarks=below)).max() < 0.001


def test_the_drawn_maps_have_hems_on_both_sides():
    labels = torch.from_numpy(shares(SHIRT)).permute(2, 0, 1)[None]
    normals = torch.zeros(1, 3, SIZE, SIZE)
    normals[:, 2] = 1
    depth, nothing = torch.zeros(1, 1, SIZE, SIZE), torch.zeros(1, 3, SIZE, SIZE)
    maps = Maps(normals, -normals, depth, depth, nothing, depth, depth)
    photo = np.dstack([np.full((SIZE, SIZE, 3), 0.5), TRUNK]).astype(np.float32)
    laid, _ = lay_folds(maps, lambda _: photo, lambda: None, MARKS, SIZE, FoldReader(), lambda: (labels, labels))
    over = np.s_[0, 0, SIZE // 2 - 2, SIZE // 2]
    assert laid.front_depth[over] > 0.004 and laid.back_depth[over] < -0.004
    falls = np.s_[0, 1, SIZE // 2, SIZE // 2]  # the hem looks down
    assert laid.front_normals[falls] < -0.3 and laid.back_normals[falls] < -0.3
    assert (laid.back_normals[0, 2] < 0).all()


def test_hems_are_the_same_on_one_core_and_on_two(monkeypatch):
    names = np.where(Y > 0.2, "upper_garment", np.where(Y > -0.5, "lower_garment", "other_skin"))
    found = []
    for threads in (1, 2):
        monkeypatch.setattr(cores.FreeCores, "threads", threads)
        found.append(heights(names, depth=np.cos(9 * X)))
    assert found[0].any() and np.array_equal(*found)

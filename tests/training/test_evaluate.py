# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures with known answers."""

import numpy as np
import pytest
import torch

from blender_pifu.engine.surface import extract_surface
from blender_pifu.training.baseline import InflatedSilhouette
from blender_pifu.training.evaluate import summarise
from blender_pifu.training.metrics import intersection_over_union, sample_surface, surface_distances


def square(z):
    vertices = np.array([[0, 0, z], [1, 0, z], [1, 1, z], [0, 1, z]], np.float32)
    return vertices, np.array([[0, 1, 2], [0, 2, 3]])


def test_distance_between_two_sheets_is_their_gap():
    rng = np.random.default_rng(0)
    below, above = (sample_surface(*square(z), 20000, rng) for z in (0.0, 0.25))
    found = surface_distances(below, above)
    assert found["chamfer"] == pytest.approx(0.25, abs=1e-3)
    assert found["p2s"] == pytest.approx(0.25, abs=1e-3)
    assert found["normal_consistency"] == pytest.approx(1)


def test_a_surface_is_at_no_distance_from_itself():
    points = sample_surface(*square(0.0), 5000, np.random.default_rng(0))
    assert surface_distances(points, points)["chamfer"] == 0


def test_intersection_over_union():
    assert intersection_over_union(np.array([1, 1, 0], bool), np.array([0, 1, 1], bool)) == pytest.approx(1 / 3)


def test_inflated_disc_is_nearly_a_ball():
    """Poisson's equation over a disc of radius r gives a spheroid, r wide and sqrt(3) / 2 r deep."""
    size, radius = 128, 0.6
    centres = (torch.arange(size) + 0.5) / size * 2 - 1
    disc = (centres[None] ** 2 + centres[:, None] ** 2 < radius**2).float()[None, None]
    surface = extract_surface(InflatedSilhouette(disc), 64)
    reach = np.abs(surface.vertices).max(0)
    assert reach[:2] == pytest.approx(radius, abs=0.04)
    assert reach[2] == pytest.approx(radius * 3**0.5 / 2, abs=0.03)


def test_summary_takes_medians_by_pose_class():
    rows = [{"seed": i, "kind": kind, "iou": value} for i, (kind, value) in enumerate([("stand", 0.5), ("hard", 0.1)])]
    table = summarise(rows)
    assert table["all"] == {"people": 2, "iou": 0.3} and table["hard"]["iou"] == 0.1 and "step" not in table

# SPDX-License-Identifier: GPL-3.0-or-later
"""Scores of parsing and shading: light that only shades a surface is known, labels count by their overlap."""

import numpy as np
import pytest

from blender_pifu.engine.labels import LABELS
from blender_pifu.training.data.cache import READ, PeopleSet
from blender_pifu.training.drawn.people import DrawnPeople
from blender_pifu.training.parsing.score import score_parsing
from blender_pifu.training.shading.score import score_shading

SIZE = 512


@pytest.fixture(scope="module")
def column(tmp_path_factory):
    """A round column of one grey cloth, lit from its left; its albedo is known."""
    folder = tmp_path_factory.mktemp("drawn")
    made = PeopleSet("train", SIZE, 1, folder, generation=4)
    x = np.linspace(-1, 1, SIZE)
    across = np.clip(x / 0.4, -0.99, 0.99)
    inside = (np.abs(x) < 0.4)[None] & (np.abs(x) < 0.8)[:, None]
    normals = np.stack([across, 0 * across, np.sqrt(1 - across**2)], -1)[None].repeat(SIZE, 0)
    light = 0.55 - 0.4 * normals[..., :1]
    made.arrays["rgb"][0] = np.round(255 * (0.5 * light) ** (1 / 2.2) * inside[..., None])
    made.arrays["albedo_front"][0] = np.round(255 * 0.5 ** (1 / 2.2) * inside[..., None])
    made.arrays["mask"][0] = 255 * inside
    for side in ("front", "back"):
        made.arrays[f"labels_{side}"][0] = LABELS["upper_garment"] * inside
    made.state[0] = READ
    drawn = DrawnPeople(made, folder)
    drawn.drawn[0] = np.round(127 * normals)
    drawn.ready[0] = 1
    return drawn


def test_light_that_shades_a_surface_is_no_mistake(column):
    found, light = score_shading(column), 0.55 - 0.4 * column.drawn[0, 256, :, 0] / 127
    spread = np.abs(np.log(light) - np.log(light).mean())[160:350].mean()
    assert found["harmonics"] < spread / 2 and found["network"] < spread / 2


def test_labels_are_scored_on_both_sides(column):
    found = score_parsing(column)
    for side in ("seen", "behind"):
        assert 0 <= found[f"{side}, IoU of labels"] <= found[f"{side}, IoU of regions"] <= found[f"{side}, right"] <= 1

# SPDX-License-Identifier: GPL-3.0-or-later
"""Scores of the baked texture: nearer to the photo than colours at vertices, and told as a table."""

from itertools import islice

from blender_pifu.training.evaluate.cases import split_seeds
from blender_pifu.training.evaluate.texture import as_table, evaluate_texture


def test_a_texture_comes_nearer_to_the_photo_than_vertices_do(tmp_path):
    (row,) = evaluate_texture(islice(split_seeds("test"), 1), "fast", "game", 96, 1024, tmp_path)
    assert row["sound"] and abs(row["faces"] - 8000) <= 800
    assert 0 < row["texture_seen"] < 0.7 * row["vertices_seen"] < 20
    assert row["texture_hidden"] < 60
    assert len(list(tmp_path.glob("*.png"))) == 1
    assert "| sound | 1 of 1 | |" in as_table([row])

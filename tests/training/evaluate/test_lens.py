# SPDX-License-Identifier: GPL-3.0-or-later
"""The scores of perspective and of legs: figures with known answers."""

import numpy as np
import pytest
import trimesh

from blender_pifu.engine.subject.lens import Lens
from blender_pifu.training.evaluate.cases import split_case
from blender_pifu.training.evaluate.legs import evaluate_legs, legs_table
from blender_pifu.training.evaluate.lens import dip_of_soles, evaluate_lens, lens_table, side_iou


def feet(degrees):
    """Two soles that fall by so many degrees towards the toes, metres, and their landmarks."""
    parts, marks = [], np.zeros((33, 3))
    for side, x in enumerate((0.15, -0.15)):
        box = trimesh.creation.box((0.09, 0.06, 0.24)).subdivide().subdivide().subdivide()
        vertices = box.vertices * 1.0
        vertices[:, 1] -= np.tan(np.radians(degrees)) * vertices[:, 2]
        parts.append(vertices + (x, 0.03, 0.05))
        marks[27 + side], marks[29 + side], marks[31 + side] = (x, 0.1, 0), (x, 0.03, -0.05), (x, 0.02, 0.15)
    return np.concatenate(parts), marks


@pytest.mark.parametrize("degrees", [0.0, 8.0, -5.0])
def test_the_dip_of_soles_is_measured(degrees):
    assert dip_of_soles(*feet(degrees), 1.0) == pytest.approx(degrees, abs=0.5)


def test_outlines_from_the_side_agree_with_themselves_only():
    ball = trimesh.creation.icosphere(3, 0.5)
    mesh = ball.vertices.astype(np.float32), ball.faces.astype(np.int32)
    thin = (mesh[0] * (1, 1, 0.5)).astype(np.float32), mesh[1]
    assert side_iou(mesh, mesh) == 1
    assert side_iou(thin, mesh) == pytest.approx(0.5, abs=0.02)
    assert side_iou((mesh[0] * np.float32((0.5, 1, 1)), mesh[1]), mesh) == pytest.approx(1, abs=0.02)


def test_a_person_is_scored_by_either():
    case = split_case(2)
    assert isinstance(case.lens, Lens) and case.marks.shape == (33, 3)
    table = evaluate_lens([case], "fast", 64)
    assert table["truth"]["all"]["chamfer"] < 0.05 and table["truth"]["all"]["sole_deg"] == 0
    assert table["left in"]["all"]["chamfer"] < 5 and "| told |" in lens_table(table)
    rows = evaluate_legs([case], "fast", 64)
    assert [row["judged"] for row in rows["told"]] == [True]
    assert "| all | usual | 1 | 1 |" in legs_table(rows)

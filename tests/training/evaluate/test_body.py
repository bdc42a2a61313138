# SPDX-License-Identifier: GPL-3.0-or-later
"""The score of the body's fit: against true joints and weights, with pictures."""

import numpy as np

from blender_pifu.training.evaluate.body import evaluate_body, weight_error


def test_a_person_is_scored_and_drawn(tmp_path):
    table = evaluate_body("fast", 1, 96, tmp_path)
    found = table["all"]
    assert found["people"] == 1 and 0 < found["fit_cm"] < 15
    assert 0 < found["weights_l1"] < 1
    assert {path.name[:5] for path in tmp_path.iterdir()} == {"body_", "posed"}


def test_weights_are_compared_bone_by_bone():
    truth = np.array([[1.0, 0.0], [0.5, 0.5]])
    bones = np.array([[1, 0], [0, 1]])
    assert weight_error(bones, np.array([[1.0, 0.0], [0.5, 0.5]]), truth) == 1.0
